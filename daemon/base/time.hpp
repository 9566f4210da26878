// Time as a value. Cores receive it and never ask for it, so that yesterday's bug can be run again: timeouts
// count on the steady clock, incarnations need the wall clock (Ringpop: milliseconds since 1970).
#pragma once

#include <chrono>

namespace ringside {

using Clock = std::chrono::steady_clock;  // only its types are used below net/
using Instant = Clock::time_point;
using Duration = Clock::duration;
using Millis = std::chrono::milliseconds;
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

struct Now {
  Instant steady;
  WallTime wall;
};

inline constexpr Instant never = Instant::max();

}  // namespace ringside
