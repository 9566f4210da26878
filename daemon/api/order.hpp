// What a page of the API that changes something asks of this node. The page checks the request; the control
// thread carries the order out and answers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/time.hpp"

namespace ringside::api {

struct Order {
  enum class Kind : std::uint8_t {
    drain,         // POST /v1/drain
    cancel_drain,  // DELETE /v1/drain
    leave,         // POST /v1/leave
  };
  Kind kind = Kind::drain;
  std::optional<Millis> timeout{};  // of drain and leave; none: drain.timeout
};

}  // namespace ringside::api
