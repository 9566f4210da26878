// News that cannot wait for the next ping. Until the last member knows of a death, somebody sends the dead
// its keys; told once a period, that takes several periods. So who declares a death or hears of it tells a
// few others at once, and they tell a few: it is everywhere within a few round trips. Once a period, so that
// the loss of half a cluster is no storm; what comes in between goes with the next telling. Ringpop does not
// do this (off in its conformance suite). Control thread only.
#pragma once

#include <algorithm>

#include "daemon/base/time.hpp"

namespace ringside::swim {

class Urgent {
 public:
  explicit Urgent(Duration period) : period_(period) {}

  void add(Instant now) {
    if (due_ == never) due_ = std::max(now, quiet_until_);
  }
  [[nodiscard]] Instant next_deadline() const { return due_; }
  // When next_deadline() is reached: now they are told.
  void take(Instant now) {
    due_ = never;
    quiet_until_ = now + period_;
  }

 private:
  Duration period_;
  Instant due_ = never;
  Instant quiet_until_{};
};

}  // namespace ringside::swim
