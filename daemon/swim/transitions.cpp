// See transitions.hpp.
#include "daemon/swim/transitions.hpp"

#include <algorithm>

namespace ringside::swim {

using ringpop::Status;

Transitions::Transitions(const Config& config)
    : suspect_timeout_(config.suspect_timeout),
      faulty_timeout_(config.faulty_timeout),
      tombstone_timeout_(config.tombstone_timeout),
      suspect_factor_(config.lifeguard.suspect_factor),
      confirmations_(config.lifeguard.confirmations) {}

Duration Transitions::suspect_time(const Accusers& accusers) const {
  return suspicion_time(suspect_timeout_, suspect_factor_, accusers.confirmations(), accusers.wanted());
}

std::optional<Duration> Transitions::time_in(Status status, const Accusers& accusers) const {
  switch (status) {
    case Status::alive: return std::nullopt;
    case Status::suspect: return suspect_time(accusers);
    case Status::faulty: return faulty_timeout_;
    case Status::leave: return std::nullopt;
    case Status::tombstone: return tombstone_timeout_;
  }
  return std::nullopt;
}

void Transitions::on_status(Instant now, std::string_view address, Status status, std::int64_t incarnation,
                            Accusation accusation) {
  const auto at = timers_.find(address);
  const bool runs = at != timers_.end() && at->second.from == status && at->second.incarnation == incarnation;
  if (runs) return;
  cancel(address);
  Accusers accusers(accusation.accuser, confirmations_, accusation.others);
  const auto time = time_in(status, accusers);
  if (!time) return;
  const Instant deadline = now + *time;
  timers_.emplace(std::string(address), Timer{deadline, status, incarnation, now, std::move(accusers)});
  order_.emplace(deadline, std::string(address));
}

bool Transitions::confirm(std::string_view address, std::int64_t incarnation, std::string_view accuser) {
  const auto at = timers_.find(address);
  if (at == timers_.end()) return false;
  Timer& timer = at->second;
  if (timer.from != Status::suspect || timer.incarnation != incarnation || !timer.accusers.add(accuser))
    return false;
  move(at, std::min(timer.deadline, timer.began + suspect_time(timer.accusers)));
  return true;
}

void Transitions::confirm_all(std::string_view address, std::int64_t incarnation) {
  const auto at = timers_.find(address);
  if (at == timers_.end()) return;
  const Timer& timer = at->second;
  if (timer.from != Status::suspect || timer.incarnation != incarnation) return;
  move(at, std::min(timer.deadline, timer.began + suspect_timeout_));
}

void Transitions::oversleep(Instant now, Duration late, Duration grace) {
  for (auto at = timers_.begin(); at != timers_.end(); ++at) {
    if (at->second.from != Status::suspect) continue;
    at->second.began += late;
    move(at, std::max(at->second.deadline + late, now + grace));
  }
}

void Transitions::move(Timers::iterator at, Instant deadline) {
  order_.erase({at->second.deadline, at->first});
  at->second.deadline = deadline;
  order_.emplace(deadline, at->first);
}

void Transitions::cancel(std::string_view address) {
  const auto at = timers_.find(address);
  if (at == timers_.end()) return;
  order_.erase({at->second.deadline, at->first});
  timers_.erase(at);
}

std::optional<Transitions::Due> Transitions::pop_due(Instant now) {
  if (next_deadline() > now) return std::nullopt;
  const auto at = timers_.find(order_.begin()->second);
  Due due{at->first, at->second.from, at->second.incarnation};
  order_.erase(order_.begin());
  timers_.erase(at);
  return due;
}

Instant Transitions::next_deadline() const {
  return order_.empty() ? never : order_.begin()->first;
}

}  // namespace ringside::swim
