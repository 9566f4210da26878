// The simulator against arithmetic: if it did not reproduce what can be calculated, nothing else it says
// would count. Plain SWIM; floats are fine here, nothing is decided by them.
#include <catch2/catch.hpp>
#include <cmath>
#include <iostream>

#include "daemon/sim/cluster.hpp"
#include "daemon/sim/world.hpp"

using namespace ringside;
using namespace std::chrono_literals;
using sim::HostId;
using sim::World;

namespace {

std::vector<HostId> start_plain(World& world, std::size_t nodes, int helpers) {
  std::vector<HostId> hosts;
  swim::Config config;
  config.lifeguard = swim::plain_swim;
  config.proof_of_death = false;
  config.ping_req_size = helpers;
  for (std::size_t i = 0; i < nodes; ++i) hosts.push_back(world.add(sim::numbered_address(i), config));
  for (const HostId host : hosts) {
    world.start(host, sim::first_addresses(3));
    world.run_for(20ms);
  }
  REQUIRE(world.run_until([&] { return world.converged(); }, 30s));
  world.run_for(5s);
  return hosts;
}

// Each of two messages of a ping arrives with probability q. A target is suspected when the ping fails, no
// helper reaches it, and at least one of them says so: were all of them silent, it would not count.
double suspicions_per_probe(double loss, int helpers) {
  const double q = 1 - loss;
  const double ping_fails = 1 - q * q;
  if (helpers == 0) return ping_fails;
  return ping_fails * (std::pow(1 - std::pow(q, 4), helpers) - std::pow(1 - q * q, helpers));
}

}  // namespace

TEST_CASE("wrong suspicions come as often as arithmetic says, within 10 %", "[.slow][sim][theory]") {
  struct Case {
    std::uint32_t loss_per_mille;
    int helpers;
    std::int64_t probes;
  };
  // As many probes as make about 1,500 suspicions: their spread is then 2.6 %.
  for (const Case& c :
       {Case{10, 0, 75'000}, Case{50, 1, 160'000}, Case{100, 1, 60'000}, Case{100, 3, 235'000}}) {
    World world(c.loss_per_mille + static_cast<std::uint64_t>(c.helpers));
    start_plain(world, 16, c.helpers);
    std::int64_t probes = 0, suspicions = 0;
    world.on_measure = [&](HostId, const swim::Measure& measure) {
      if (measure.stat == swim::Stat::period_time) ++probes;
      if (measure.stat == swim::Stat::changes_declared && measure.status == ringpop::Status::suspect)
        ++suspicions;
    };
    world.network().set_loss_per_mille(c.loss_per_mille);
    while (probes < c.probes) world.run_for(10s);
    const double expected = suspicions_per_probe(c.loss_per_mille / 1000.0, c.helpers);
    const double measured = static_cast<double>(suspicions) / static_cast<double>(probes);
    std::cout << "loss " << c.loss_per_mille / 10 << " %, " << c.helpers << " helpers: " << measured
              << " suspicions per probe, calculated " << expected << "\n";
    CHECK(measured == Approx(expected).epsilon(0.1));
  }
}

// N-1 members probe each of N-1 once a round, in an order of their own: the time to the first of their next
// probes is exponential with a mean of one period, less 1/(N-1) for what a round has of order.
TEST_CASE("the first probe of a dead node comes as soon as arithmetic says, within 10 %",
          "[.slow][sim][theory]") {
  constexpr std::size_t nodes = 32;
  constexpr int trials = 1500;
  World world(5);
  const auto hosts = start_plain(world, nodes, 3);
  Rng rng(1);
  std::string victim;
  std::optional<Duration> probed;
  world.on_send = [&](HostId, const swim::Send& send) {
    if (send.to == victim && std::holds_alternative<ringpop::Ping>(send.body) && !probed)
      probed = world.elapsed();
  };
  Duration sum{};
  for (int i = 0; i < trials; ++i) {
    const HostId host = hosts[rng.below(nodes)];
    victim = world.address(host);
    probed.reset();
    const Duration killed = world.elapsed();
    world.kill(host);
    REQUIRE(world.run_until([&] { return probed.has_value(); }, 20s, 5ms));
    sum += *probed - killed;
    world.start(host, sim::first_addresses(3));
    world.run_for(2s + Millis(static_cast<std::int64_t>(rng.below(500))));
  }
  const double period_ms = 201;  // and a millisecond for the answer
  const double mean =
      static_cast<double>(std::chrono::duration_cast<Millis>(sum).count()) / trials / period_ms;
  const double expected = 1 - 1.0 / (nodes - 1);
  std::cout << "first probe of a dead node after " << mean << " periods, calculated " << expected << "\n";
  CHECK(mean == Approx(expected).epsilon(0.1));
}
