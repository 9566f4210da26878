#include "daemon/forward/exchange.hpp"

#include <algorithm>

namespace ringside::forward {

void Exchange::renew(const Policy& policy, const Subject& subject) {
  policy_ = policy;
  subject_ = subject;
  owner_.clear();
  owner_address_.clear();
  ring_version_ = 0;
  wait_until_ = ask_again_ = repeat_at_ = never;
  attempts_ = repeats_ = 0;
  executed_maybe_ = rerouted_ = preferred_ = split_ = false;
  hash_ = subject.key.empty() ? 0 : ring::fingerprint32(subject.key);
}

Action Exchange::start(Instant now, const ring::Snapshot& ring) {
  if (now >= subject_.deadline) return GiveUp{Failure::timed_out, false};
  return try_owner(now, ring);
}

Action Exchange::try_owner(Instant now, const ring::Snapshot& ring) {
  ring_version_ = ring.version();
  ask_again_ = repeat_at_ = never;
  if (subject_.pinned) return Local{++attempts_};
  if (!follows_ring()) {
    owner_ = subject_.named.name;
    owner_address_ = subject_.named.address;
    return Attempt{{owner_, owner_address_}, ++attempts_};
  }
  const auto id = ring.owner_of(hash_);
  if (!id) return GiveUp{Failure::no_owner, executed_maybe_};
  const ring::Server& server = ring.server(*id);
  if (attempts_ > 0 && server.address != owner_address_) rerouted_ = true;
  owner_ = server.name;
  owner_address_ = server.address;
  preferred_ = false;
  if (server.address == self_address_) return Local{++attempts_};
  if (subject_.place == Place::local_only) return GiveUp{Failure::kept_here, executed_maybe_};
  if (subject_.place == Place::prefer_local && attempts_ == 0) {
    preferred_ = true;
    return Local{++attempts_};
  }
  if (subject_.hops >= policy_.max_hops)
    return owned_lately(now) ? serve_once_more() : Action(GiveUp{Failure::not_owner, executed_maybe_});
  return Attempt{{owner_, owner_address_}, ++attempts_};
}

// The members are split about the owner, and nobody further on takes it.
Action Exchange::serve_once_more() {
  owner_address_ = self_address_;
  return Local{++attempts_};
}

Action Exchange::on_failure(Instant now, Outcome outcome, bool replayable, const ring::Snapshot& ring) {
  if (outcome == Outcome::maybe_executed) executed_maybe_ = true;
  split_ = outcome == Outcome::ring_differs;
  if (now >= subject_.deadline) return GiveUp{Failure::timed_out, executed_maybe_};
  const bool told = outcome == Outcome::ring_differs && subject_.hops > 0;  // the entry will be
  const auto stop = outcome == Outcome::maybe_executed ? Failure::maybe_executed
                    : told                             ? Failure::not_owner
                                                       : Failure::unreachable;
  if (!replayable || attempts_ >= policy_.attempts_max) return GiveUp{stop, executed_maybe_};
  if (outcome == Outcome::maybe_executed) {
    if (!subject_.repeatable || repeats_left() <= 0) return GiveUp{stop, true};
    if (budget_ != nullptr && !budget_->take(now)) return GiveUp{stop, true};
    return repeat(now, ring);
  }
  if (ring.version() != ring_version_ || preferred_) return try_owner(now, ring);
  if (told && owned_lately(now)) return serve_once_more();
  if (told || subject_.pinned) return GiveUp{stop, executed_maybe_};
  if (outcome == Outcome::ring_differs || !follows_ring()) ask_again_ = now + policy_.ring_pause;
  return wait_for_ring(now);
}

// Half of the pause is left to chance, so that requests lost together do not come back together.
Action Exchange::repeat(Instant now, const ring::Snapshot& ring) {
  Duration pause = policy_.backoff;
  for (int i = 0; i < repeats_ && pause < policy_.backoff_max; ++i) pause *= 2;
  pause = std::min(pause, std::max(policy_.backoff, policy_.backoff_max));
  ++repeats_;
  if (pause <= Duration::zero()) return try_owner(now, ring);
  const auto half = static_cast<std::uint64_t>(pause.count()) / 2;
  if (rng_ != nullptr) pause -= Duration(static_cast<Duration::rep>(rng_->below(half + 1)));
  repeat_at_ = now + pause;
  return Wait{std::min(repeat_at_, subject_.deadline)};
}

bool Exchange::is_ours(const ring::Snapshot& ring) const {
  if (subject_.pinned || ring.version() == ring_version_) return true;
  const auto id = ring.owner_of(hash_);
  return id && ring.server(*id).address == self_address_;
}

Action Exchange::wait_for_ring(Instant now) {
  if (wait_until_ == never) wait_until_ = std::min(subject_.deadline, now + policy_.ring_wait);
  if (now >= wait_until_ && split_ && owned_lately(now)) return serve_once_more();
  if (now >= wait_until_) return GiveUp{Failure::unreachable, executed_maybe_};
  return Wait{std::min(wait_until_, ask_again_)};
}

// The key's owner is another one, or at another address, or nobody.
bool Exchange::has_moved(const ring::Snapshot& ring) const {
  if (!follows_ring() || ring.version() == ring_version_) return false;
  const auto id = ring.owner_of(hash_);
  return !id || ring.server(*id).address != owner_address_;
}

Action Exchange::on_wake(Instant now, const ring::Snapshot& ring) {
  if (now >= subject_.deadline) return GiveUp{Failure::timed_out, executed_maybe_};
  if (has_moved(ring)) return try_owner(now, ring);  // a reason to try
  ring_version_ = ring.version();                    // the same one: its death is still to be noticed
  if (now >= repeat_at_ || (now >= ask_again_ && now < wait_until_)) return try_owner(now, ring);
  if (repeat_at_ != never) return Wait{std::min(repeat_at_, subject_.deadline)};
  return wait_for_ring(now);
}

}  // namespace ringside::forward
