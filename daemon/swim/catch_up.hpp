// What a young member missed. Its list is as old as its join: whoever came between the lists of its seeds and
// its own first pings is not in it. When many start together that lasts for seconds, for everybody has
// changes to tell, and a full sync is for those who have none (spec D.3). So a young member asks another one
// for its whole list soon after it joined, and again each time its own has grown; what it learns so it does
// not spread, as with a join. The number is bounded: a list may be long. Ringpop does not do this (off in its
// conformance suite). Control thread only.
#pragma once

#include "daemon/base/time.hpp"

namespace ringside::swim {

class CatchUp {
 public:
  explicit CatchUp(bool wanted) : left_(wanted ? 8 : 0) {}

  void start(Instant now) {  // we have joined
    old_at_ = now + Millis(10'000);
    plan(now);
  }
  void grew(Instant now) {  // there is a member that we did not know
    if (now < old_at_) plan(now);
  }
  [[nodiscard]] Instant next_deadline() const { return next_; }
  // When next_deadline() is reached: now somebody is asked.
  void take() {
    next_ = never;
    --left_;
  }

 private:
  void plan(Instant now) {
    if (left_ > 0 && next_ == never) next_ = now + Millis(300);
  }

  int left_;
  Instant old_at_ = Instant::min();  // before start() nothing has grown
  Instant next_ = never;
};

}  // namespace ringside::swim
