// The failure detector: one probe at a time (ping, then ping-req through helpers, then a verdict; spec E.3),
// and the pace of the probes (spec E.1). It only counts and decides; node.cpp sends and applies. Control
// thread only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "daemon/base/time.hpp"

namespace ringside::swim {

class Prober {
 public:
  enum class HelperSays : std::uint8_t {
    reachable,
    unreachable,
    nothing
  };  // nothing: the helper itself failed
  enum class Outcome : std::uint8_t { reachable, unreachable, inconclusive };
  struct Target {
    std::string address;
    std::int64_t incarnation = 0;  // as it was when picked: a refutation in between must win
  };

  explicit Prober(Millis least_period);

  void start(Instant first_period);  // from now on periods are due
  void stop() { started_ = false; }  // one that is under way ends
  [[nodiscard]] bool started() const { return started_; }
  [[nodiscard]] bool resting() const { return phase_ == Phase::resting; }
  [[nodiscard]] Instant next_deadline() const;  // start of the next period; `never` while one is under way

  // Numbers the probes, so that the late answer of an earlier one is told apart.
  std::uint64_t begin(Instant now, Target target, Instant answer_due);
  [[nodiscard]] bool pinging(std::uint64_t probe) const {
    return phase_ == Phase::pinging && probe == number_;
  }
  [[nodiscard]] bool asking(std::uint64_t probe) const { return phase_ == Phase::asking && probe == number_; }
  void ask(std::size_t helpers, Instant answers_due);  // the ping failed; so many ping-reqs are on their way
  [[nodiscard]] Instant answer_due() const { return phase_ == Phase::resting ? never : answer_due_; }
  // The verdict, once it is clear. "No helper could say anything" is inconclusive whatever their number: a
  // network that loses our helpers' answers says nothing about the target.
  std::optional<Outcome> on_helper(HelperSays says);
  [[nodiscard]] const Target& target() const { return target_; }
  // Helpers that said nothing, of the probe that came to its verdict last.
  [[nodiscard]] int silent_helpers() const { return silent_helpers_; }
  // The period is over; the next one is due after the delay, and not before `stretch` least periods.
  void end(Instant now, int stretch = 1);
  // The same when nobody is heard: how long it took says nothing of the network, and the next one is due
  // soon.
  void end_unheard(Instant now);
  [[nodiscard]] std::span<const Duration> times() const { return took_; }  // of the last periods
  // Of the periods so far; who has just started does not know yet, and takes them for long.
  [[nodiscard]] Duration usual_time() const;
  [[nodiscard]] Duration last_time() const { return took_[(oldest_ + took_.size() - 1) % took_.size()]; }
  [[nodiscard]] Duration delay() const { return delay_; }

 private:
  enum class Phase : std::uint8_t { resting, pinging, asking };
  [[nodiscard]] Duration median(std::size_t periods) const;  // of the first in took_

  Millis least_period_;
  bool started_ = false;
  Phase phase_ = Phase::resting;
  Instant next_period_ = never;

  std::uint64_t number_ = 0;
  Target target_;
  std::size_t helpers_left_ = 0;
  bool somebody_said_no_ = false;
  int silent_helpers_ = 0;
  Instant answer_due_ = never;

  // How long the last periods took. Twice their median is the delay, looked at once a second: a slow network
  // is probed less often.
  std::array<Duration, 10> took_;
  std::size_t taken_ = 0;  // of these, the others stand for an unknown network
  std::size_t oldest_ = 0;
  Instant began_{};
  Instant next_look_{};
  Duration delay_;
};

}  // namespace ringside::swim
