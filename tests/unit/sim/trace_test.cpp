// Determinism: the same seed is the same run, to the last event, whichever compiler built it. The pinned
// hashes are compared by every build; they change whenever the protocol or the draws of a node do, and only
// then.
//
// 500 nodes take seconds even when optimised: test_core "[500]" runs that case alone, best in the release
// build.
#include <catch2/catch.hpp>

#include "daemon/sim/cluster.hpp"
#include "daemon/sim/world.hpp"

using namespace ringside;
using namespace std::chrono_literals;

namespace {

std::uint64_t eventful_run(std::uint64_t seed) {
  sim::World world(seed);
  world.network().set_loss_per_mille(30);
  const auto hosts = sim::start_cluster(world, 12);
  world.run_for(10s);
  world.kill(hosts[3]);
  world.freeze(hosts[4], 7s);
  world.run_for(20s);
  world.move(hosts[3], "10.5.5.5:7601");
  world.start(hosts[3], sim::first_addresses(3));
  world.run_for(10s);
  return world.trace_hash();
}

}  // namespace

TEST_CASE("the same seed gives the same run, another seed another", "[sim]") {
  CHECK(eventful_run(1) == eventful_run(1));
  CHECK(eventful_run(1) != eventful_run(2));
}

TEST_CASE("the trace hashes of pinned seeds are the same on every compiler", "[sim]") {
  CHECK(eventful_run(1) == 0x766b4771dc92d6ceU);
  CHECK(eventful_run(2) == 0x01b0df1434f769dcU);
}

TEST_CASE("500 nodes agree after a cold start, with the same trace on every compiler", "[.slow][sim][500]") {
  sim::World world(1);
  const auto hosts = sim::start_cluster(world, 500);
  CHECK(world.run_until([&] { return world.converged(); }, 20s));
  CHECK(world.ring(hosts.front())->servers().size() == 500);
  CHECK(world.ring(hosts.front())->checksum() == world.ring(hosts.back())->checksum());
  CHECK(world.trace_hash() == 0x9f69c8db0feadb4fU);
}
