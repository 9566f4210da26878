// See plan.hpp.
#include "daemon/sim/plan.hpp"

#include <algorithm>

#include "daemon/base/rng.hpp"
#include "daemon/base/stable_sort.hpp"

namespace ringside::sim {
namespace {

using namespace std::chrono_literals;

struct Kind {
  FaultKind kind;
  std::string_view name;
  std::int64_t least, most;  // amount
  Millis lasts_least, lasts_most;
  std::size_t times_most;
};

constexpr Kind kinds[] = {
    {FaultKind::loss, "loss", 10, 300, 2s, 40s, 2},
    {FaultKind::delay, "delay", 1, 400, 2s, 30s, 2},
    {FaultKind::duplicates, "duplicates", 50, 500, 5s, 60s, 1},
    {FaultKind::reorder, "reorder", 20, 300, 5s, 60s, 1},
    {FaultKind::resets, "resets", 10, 200, 5s, 60s, 1},
    {FaultKind::cut, "cut", 0, 0, 1s, 30s, 4},
    {FaultKind::one_way, "one-way cut", 0, 0, 1s, 30s, 4},
    {FaultKind::deaf, "deaf", 0, 0, 1s, 30s, 2},
    {FaultKind::partition, "partition", 0, 0, 1s, 45s, 2},
    {FaultKind::stall, "stall", 0, 0, 100ms, 30s, 3},
    {FaultKind::freeze, "freeze", 0, 0, 100ms, 30s, 4},
    {FaultKind::slow, "slow", 5, 150, 2s, 30s, 2},
    {FaultKind::crash, "crash", 0, 0, 0s, 0s, 2},
    {FaultKind::restart, "restart", 0, 0, 100ms, 20s, 4},
    {FaultKind::move, "move", 0, 0, 100ms, 20s, 3},
    {FaultKind::clock, "clock step", 0, 0, 0s, 0s, 3},
    {FaultKind::mass_restart, "mass restart", 0, 0, 1s, 10s, 1},
    {FaultKind::flip_flop, "flip-flop", 0, 0, 10s, 50s, 1},
    {FaultKind::churn, "churn", 0, 0, 1s, 5s, 3},
    {FaultKind::app, "app down", 0, 0, 500ms, 20s, 3},
    {FaultKind::power_cut, "power cut", 0, 0, 1s, 30s, 2},
    {FaultKind::refused, "refusing firewall", 0, 0, 1s, 30s, 2},
};
static_assert(std::size(kinds) == fault_kinds);

constexpr std::int64_t hour_ms = 3600 * 1000;
// What clocks do: wrong by minutes, by an hour, or a board without a battery that wakes up years ago.
constexpr std::int64_t clock_steps[] = {-hour_ms, hour_ms, -60'000, 60'000, -10 * 365 * 24 * hour_ms};

std::int64_t between(Rng& rng, std::int64_t least, std::int64_t most) {
  return least + static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(most - least + 1)));
}

Millis between(Rng& rng, Millis least, Millis most) {
  return Millis(between(rng, std::int64_t{least.count()}, std::int64_t{most.count()}));
}

Fault draw(const Kind& kind, const Plan& plan, Rng& rng) {
  Fault fault;
  fault.kind = kind.kind;
  const Duration room = std::max<Duration>(plan.chaos - kind.lasts_least, 1ms);
  fault.at = between(rng, 0ms, std::chrono::duration_cast<Millis>(room));
  const auto lasts_most = std::chrono::duration_cast<Millis>(plan.chaos - fault.at);
  fault.lasts =
      between(rng, kind.lasts_least, std::max(kind.lasts_least, std::min(kind.lasts_most, lasts_most)));
  fault.who = rng.below(plan.nodes);
  fault.other = (fault.who + 1 + rng.below(plan.nodes - 1)) % plan.nodes;
  fault.amount = between(rng, kind.least, kind.most);
  if (kind.kind == FaultKind::partition) fault.who = 1 + rng.below(plan.nodes - 1);
  if (kind.kind == FaultKind::clock) fault.amount = clock_steps[rng.below(std::size(clock_steps))];
  return fault;
}

}  // namespace

std::string_view to_string(FaultKind kind) {
  return kinds[static_cast<std::size_t>(kind)].name;
}

Plan draw_plan(std::uint64_t seed) {
  Rng rng(seed * 0x9e3779b97f4a7c15U + 1);
  Plan plan;
  plan.nodes = 4 + rng.below(7);
  plan.chaos = between(rng, 20s, 90s);
  if (rng.chance(1, 4)) plan.config.lifeguard = swim::plain_swim;
  if (rng.chance(3, 4)) {  // what ringside does beyond Ringpop
    plan.config.ping_timeout_min = 300ms;
    plan.config.heal_lonely_period = 1s;
    plan.config.heal_doubt = 10s;
    plan.config.catch_up = true;
    plan.config.death_fanout = 5;
    plan.config.full_sync_pause = 10ms;
    plan.config.piggyback_factor = 10;
    plan.config.verify_newcomers = true;
  }
  plan.config.proof_of_death = !rng.chance(1, 4);
  plan.config.damping.enabled =
      false;  // so many faults, and all running members must be in the ring at the end
  plan.config.faulty_timeout = rng.chance(1, 2) ? 30s : 120s;
  plan.config.tombstone_timeout = 20s;
  for (const Kind& kind : kinds) {
    if (!rng.chance(1, 4)) continue;
    const std::size_t times = 1 + rng.below(kind.times_most);
    for (std::size_t i = 0; i < times; ++i) plan.faults.push_back(draw(kind, plan, rng));
  }
  stable_sort(plan.faults, [](const Fault& a, const Fault& b) { return a.at < b.at; });
  return plan;
}

std::string describe(const Fault& fault) {
  const auto seconds = [](Duration time) {
    const auto tenths = std::chrono::duration_cast<Millis>(time).count() / 100;
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
  };
  std::string text = "at " + seconds(fault.at) + " for " + seconds(fault.lasts) + ": ";
  text += to_string(fault.kind);
  text += ", host " + std::to_string(fault.who) + " and " + std::to_string(fault.other);
  if (fault.amount != 0) text += ", " + std::to_string(fault.amount);
  return text;
}

}  // namespace ringside::sim
