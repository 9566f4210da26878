// What a young member missed. Its list is as old as its join: whoever came between the lists of its seeds and
// its own first pings is not in it. When many start together that lasts for seconds, for everybody has
// changes to tell, and a full sync is for those who have none (spec D.3). So a young member asks another one
// for its whole list soon after it joined, and again when its own has grown, a few times, since a list may be
// long; and once it grows no more, now and then while those that it pings have another one. What it learns so
// it does not spread, as with a join. Ringpop does not do this (off in its conformance suite). Control thread
// only.
#pragma once

#include "daemon/base/time.hpp"

namespace ringside::swim {

class CatchUp {
 public:
  CatchUp(bool wanted, Duration period) : wanted_(wanted), left_(wanted ? 8 : 0), period_(period) {}

  void start(Instant now) {  // we have joined
    old_at_ = now + 50 * period_;
    grew(now);
  }
  void grew(Instant now) {  // there is a member that we did not know
    calm_since_ = now;
    if (now < old_at_ && left_ > 0) plan(now);
  }
  void differs(Instant now) {  // somebody's list is another one
    if (wanted_ && now < old_at_ && now - calm_since_ >= 5 * period_) plan(now);
  }
  [[nodiscard]] Instant next_deadline() const { return next_; }
  // When next_deadline() is reached: now somebody is asked.
  void take() {
    calm_since_ = next_;
    next_ = never;
    --left_;
  }

 private:
  void plan(Instant now) {
    if (next_ == never) next_ = now + Millis(300);
  }

  bool wanted_;
  int left_;  // lists because ours has grown
  Duration period_;
  Instant old_at_ = Instant::min();  // before start() nothing has grown
  Instant calm_since_{};             // our list is as it was, and nobody was asked
  Instant next_ = never;
};

}  // namespace ringside::swim
