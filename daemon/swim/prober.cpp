// See prober.hpp.
#include "daemon/swim/prober.hpp"

#include <algorithm>
#include <cassert>

namespace ringside::swim {
namespace {

using namespace std::chrono_literals;
constexpr auto look_every = 1s;

}  // namespace

Prober::Prober(Millis least_period)
    : least_period_(std::max(least_period, Millis(1))), delay_(least_period_) {
  took_.fill(least_period_);
}

void Prober::start(Instant first_period) {
  started_ = true;
  next_period_ = first_period;
  next_look_ = first_period + look_every;
}

Instant Prober::next_deadline() const {
  return started_ && phase_ == Phase::resting ? next_period_ : never;
}

std::uint64_t Prober::begin(Instant now, Target target, Instant answer_due) {
  assert(phase_ == Phase::resting);
  phase_ = Phase::pinging;
  began_ = now;
  target_ = std::move(target);
  answer_due_ = answer_due;
  return ++number_;
}

void Prober::ask(std::size_t helpers, Instant answers_due) {
  assert(phase_ == Phase::pinging && helpers > 0);
  phase_ = Phase::asking;
  helpers_left_ = helpers;
  somebody_said_no_ = false;
  silent_helpers_ = 0;
  answer_due_ = answers_due;
}

std::optional<Prober::Outcome> Prober::on_helper(HelperSays says) {
  assert(phase_ == Phase::asking && helpers_left_ > 0);
  --helpers_left_;
  switch (says) {
    case HelperSays::reachable: return Outcome::reachable;
    case HelperSays::unreachable: somebody_said_no_ = true; break;
    case HelperSays::nothing: ++silent_helpers_; break;
  }
  if (helpers_left_ > 0) return std::nullopt;
  return somebody_said_no_ ? Outcome::unreachable : Outcome::inconclusive;
}

void Prober::end(Instant now, int stretch) {
  if (phase_ != Phase::resting) {
    took_[oldest_] = now - began_;
    taken_ = std::min(taken_ + 1, took_.size());
    oldest_ = (oldest_ + 1) % took_.size();
  }
  if (now >= next_look_) {
    delay_ = std::max<Duration>(2 * median(took_.size()), least_period_);
    next_look_ = now + look_every;
  }
  phase_ = Phase::resting;
  next_period_ = now + std::max<Duration>(delay_, least_period_ * stretch);
}

void Prober::end_unheard(Instant now) {
  phase_ = Phase::resting;
  next_period_ = now + least_period_;
}

Duration Prober::usual_time() const {
  constexpr std::size_t enough = 3;
  return taken_ < enough ? least_period_ : median(taken_);
}

Duration Prober::median(std::size_t periods) const {
  auto sorted = took_;
  const auto end = sorted.begin() + static_cast<std::ptrdiff_t>(periods);
  std::sort(sorted.begin(), end);
  return (sorted[(periods - 1) / 2] + sorted[periods / 2]) / 2;
}

}  // namespace ringside::swim
