// The calls that the other side of one connection has begun and that have no whole answer yet: frames of
// requests in, each to its call. Calls for service `ringpop` are for this node itself and are put together
// for the control thread (control_calls.hpp), all others are relayed.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>

#include "daemon/worker/control_calls.hpp"
#include "daemon/worker/relay_call.hpp"
#include "proto/tchannel/message.hpp"

namespace ringside::worker {

class IncomingCalls {
 public:
  // `hops`: how often the calls of this connection have been sent on.
  IncomingCalls(Context&, FrameSink&, int hops);
  ~IncomingCalls();

  void set_hops(int hops) { hops_ = hops; }
  // A call req, its continuation or a cancel. False: there is no room for it now; give it again after
  // resume().
  [[nodiscard]] bool take(const tchannel::FrameView&);
  [[nodiscard]] bool empty() const { return calls_.empty() && control_.empty(); }
  void resume_callees();          // there is room on this connection: who answers its calls may go on
  void drop_all();                // the connection is gone: nobody waits for answers any more
  void remove(std::uint32_t id);  // from a call that is over

 private:
  bool begin(const tchannel::FrameView&);
  bool go_on(const tchannel::FrameView&);
  bool cancel(const tchannel::FrameView&);
  bool broken(std::uint32_t id, const std::string& why);

  Context& context_;
  FrameSink& connection_;
  int hops_;
  std::unordered_map<std::uint32_t, std::unique_ptr<RelayCall>> calls_;
  ControlCalls control_;
};

}  // namespace ringside::worker
