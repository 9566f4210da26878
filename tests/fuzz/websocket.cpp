// The frames of a WebSocket that passes through: however its bytes are cut, they end where they end, and no
// more is taken than there is.
#include "proto/websocket/frames.hpp"
#include "tests/fuzz/targets.hpp"

namespace ringside::fuzz {

void websocket(const Input& input) {
  const auto all = input.payload();
  websocket::FrameTracker whole, cut;
  for (std::string_view rest = all; !rest.empty();) {
    const auto taken = whole.next(rest);
    require(taken > 0 && taken <= rest.size(), "a step that takes nothing, or more than there is");
    rest.remove_prefix(taken);
  }
  input.for_each_piece([&](std::string_view piece) { cut.pass(piece); });
  require(whole.open() == cut.open() && whole.closed() == cut.closed() && whole.lost() == cut.lost(),
          "cut elsewhere, the frames are others");
  const bool closes = whole.open();
  whole.pass(websocket::close_frame(1012, "moved", input.flag(0)));
  require(!closes || whole.closed(), "a Close of ours that is none");
}

}  // namespace ringside::fuzz
