// See chaos.hpp. The faults of a plan and their ends are put on one timeline; each is a few calls on the
// world.
#include "daemon/sim/chaos.hpp"

#include <algorithm>
#include <map>

#include "daemon/sim/cluster.hpp"
#include "daemon/sim/exams.hpp"
#include "daemon/sim/invariants.hpp"
#include "daemon/sim/plan.hpp"
#include "daemon/sim/world.hpp"

namespace ringside::sim {
namespace {

using namespace std::chrono_literals;

// A lost partition is looked for by about three members in 30 s, and the first look only makes the wronged
// refute; a member with a slow network in its bones probes rarely for a while.
constexpr Duration heal_limit = 300s;

class Chaos {
 public:
  Chaos(std::uint64_t seed, Plan plan) : world(seed), invariants(world), plan_(std::move(plan)) {
    for (std::size_t i = 0; i < plan_.nodes; ++i) add_host();
  }

  void start() {
    for (const HostId host : hosts_) {
      world.start(host, seeds());
      world.run_for(1000ms / static_cast<Duration::rep>(plan_.nodes));
    }
    world.run_for(5s);
  }

  void go_wrong() {
    const Duration begin = world.elapsed();
    for (const Fault& fault : plan_.faults) {
      timeline_.emplace(fault.at, [this, fault] { begin_fault(fault); });
    }
    while (!timeline_.empty()) {
      const auto next = timeline_.begin();
      const Duration at = begin + next->first;
      world.run_for(std::max<Duration>(at - world.elapsed(), 0s));
      const auto act = std::move(next->second);
      timeline_.erase(next);
      act();
    }
    world.run_for(std::max<Duration>(begin + plan_.chaos - world.elapsed(), 0s));
  }

  void mend() {
    world.network().mend_all();
    world.network().set_loss_per_mille(0);
    world.network().set_delay(0s);
    world.network().set_duplicates_per_mille(0);
    world.network().set_late_per_mille(0);
    world.network().set_resets_per_mille(0);
    std::size_t running = world.running().size();
    for (const HostId host : hosts_) {
      world.thaw(host);
      world.stall(host, 0s);
      world.slow(host, 0s);
      world.set_clock_offset(host, 0ms);
      if (world.is_running(host)) {
        world.set_app(host, swim::App::ready);
      } else if (running < 4 && !gone_[host]) {
        world.start(host, seeds());
        ++running;
      }
    }
    while (running++ < 4) world.start(add_host(), seeds());
  }

  World world;
  Invariants invariants;

 private:
  HostId add_host() {
    const std::size_t number = names_++;
    swim::Config config = plan_.config;
    config.name = "node-" + std::to_string(number);
    hosts_.push_back(world.add(numbered_address(addresses_++), config));
    return hosts_.back();
  }

  // As a list of hosts that somebody keeps up to date.
  [[nodiscard]] std::vector<std::string> seeds() const {
    std::vector<std::string> all;
    for (const HostId host : hosts_) all.push_back(world.address(host));
    return all;
  }

  void later(const Fault& fault, Duration after, std::function<void()> act) {
    timeline_.emplace(fault.at + after, std::move(act));
  }

  void start_again(HostId host) {
    if (!world.is_running(host) && !gone_[host]) world.start(host, seeds());
  }
  void stop(HostId host) {
    if (world.is_running(host)) world.kill(host);
  }

  void isolate(HostId host, bool hears, bool speaks) {
    for (const HostId other : hosts_) {
      if (other == host) continue;
      if (!hears) world.network().cut(other, host);
      if (!speaks) world.network().cut(host, other);
    }
  }
  void bring_back(HostId host) {
    for (const HostId other : hosts_) {
      world.network().mend(other, host);
      world.network().mend(host, other);
    }
  }

  void begin_fault(const Fault& fault) {
    const HostId who = hosts_[fault.who % hosts_.size()];
    const HostId other = hosts_[fault.other % hosts_.size()];
    Network& network = world.network();
    const auto per_mille = static_cast<std::uint32_t>(fault.amount);
    switch (fault.kind) {
      case FaultKind::loss:
        network.set_loss_per_mille(per_mille);
        return later(fault, fault.lasts, [&network] { network.set_loss_per_mille(0); });
      case FaultKind::delay:
        network.set_delay(Millis(fault.amount));
        return later(fault, fault.lasts, [&network] { network.set_delay(0s); });
      case FaultKind::duplicates:
        network.set_duplicates_per_mille(per_mille);
        return later(fault, fault.lasts, [&network] { network.set_duplicates_per_mille(0); });
      case FaultKind::reorder:
        network.set_late_per_mille(per_mille);
        return later(fault, fault.lasts, [&network] { network.set_late_per_mille(0); });
      case FaultKind::resets:
        network.set_resets_per_mille(per_mille);
        return later(fault, fault.lasts, [&network] { network.set_resets_per_mille(0); });
      case FaultKind::cut:
      case FaultKind::one_way:
        network.cut(who, other);
        if (fault.kind == FaultKind::cut) network.cut(other, who);
        return later(fault, fault.lasts, [&network, who, other] {
          network.mend(who, other);
          network.mend(other, who);
        });
      case FaultKind::deaf:
        isolate(who, false, true);
        return later(fault, fault.lasts, [this, who] { bring_back(who); });
      case FaultKind::partition: {
        const auto size = std::min(fault.who, hosts_.size() - 1);
        world.cut(std::span(hosts_).first(size), std::span(hosts_).subspan(size));
        return later(fault, fault.lasts, [&network] { network.mend_all(); });
      }
      case FaultKind::stall: return world.stall(who, fault.lasts);
      case FaultKind::freeze: return world.freeze(who, fault.lasts);
      case FaultKind::slow:
        world.slow(who, Millis(fault.amount));
        return later(fault, fault.lasts, [this, who] { world.slow(who, 0s); });
      case FaultKind::crash: return stop(who);
      case FaultKind::restart: stop(who); return later(fault, fault.lasts, [this, who] { start_again(who); });
      case FaultKind::move:
        stop(who);
        return later(fault, fault.lasts, [this, who] {
          if (world.is_running(who)) return;
          world.move(who, numbered_address(addresses_++));
          start_again(who);
        });
      case FaultKind::clock: return world.set_clock_offset(who, Millis(fault.amount));
      case FaultKind::mass_restart:
        for (const HostId host : hosts_) stop(host);
        for (std::size_t i = 0; i < hosts_.size(); ++i) {
          later(fault,
                fault.lasts * static_cast<Duration::rep>(i) / static_cast<Duration::rep>(hosts_.size()),
                [this, host = hosts_[i]] { start_again(host); });
        }
        return;
      case FaultKind::flip_flop:
        for (Duration at{}; at < fault.lasts; at += 10s) {
          later(fault, at, [this, who] { isolate(who, false, false); });
          later(fault, at + 5s, [this, who] { bring_back(who); });
        }
        return;
      case FaultKind::churn:
        world.start(add_host(), seeds());
        if (world.is_running(who)) world.leave(who);
        return later(fault, fault.lasts, [this, who] {
          stop(who);
          gone_[who] = true;
        });
      case FaultKind::power_cut:
        if (world.is_running(who)) world.power_off(who);
        return later(fault, fault.lasts, [this, who] { start_again(who); });
      case FaultKind::refused:
        network.refuse(who, other);
        return later(fault, fault.lasts, [&network, who, other] { network.accept(who, other); });
      case FaultKind::app:
        if (world.is_running(who)) world.set_app(who, swim::App::down);
        return later(fault, fault.lasts, [this, who] {
          if (world.is_running(who)) world.set_app(who, swim::App::ready);
        });
    }
  }

  Plan plan_;
  std::vector<HostId> hosts_;
  std::map<HostId, bool> gone_;  // left for good
  std::size_t names_ = 0, addresses_ = 0;
  std::multimap<Duration, std::function<void()>> timeline_;
};

}  // namespace

ChaosResult run_chaos(std::uint64_t seed, const std::function<void(const std::string&)>& trace_line) {
  Plan plan = draw_plan(seed);
  ChaosResult result;
  for (const Fault& fault : plan.faults) result.faults.push_back(describe(fault));
  const swim::Config config = plan.config;
  Chaos chaos(seed, std::move(plan));
  chaos.world.trace_line = trace_line;
  chaos.start();
  chaos.go_wrong();
  chaos.mend();
  const Duration mended = chaos.world.elapsed();
  const bool healed = chaos.world.run_until([&] { return chaos.world.converged(); }, heal_limit);
  result.healed_after = chaos.world.elapsed() - mended;
  if (!healed) {
    result.violations.push_back("no single view " + std::to_string(heal_limit / 1s) +
                                " s after everything was mended");
  } else {
    result.violations = examine(chaos.world, config);
  }
  chaos.invariants.compare_views();
  for (const std::string& violation : chaos.invariants.violations()) result.violations.push_back(violation);
  for (const std::string& broken : chaos.world.broken_promises()) result.violations.push_back(broken);
  result.simulated = chaos.world.elapsed();
  result.events = chaos.world.events();
  result.trace_hash = chaos.world.trace_hash();
  return result;
}

}  // namespace ringside::sim
