// Whether a request's body comes fast enough. One that drips holds a place for a request here and a
// connection to the app.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "daemon/api/problem.hpp"
#include "daemon/base/limits.hpp"
#include "daemon/base/time.hpp"

namespace ringside::worker {

inline constexpr auto body_check_time = std::chrono::seconds(1);

struct BodyPace {
  Instant begun{};
  std::uint64_t bytes = 0;  // so far

  [[nodiscard]] bool too_slow(Instant now) const {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - begun).count();
    return bytes < static_cast<std::uint64_t>(seconds) * limits::body_bytes_a_second;
  }
};

inline api::Problem too_slow(std::string detail) {
  return {.code = api::Code::bad_request, .detail = std::move(detail), .status = 408};
}

inline api::Problem body_too_slow() {
  return too_slow("the request's body came at less than " + std::to_string(limits::body_bytes_a_second) +
                  " bytes a second");
}

}  // namespace ringside::worker
