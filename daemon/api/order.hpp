// What a page of the API that changes something asks of this node. The page checks the request; the control
// thread carries the order out and answers (control/orders.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/time.hpp"
#include "daemon/obs/log.hpp"

namespace ringside::api {

struct Order {
  enum class Kind : std::uint8_t {
    drain,         // POST /v1/drain
    cancel_drain,  // DELETE /v1/drain
    leave,         // POST /v1/leave
    evict,         // DELETE /v1/members/{name}
    reap,          // POST /v1/reap
    heal,          // POST /v1/heal
    join,          // POST /v1/join
    partitions,    // GET /v1/partitions
    reload,        // POST /v1/reload
    log_level,     // PUT /v1/log-level
  };
  Kind kind = Kind::drain;
  std::optional<Millis> timeout{};   // of drain and leave; none: drain.timeout
  std::string member{};              // of evict: its address
  std::vector<std::string> peers{};  // of join, as seeds are written
  obs::Level level{};                // of log_level
};

}  // namespace ringside::api
