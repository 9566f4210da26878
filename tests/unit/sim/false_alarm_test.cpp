// The experiment of the Lifeguard paper: some members are slow, in the sense that what they send and what is
// sent to them is stuck for a while, again and again, while their timers run. How often do they make healthy
// members take healthy members for dead, in plain SWIM and with Lifeguard?
#include <catch2/catch.hpp>
#include <iostream>

#include "daemon/sim/cluster.hpp"
#include "daemon/sim/world.hpp"

using namespace ringside;
using namespace std::chrono_literals;
using sim::HostId;
using sim::World;

namespace {

constexpr std::size_t nodes = 32;
constexpr std::size_t slow_nodes = 8;  // the last ones

// Without helpers: Ringpop's rule that silent helpers say nothing keeps a member that hears nobody from
// accusing anybody, and is there with and without Lifeguard. Without it there is something to compare.
std::size_t false_alarms(std::uint64_t seed, const swim::Lifeguard& lifeguard, Duration time) {
  World world(seed);
  swim::Config config;
  config.lifeguard = lifeguard;
  config.ping_req_size = 0;
  std::vector<HostId> hosts;
  for (std::size_t i = 0; i < nodes; ++i) hosts.push_back(world.add(sim::numbered_address(i), config));
  for (const HostId host : hosts) world.start(host, sim::first_addresses(3));
  REQUIRE(world.run_until([&] { return world.converged(); }, 30s));

  const auto is_healthy = [](HostId id) { return id.value < nodes - slow_nodes; };
  std::size_t alarms = 0;
  world.on_notice = [&](HostId observer, const swim::Notice& notice) {
    const auto* change = std::get_if<swim::MemberChanged>(&notice);
    if (change == nullptr || change->after != ringpop::Status::faulty) return;
    const auto subject = world.running_at(change->address);
    if (subject && is_healthy(*subject) && is_healthy(observer)) ++alarms;
  };
  struct Slow {
    HostId host;
    Duration next{};
  };
  std::vector<Slow> slow;
  for (std::size_t i = nodes - slow_nodes; i < nodes; ++i) slow.push_back({hosts[i]});
  Rng rng(seed);
  const Duration end = world.elapsed() + time;
  while (world.elapsed() < end) {
    for (Slow& one : slow) {
      if (one.next > world.elapsed()) continue;
      // The paper's grid: stuck for 128 ms to 16 s, let go for 1 ms to 1 s.
      const Duration stuck = Millis(128) * (std::int64_t{1} << rng.below(8));
      const Duration free = Millis(1) * (std::int64_t{1} << rng.below(11));
      world.stall(one.host, stuck);
      one.next = world.elapsed() + stuck + free;
    }
    world.run_for(20ms);
  }
  return alarms;
}

}  // namespace

TEST_CASE("with Lifeguard slow members cause at most 2 % of the false alarms of plain SWIM",
          "[.slow][sim][alarms]") {
  std::size_t plain = 0, guarded = 0;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    plain += false_alarms(seed, swim::plain_swim, 300s);
    guarded += false_alarms(seed, {}, 300s);
  }
  std::cout << "false alarms of healthy members about healthy members: " << plain << " in plain SWIM, "
            << guarded << " with Lifeguard\n";
  CHECK(plain >= 200);
  CHECK(guarded * 50 <= plain);
}
