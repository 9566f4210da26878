// Calls to this node itself (service `ringpop`: admin, health, gossip) that came in on a worker's connection.
// They are put together here and answered by the control thread; the answers come back by post.
#pragma once

#include <cstdint>
#include <memory>

#include "daemon/worker/relay_call.hpp"
#include "proto/tchannel/message.hpp"

namespace ringside::worker {

class ControlCalls {
 public:
  ControlCalls(Context&, FrameSink&);
  ~ControlCalls();

  // A call req or its continuation. `local`: from the app or the operator, who may change things.
  void take(const tchannel::FrameView&, bool local);
  [[nodiscard]] bool contains(std::uint32_t id) const;
  void cancel(std::uint32_t id);
  void drop_all();
  [[nodiscard]] bool empty() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace ringside::worker
