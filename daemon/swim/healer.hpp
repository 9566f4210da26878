// Partitions that lost sight of each other and how they come together again (spec H). After a long cut both
// sides hold the other for faulty at incarnations that nobody over there would accept as alive. So first
// everybody who is wronged is suspected at the incarnation that the other side holds against it: it refutes,
// with a higher incarnation. Once nothing stands in the way the lists are merged.
//
// When to look and what two lists mean for each other is decided here; node_heal.cpp sends. Control thread
// only.
#pragma once

#include <cstddef>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "daemon/base/rng.hpp"
#include "daemon/swim/membership.hpp"

namespace ringside::swim {

// The clock of the looks. Each member looks now and then, so that the cluster as a whole looks about
// heal_base_probability times a period, however large it is. Whoever holds as many for gone as are left is
// more likely to be cut off itself than they are dead: it looks every heal_lonely_period, and less often the
// longer that lasts.
class HealClock {
 public:
  explicit HealClock(const Config& config);
  void start(Instant now) { next_ = now + period_; }
  [[nodiscard]] Instant next_deadline() const { return next_; }
  // When next_deadline() is reached: whether to look now. `members` are those that take part in gossip, with
  // ourselves.
  bool take(Instant now, std::size_t members, Rng& rng);
  void set_lonely(Instant now, bool lonely);
  [[nodiscard]] bool lonely() const { return lonely_since_.has_value(); }
  void repaired(Instant now);  // those who were wronged will have refuted in a moment: then look again
  void saw_hosts(std::size_t hosts) { hosts_ = hosts; }  // as many as the seeds were at the last look

 private:
  Millis period_;
  Millis lonely_period_;
  std::optional<Instant> lonely_since_;
  int base_probability_;
  std::size_t hosts_ = 0;
  Instant next_ = never;
};

// One look: the targets still to be tried.
class Heal {
 public:
  // Targets are the hosts that we do not know or hold for gone.
  Heal(const Membership& members, std::span<const std::string> hosts, int failures_max, Rng& rng);
  // Empty: the look is over.
  [[nodiscard]] std::string take_target();
  // Reached: whoever it can ping needs no attempt of its own.
  void reached(const std::string& target, std::span<const ringpop::Change> its_members);
  void failed(std::string error);

  [[nodiscard]] const std::vector<std::string>& targets_reached() const { return reached_; }
  [[nodiscard]] std::size_t failures() const { return failures_; }
  [[nodiscard]] const std::string& last_error() const { return last_error_; }

 private:
  std::vector<std::string> targets_;  // the next one last
  std::vector<std::string> reached_;
  std::size_t failures_ = 0;
  std::size_t failures_max_;
  std::string last_error_;
};

// Whom each side has to suspect before the two lists can be merged. The changes carry no source, so that
// nobody keeps them from the one they came from.
struct Repair {
  std::vector<ringpop::Change> for_us;
  std::vector<ringpop::Change> for_them;
  [[nodiscard]] bool needed() const { return !for_us.empty() || !for_them.empty(); }
};
[[nodiscard]] Repair repair(const Membership& ours, std::span<const ringpop::Change> theirs);

}  // namespace ringside::swim
