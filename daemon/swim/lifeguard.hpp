// Lifeguard (Dadgar, Phillips, Currey: "Lifeguard: SWIM-ing with Situational Awareness", 2018): protections
// of the healthy against a member that is slow itself and accuses them. Each stands by itself and can be
// turned off; with all of them off this is SWIM as Ringpop speaks it. Nothing of it changes the wire. Control
// thread only.
//
// All in integers: a float in a decision would differ between compilers.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/time.hpp"

namespace ringside::swim {

struct Lifeguard {
  int health_max = 3;      // a slow member's own times stretch by up to 1 + this; 0: off
  int confirmations = 2;   // accusers beside the first after which a suspect has suspect_timeout; 0: off
  int suspect_factor = 6;  // of suspect_timeout: for who has one accuser only
  bool buddy = true;       // the next ping tells a suspect that it is one
  bool oversleep = true;   // what is overdue because we slept accuses nobody
};
inline constexpr Lifeguard plain_swim{0, 0, 1, false, false};

// How well we do ourselves: 0 is healthy. Failures that may be our own fault raise it, answers lower it, and
// with it our period and our timeouts stretch.
class LocalHealth {
 public:
  explicit LocalHealth(int max) : max_(max) {}
  void add(int points) { score_ = std::clamp(score_ + points, 0, max_); }
  [[nodiscard]] int score() const { return score_; }
  [[nodiscard]] Duration stretch(Duration time) const { return time * (1 + score_); }

 private:
  int max_;
  int score_ = 0;
};

// How long a suspect has, with so many confirmations of those `wanted`: from suspect_factor times the least
// time down to it, and the first confirmation counts most.
[[nodiscard]] Duration suspicion_time(Duration least, int suspect_factor, int confirmations, int wanted);

// Who accuses a suspect. Only different members count, and no more than are wanted.
class Accusers {
 public:
  // `others`: how many members could confirm at all. The first may be unknown (empty): then whoever is named
  // next may be the same.
  Accusers(std::string_view first, int wanted, std::size_t others);
  // Whether it is a new confirmation.
  bool add(std::string_view accuser);
  [[nodiscard]] int confirmations() const;
  [[nodiscard]] int wanted() const { return wanted_; }

 private:
  int wanted_;
  std::vector<std::string> names_;
};

// Notices that we did not run when we should have: the process was stopped, the host is overloaded. Whoever
// has waited for our attention meanwhile is not late, we are.
class SleepWatch {
 public:
  SleepWatch(Instant now, Duration tolerance) : last_(now), tolerance_(tolerance) {}
  // At each input, with the time at which one was due. Zero: we are punctual.
  Duration overslept(Instant now, Instant due);
  // A call that was made before we last overslept says nothing by its failure.
  [[nodiscard]] bool slept_since(Instant sent) const { return sent < woke_; }

 private:
  Instant last_;
  Duration tolerance_;
  Instant woke_ = Instant::min();
};

}  // namespace ringside::swim
