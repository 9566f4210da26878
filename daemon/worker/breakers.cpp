#include "daemon/worker/breakers.hpp"

#include <algorithm>

#include "daemon/obs/log.hpp"

namespace ringside::worker {

Breakers::Breakers(Context& context)
    : context_(context),
      policy_{context.config.forward.breaker.failures, context.config.forward.breaker.open} {}

Breakers::Entry* Breakers::find(std::string_view target) {
  const auto found = std::ranges::find(troubled_, target, &Entry::target);
  return found == troubled_.end() ? nullptr : &*found;
}

int Breakers::wait_of_troubled(std::string_view target) {
  Entry* entry = find(target);
  if (entry == nullptr) return 0;
  const auto now = Clock::now();
  if (entry->breaker.admits(now, policy_)) return 0;
  const auto left = std::chrono::ceil<std::chrono::seconds>(entry->breaker.probe_at() - now);
  return static_cast<int>(left.count());
}

void Breakers::failed(std::string_view target, std::string_view why) {
  Entry* entry = find(target);
  if (entry == nullptr) {
    const std::int64_t incarnation = target == app ? 0 : incarnation_of(target);
    if (target != app && incarnation == 0) return;
    entry = &troubled_.emplace_back(Entry{std::string(target), incarnation, {}});
  }
  if (!entry->breaker.fail(Clock::now(), policy_)) return;
  context_.metrics.breakers_opened.add();
  context_.metrics.breakers_open.add(1);
  obs::log(obs::Level::warn, "breaker_opened",
           {{"target", target == app ? "the app" : target},
            {"failures", policy_.failures},
            {"last", why},
            {"probe_every_ms", std::int64_t{std::chrono::duration_cast<Millis>(policy_.open).count()}}});
}

void Breakers::remove(std::string_view target) {
  const auto found = std::ranges::find(troubled_, target, &Entry::target);
  if (found == troubled_.end()) return;
  if (found->breaker.open()) {
    context_.metrics.breakers_open.add(-1);
    obs::log(obs::Level::info, "breaker_closed", {{"target", target == app ? "the app" : target}});
  }
  troubled_.erase(found);
}

void Breakers::forget_absent() {
  for (std::size_t i = troubled_.size(); i-- > 0;) {
    const Entry& entry = troubled_[i];
    if (entry.target == app || incarnation_of(entry.target) == entry.incarnation) continue;
    const std::string target = entry.target;  // the entry goes
    remove(target);
  }
}

std::int64_t Breakers::incarnation_of(std::string_view address) const {
  const auto& members = context_.view->members;
  const auto found = std::ranges::lower_bound(members, address, {}, &api::MemberView::address);
  if (found == members.end() || found->address != address) return 0;
  const bool reached = found->status == ringpop::Status::alive || found->status == ringpop::Status::suspect;
  return reached ? found->incarnation : 0;
}

}  // namespace ringside::worker
