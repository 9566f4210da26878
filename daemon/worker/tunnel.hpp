// The far end of a control thread's TChannel connection: a Ringpop peer sends its app's calls over the
// connection it gossips on, and their frames are posted here. To a RelayCall it is a connection like any
// other; the peer sent the call to us as the owner, so it counts as sent on once.
#pragma once

#include <functional>
#include <string>

#include "daemon/net/tchannel_tunnel.hpp"
#include "daemon/worker/incoming_calls.hpp"

namespace ringside::worker {

class Tunnel final : public FrameSink, public Flushable, public Buried {
 public:
  explicit Tunnel(Context&);
  void take(net::TunnelNews);
  void drop_calls() { incoming_.drop_all(); }
  [[nodiscard]] bool unused() const { return incoming_.empty(); }

  std::string& out() override { return pending_; }
  void wants_flush() override { context_.turn.flush(*this); }
  bool has_room() override;
  void resume() override;
  void break_off(std::uint32_t id, const std::string& why) override;
  void flush() override;

 private:
  void take_frames();

  Context& context_;
  std::function<void(std::string frames, std::size_t taken)> answer_;
  std::string held_;           // frames that a call has no room for yet; bounded by the control thread
  std::size_t taken_ = 0;      // bytes of frames used up since the control thread was told
  std::string pending_;        // answers, until the end of the turn
  std::size_t unwritten_ = 0;  // bytes of answers that the peer has not been given yet
  bool stalled_ = false;       // held_ waits for room
  bool crowded_ = false;       // somebody was refused room here
  IncomingCalls incoming_;
};

}  // namespace ringside::worker
