// See joiner.hpp.
#include "daemon/swim/joiner.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>

namespace ringside::swim {
namespace {

std::string_view host_of(std::string_view address) {
  return address.substr(0, address.rfind(':'));
}

}  // namespace

Joiner::Joiner(const Config& config)
    : join_size_(std::max(config.join_size, 1)),
      parallelism_(std::max(config.join_parallelism, 1)),
      backoff_min_(std::max(config.join_backoff_min, Millis(1))),
      backoff_max_(std::max(config.join_backoff_max, backoff_min_)) {}

void Joiner::set_seeds(Instant now, std::string_view self, std::span<const std::string> seeds) {
  std::vector<std::string> listed;
  for (const std::string& address : seeds) {
    const bool twice = std::find(listed.begin(), listed.end(), address) != listed.end();
    if (address != self && !twice) listed.push_back(address);
  }
  if (active() && listed == listed_) return;

  std::vector<Seed> fresh;
  for (const std::string& address : listed) {
    const Seed* known = active() ? find(address) : nullptr;
    const bool under_way = known != nullptr && known->state == SeedState::asked;
    fresh.push_back(
        {address, host_of(address) == host_of(self), under_way ? SeedState::asked : SeedState::untried});
  }
  seeds_ = std::move(fresh);
  listed_ = std::move(listed);
  if (seeds_.empty()) {
    phase_ = Phase::idle;
  } else if (count(SeedState::asked) > 0) {
    phase_ = Phase::asking;
  } else {
    phase_ = Phase::waiting;
    next_group_ = now;
    backoff_cap_ = Millis(0);
  }
}

void Joiner::offer(Instant now, std::string_view self, std::string_view address, std::size_t seeds_max) {
  if (phase_ != Phase::waiting || address == self) return;
  Seed* seed = find(address);
  if (seed == nullptr) {
    if (seeds_.size() >= seeds_max) return;
    seeds_.push_back({std::string(address), host_of(address) == host_of(self)});
  } else if (seed->state == SeedState::joined) {
    return;
  } else {
    seed->state = SeedState::untried;
  }
  next_group_ = now;
}

std::vector<std::string> Joiner::take_group(Rng& rng) {
  assert(phase_ == Phase::waiting);
  if (count(SeedState::untried) == 0) {  // a new round over all that have not answered
    for (Seed& seed : seeds_) {
      if (seed.state == SeedState::failed) seed.state = SeedState::untried;
    }
  }
  std::vector<Seed*> untried;
  for (Seed& seed : seeds_) {
    if (seed.state == SeedState::untried) untried.push_back(&seed);
  }
  rng.shuffle(std::span(untried));
  std::vector<Seed*> pool;  // those on other machines first
  for (const bool same_host : {false, true}) {
    std::copy_if(untried.begin(), untried.end(), std::back_inserter(pool),
                 [&](const Seed* seed) { return seed->same_host == same_host; });
  }
  const auto most = static_cast<std::size_t>((wanted() - count(SeedState::joined)) * parallelism_);
  if (pool.size() > most) pool.resize(most);

  std::vector<std::string> group;
  for (Seed* seed : pool) {
    seed->state = SeedState::asked;
    group.push_back(seed->address);
  }
  assert(!group.empty());
  phase_ = Phase::asking;
  return group;
}

Joiner::Step Joiner::on_answer(Instant now, Rng& rng, std::string_view address, std::string error) {
  Seed* seed = find(address);
  if (phase_ != Phase::asking || seed == nullptr || seed->state != SeedState::asked) return {};
  seed->state = error.empty() ? SeedState::joined : SeedState::failed;
  if (!error.empty()) last_error_ = std::move(error);
  return group_moved_on(now, rng);
}

Joiner::Step Joiner::on_own_address(Instant now, Rng& rng, std::string_view address) {
  if (phase_ != Phase::asking) return {};
  std::erase_if(seeds_, [&](const Seed& seed) { return seed.address == address; });
  return group_moved_on(now, rng);
}

Joiner::Step Joiner::group_moved_on(Instant now, Rng& rng) {
  Step step;
  step.joined = count(SeedState::joined);
  step.complete = step.joined >= wanted();  // with no seed left we are alone, which is complete too
  if (!step.complete && count(SeedState::asked) > 0) return step;

  const bool round_over = count(SeedState::untried) == 0;
  if (step.complete || round_over) {
    const int failed = count(SeedState::failed);
    step.round = JoinRound{step.joined + failed, step.joined, failed, failed > 0 ? last_error_ : ""};
    step.complete = step.complete || step.joined > 0;
  }
  if (step.complete) {
    phase_ = Phase::idle;
  } else {
    back_off(now, rng);
  }
  return step;
}

// Spec E.4, as Go does it: each sleep lies between the last cap and the next, which is twice as high.
void Joiner::back_off(Instant now, Rng& rng) {
  const Millis next_cap = backoff_cap_ == Millis(0) ? backoff_min_ : std::min(2 * backoff_cap_, backoff_max_);
  const auto spread = static_cast<std::uint64_t>((next_cap - backoff_cap_).count()) + 1;
  const Millis sleep =
      std::max(backoff_cap_ + Millis(static_cast<std::int64_t>(rng.below(spread))), Millis(1));
  backoff_cap_ = next_cap;
  next_group_ = now + sleep;
  phase_ = Phase::waiting;
}

int Joiner::count(SeedState state) const {
  return static_cast<int>(
      std::count_if(seeds_.begin(), seeds_.end(), [&](const Seed& seed) { return seed.state == state; }));
}

int Joiner::wanted() const {
  return std::min(join_size_, static_cast<int>(seeds_.size()));
}

Joiner::Seed* Joiner::find(std::string_view address) {
  const auto at =
      std::find_if(seeds_.begin(), seeds_.end(), [&](const Seed& seed) { return seed.address == address; });
  return at == seeds_.end() ? nullptr : &*at;
}

}  // namespace ringside::swim
