// See healer.hpp.
#include "daemon/swim/healer.hpp"

#include <algorithm>

#include "daemon/swim/precedence.hpp"

namespace ringside::swim {
namespace {

ringpop::Change suspicion(const std::string& address, std::int64_t incarnation) {
  ringpop::Change change;
  change.address = address;
  change.status = ringpop::Status::suspect;
  change.incarnation = incarnation;
  return change;
}

// Spec C.2 without labels.
bool overrides(const Standing& one, const Standing& other) {
  const Standing a{one.status, one.incarnation};
  const Standing b{other.status, other.incarnation};
  return judge(&b, a, false) == Verdict::apply;
}

}  // namespace

HealClock::HealClock(const Config& config)
    : period_(std::max(config.heal_period, Millis(1))),
      lonely_period_(config.heal_lonely_period),
      base_probability_(config.heal_base_probability) {}

void HealClock::set_lonely(Instant now, bool lonely) {
  if (next_ == never || lonely_period_ == Millis{} || lonely == lonely_since_.has_value()) return;
  if (!lonely) return lonely_since_.reset();
  lonely_since_ = now;
  next_ = std::min(next_, now + lonely_period_);
}

void HealClock::repaired(Instant now) {
  if (lonely_since_) next_ = std::min<Instant>(next_, now + Millis(300));
}

bool HealClock::take(Instant now, std::size_t members, Rng& rng) {
  if (lonely_since_) {
    const Duration slower = (now - *lonely_since_) / 10;
    next_ = now + std::clamp<Duration>(slower, lonely_period_, std::max(lonely_period_, period_));
    return true;
  }
  next_ = now + period_;
  const std::size_t of = std::max({std::size_t{1}, members, hosts_});
  return rng.below(of) < static_cast<std::size_t>(std::max(base_probability_, 0));
}

Heal::Heal(const Membership& members, std::span<const std::string> hosts, int failures_max, Rng& rng)
    : failures_max_(static_cast<std::size_t>(std::max(failures_max, 1))) {
  const std::set<std::string> distinct(hosts.begin(), hosts.end());
  for (const std::string& host : distinct) {
    const Member* member = members.find(host);
    if (host != members.self() && (member == nullptr || !lives(member->status, member->labels)))
      targets_.push_back(host);
  }
  rng.shuffle(std::span(targets_));
}

std::string Heal::take_target() {
  if (targets_.empty() || failures_ >= failures_max_) return {};
  std::string target = std::move(targets_.back());
  targets_.pop_back();
  return target;
}

void Heal::reached(const std::string& target, std::span<const ringpop::Change> its_members) {
  reached_.push_back(target);
  std::erase_if(targets_, [&](const std::string& other) {
    return std::ranges::any_of(its_members, [&](const ringpop::Change& member) {
      return member.address == other && lives(member.status, member.labels);
    });
  });
}

void Heal::failed(std::string error) {
  ++failures_;
  last_error_ = std::move(error);
}

Repair repair(const Membership& ours, std::span<const ringpop::Change> theirs) {
  Repair found;
  for (const ringpop::Change& row : theirs) {
    const Member* known = ours.find(row.address);
    if (known == nullptr) continue;
    const Standing here = standing(*known);
    const Standing there{row.status, row.incarnation};
    if (reachable(there.status) && !reachable(here.status) && overrides(here, there))
      found.for_them.push_back(suspicion(row.address, here.incarnation));
    if (reachable(here.status) && !reachable(there.status) && overrides(there, here))
      found.for_us.push_back(suspicion(row.address, there.incarnation));
  }
  return found;
}

}  // namespace ringside::swim
