// See transitions.hpp.
#include "daemon/swim/transitions.hpp"

namespace ringside::swim {

using ringpop::Status;

Transitions::Transitions(const Config& config)
    : suspect_timeout_(config.suspect_timeout),
      faulty_timeout_(config.faulty_timeout),
      tombstone_timeout_(config.tombstone_timeout) {}

std::optional<Millis> Transitions::time_in(Status status) const {
  switch (status) {
    case Status::alive: return std::nullopt;
    case Status::suspect: return suspect_timeout_;
    case Status::faulty: return faulty_timeout_;
    case Status::leave: return std::nullopt;
    case Status::tombstone: return tombstone_timeout_;
  }
  return std::nullopt;
}

void Transitions::on_status(Instant now, std::string_view address, Status status, std::int64_t incarnation) {
  const auto at = timers_.find(address);
  const bool runs = at != timers_.end() && at->second.from == status && at->second.incarnation == incarnation;
  if (runs) return;
  cancel(address);
  const auto time = time_in(status);
  if (!time) return;
  const Instant deadline = now + *time;
  timers_.emplace(std::string(address), Timer{deadline, status, incarnation});
  order_.emplace(deadline, std::string(address));
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
