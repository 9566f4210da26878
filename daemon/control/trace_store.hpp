// Who is told of each new membership checksum (spec B.4): a few sinks, each until its time has passed. Pure.
// Control thread.
#pragma once

#include <vector>

#include "daemon/api/ringpop_trace.hpp"

namespace ringside::control {

class TraceStore {
 public:
  // False: there are too many already. One that is there is renewed.
  [[nodiscard]] bool add(WallTime now, const api::TraceOrder&);
  void remove(const api::TraceSink&);
  // Those whose time has not passed; the others are forgotten.
  [[nodiscard]] const std::vector<api::TraceOrder>& current(WallTime now);
  [[nodiscard]] bool empty() const { return orders_.empty(); }

 private:
  std::vector<api::TraceOrder> orders_;
};

}  // namespace ringside::control
