// What becomes of a member by time alone: suspect -> faulty -> tombstone -> evicted (spec C.6). One timer per
// address. A timer remembers the incarnation it was set for; when gossip raises that, the timer starts again
// (Ringpop keeps the old one, which then fires with a stale incarnation and changes nothing). A suspect's
// time shortens when others confirm the suspicion (lifeguard.hpp). Control thread only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "daemon/base/time.hpp"
#include "daemon/swim/lifeguard.hpp"
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

  // Who says it of a suspect, and how many others could confirm it.
  struct Accusation {
    std::string_view accuser;
    std::size_t others = 0;
  };
  // The member now has this status: sets, restarts, keeps or cancels its timer.
  void on_status(Instant now, std::string_view address, ringpop::Status status, std::int64_t incarnation,
                 Accusation accusation);
  void cancel(std::string_view address);  // it is forgotten
  // Somebody suspects it too. Whether that is news.
  bool confirm(std::string_view address, std::int64_t incarnation, std::string_view accuser);
  // As good as confirmed by all that are wanted.
  void confirm_all(std::string_view address, std::int64_t incarnation);
  // We slept for so long: that does not count as time in which suspects could have defended themselves, and
  // `grace` is left at least, for what they said meanwhile is still to be read.
  void oversleep(Instant now, Duration late, Duration grace);
  // Takes the timer that is due, if any; the caller applies what follows.
  std::optional<Due> pop_due(Instant now);
  [[nodiscard]] Instant next_deadline() const;
  [[nodiscard]] std::size_t size() const { return timers_.size(); }

 private:
  struct Timer {
    Instant deadline;
    ringpop::Status from;
    std::int64_t incarnation;
    Instant began;
    Accusers accusers;  // of a suspect
  };
  [[nodiscard]] Duration suspect_time(const Accusers& accusers) const;
  [[nodiscard]] std::optional<Duration> time_in(ringpop::Status status, const Accusers& accusers) const;
  using Timers = std::map<std::string, Timer, std::less<>>;
  void move(Timers::iterator at, Instant deadline);

  Millis suspect_timeout_, faulty_timeout_, tombstone_timeout_;
  int suspect_factor_, confirmations_;
  Timers timers_;
  std::set<std::pair<Instant, std::string>> order_;
};

}  // namespace ringside::swim
