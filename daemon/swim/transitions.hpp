// What becomes of a member by time alone: suspect -> faulty -> tombstone -> evicted (spec C.6). One timer per
// address. A timer remembers the incarnation it was set for; when gossip raises that, the timer starts again
// (Ringpop keeps the old one, which then fires with a stale incarnation and changes nothing). Control thread
// only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/base/time.hpp"
#include "daemon/swim/node.hpp"

namespace ringside::swim {

class Transitions {
 public:
  struct Due {
    std::string address;
    ringpop::Status from;
    std::int64_t incarnation;
  };

  explicit Transitions(const Config& config);

  // The member now has this status: sets, restarts, keeps or cancels its timer.
  void on_status(Instant now, std::string_view address, ringpop::Status status, std::int64_t incarnation);
  // Takes the timer that is due, if any; the caller applies what follows.
  std::optional<Due> pop_due(Instant now);
  [[nodiscard]] Instant next_deadline() const;
  [[nodiscard]] std::size_t size() const { return timers_.size(); }

 private:
  struct Timer {
    Instant deadline;
    ringpop::Status from;
    std::int64_t incarnation;
  };
  [[nodiscard]] std::optional<Millis> time_in(ringpop::Status status) const;
  void cancel(std::string_view address);

  Millis suspect_timeout_, faulty_timeout_, tombstone_timeout_;
  std::map<std::string, Timer, std::less<>> timers_;
  std::set<std::pair<Instant, std::string>> order_;
};

}  // namespace ringside::swim
