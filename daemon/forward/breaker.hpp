// A circuit breaker: after several failures in a row it opens, and who asks is refused at once instead of
// being kept waiting for the next failure. While it is open one request in each pause is let through as a
// probe; an answer closes it. There is no half-open state to get stuck in: a probe that nobody reports on
// costs one pause.
#pragma once

#include "daemon/base/time.hpp"

namespace ringside::forward {

struct BreakerPolicy {
  int failures = 5;                                 // in a row, until it opens; 0: never
  Duration open = std::chrono::milliseconds(1000);  // pause between two probes
};

class Breaker {
 public:
  // May this request be tried?
  [[nodiscard]] bool admits(Instant now, const BreakerPolicy& policy) noexcept {
    if (!open_) return true;
    if (now < probe_at_) return false;
    probe_at_ = now + policy.open;
    return true;
  }

  // True: this one opened it. Failures of requests that were under way when it opened change nothing.
  bool fail(Instant now, const BreakerPolicy& policy) noexcept {
    if (open_ || policy.failures == 0 || ++failures_ < policy.failures) return false;
    open_ = true;
    probe_at_ = now + policy.open;
    return true;
  }

  [[nodiscard]] bool open() const noexcept { return open_; }
  [[nodiscard]] Instant probe_at() const noexcept { return probe_at_; }  // while it is open

 private:
  bool open_ = false;
  int failures_ = 0;
  Instant probe_at_{};
};

}  // namespace ringside::forward
