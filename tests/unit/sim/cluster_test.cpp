// Whole clusters in virtual time: cold starts, deaths, returns, loss, cuts. Every run checks the invariants.
#include "daemon/sim/cluster.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "daemon/sim/invariants.hpp"
#include "daemon/sim/world.hpp"

using namespace ringside;
using namespace std::chrono_literals;
using ringpop::Status;
using sim::HostId;
using sim::World;

namespace {

// A world whose runs are watched; at the end of each test nothing may have been violated.
struct Watched {
  explicit Watched(std::uint64_t seed) : world(seed), invariants(world) {}
  void check() {
    invariants.compare_views();
    for (const std::string& violation : invariants.violations()) FAIL_CHECK(violation);
  }
  [[nodiscard]] bool settle(Duration limit = 30s) {
    return world.run_until([&] { return world.converged(); }, limit);
  }
  // What everybody else says of an address.
  [[nodiscard]] std::set<std::optional<Status>> said_of(const std::string& address) const {
    std::set<std::optional<Status>> all;
    for (const HostId id : world.running()) {
      if (world.address(id) == address) continue;
      std::optional<Status> status;
      for (const auto& row : world.node(id).members()) {
        if (row.address == address) status = row.status;
      }
      all.insert(status);
    }
    return all;
  }
  World world;
  sim::Invariants invariants;
};

using Statuses = std::set<std::optional<Status>>;

std::map<std::string, std::string> owners_by_name(const World& world, HostId at) {
  const auto ring = world.ring(at);
  std::map<std::string, std::string> owners;
  for (int i = 0; i < 200; ++i) {
    const std::string key = "key-" + std::to_string(i);
    owners[key] = ring->server(*ring->owner(key)).name;
  }
  return owners;
}

// Ten that agree, then a cut for so long between the first `first` and the others.
std::vector<HostId> split(World& world, const swim::Config& config, std::size_t first, Duration time) {
  const auto hosts = sim::start_cluster(world, 10, 1s, 3, config);
  REQUIRE(world.run_until([&] { return world.converged(); }, 30s));
  world.cut(std::span(hosts).first(first), std::span(hosts).subspan(first));
  world.run_for(time);
  return hosts;
}

void loss_soak(std::uint64_t seed, std::size_t nodes, std::uint32_t per_mille, Duration time) {
  INFO("seed " << seed);
  Watched w(seed);
  w.world.network().set_loss_per_mille(per_mille);
  sim::start_cluster(w.world, nodes);
  w.world.run_for(time);
  CHECK(w.invariants.wrongly_suspect() > 0);  // or the loss does nothing
  w.world.network().set_loss_per_mille(0);
  w.world.run_for(10s);
  CHECK(w.world.converged());
  for (const HostId id : w.world.running()) CHECK(w.said_of(w.world.address(id)) == Statuses{Status::alive});
  w.check();
}

}  // namespace

TEST_CASE("clusters of 3, 5 and 30 agree after a cold start, and nobody was suspected on the way", "[sim]") {
  for (const std::size_t nodes : {3U, 5U, 30U}) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      INFO(nodes << " nodes, seed " << seed);
      Watched w(seed);
      const auto hosts = sim::start_cluster(w.world, nodes);
      CHECK(w.settle(3s));
      const auto ring = w.world.ring(hosts.front());
      CHECK(ring->servers().size() == nodes);
      for (const HostId id : hosts) {
        CHECK(w.world.node(id).ready());
        CHECK(w.world.ring(id)->checksum() == ring->checksum());
        CHECK(w.world.node(id).checksum() == w.world.node(hosts.front()).checksum());
      }
      CHECK(w.invariants.wrongly_suspect() == 0);
      w.check();
    }
  }
}

TEST_CASE("two that start in the same instant and know only each other find each other", "[sim]") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    INFO("seed " << seed);
    Watched w(seed);
    sim::start_cluster(w.world, 2, 0ms, 2);
    CHECK(w.settle(1s));
    w.check();
  }
}

TEST_CASE("seeds that come last, or that know nobody themselves, still make one cluster", "[sim]") {
  Watched w(5);
  std::vector<HostId> hosts;
  for (std::size_t i = 0; i < 4; ++i) hosts.push_back(w.world.add(sim::numbered_address(i), {}));
  for (std::size_t i = 1; i < 4; ++i) w.world.start(hosts[i], {sim::numbered_address(0)});
  w.world.run_for(20s);
  for (std::size_t i = 1; i < 4; ++i) CHECK(!w.world.node(hosts[i]).ready());
  w.world.start(hosts[0], {});
  CHECK(w.settle(40s));
  w.check();
}

TEST_CASE(
    "a killed node is faulty everywhere within the suspect time and two rounds, and nobody else ever is",
    "[sim]") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    INFO("seed " << seed);
    Watched w(seed);
    const auto hosts = sim::start_cluster(w.world, 10);
    REQUIRE(w.settle());
    w.world.run_for(5s);
    const std::string gone = w.world.address(hosts[7]);
    const auto before = owners_by_name(w.world, hosts[0]);
    w.world.kill(hosts[7]);
    const bool faulty =
        w.world.run_until([&] { return w.said_of(gone) == Statuses{Status::faulty}; }, 5s + 2s);
    CHECK(faulty);
    CHECK(w.invariants.wrongly_faulty() == 0);
    CHECK(w.invariants.wrongly_suspect() == 0);
    for (const auto& [key, owner] : owners_by_name(w.world, hosts[0])) {
      const std::string was = before.at(key);
      CHECK((was == "node-7" ? owner != "node-7" : owner == was));
    }
    w.check();
  }
}

TEST_CASE("back at the same address, even with a clock that stands behind, a node is alive everywhere again",
          "[sim]") {
  for (const Millis offset : {0ms, Millis(-48h)}) {
    Watched w(3);
    const auto hosts = sim::start_cluster(w.world, 6);
    REQUIRE(w.settle());
    w.world.kill(hosts[2]);
    w.world.run_for(10s);
    CHECK(w.said_of(w.world.address(hosts[2])) == Statuses{Status::faulty});
    w.world.set_clock_offset(hosts[2], offset);
    w.world.start(hosts[2], sim::first_addresses(3));
    CHECK(w.settle(5s));
    CHECK(w.said_of(w.world.address(hosts[2])) == Statuses{Status::alive});
    w.check();
  }
}

TEST_CASE("back under its name at another address, a node takes its place at once and no key moves",
          "[sim]") {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    for (const Duration down : {Duration(300ms), Duration(20s)}) {
      INFO("seed " << seed << ", down for " << std::chrono::duration_cast<Millis>(down).count() << " ms");
      Watched w(seed);
      const auto hosts = sim::start_cluster(w.world, 8);
      REQUIRE(w.settle());
      w.world.run_for(5s);
      const auto before = owners_by_name(w.world, hosts[0]);
      const std::string old_address = w.world.address(hosts[4]);
      w.world.kill(hosts[4]);
      w.world.run_for(down);
      w.world.move(hosts[4], "10.7.7.7:9999");
      w.world.start(hosts[4], sim::first_addresses(3));
      // From here on, whoever has the new entry has every key where it was.
      const auto placed = [&] {
        bool all = true;
        for (const HostId id : w.world.running()) {
          const auto ring = w.world.ring(id);
          const auto server = ring->find_name("node-4");
          const bool has_new = server && ring->server(*server).address == "10.7.7.7:9999";
          // The node itself knows nobody until it has joined, and serves nobody either.
          if (has_new && w.world.node(id).ready()) CHECK((owners_by_name(w.world, id) == before));
          all = all && has_new;
        }
        return all;
      };
      CHECK(w.world.run_until(placed, 3s, 50ms));
      CHECK(w.settle(10s));
      CHECK(w.said_of(old_address) == Statuses{Status::faulty});
      CHECK(w.invariants.wrongly_faulty() == 0);
      w.check();
    }
  }
}

TEST_CASE("two halves that were cut for minutes and hold each other for faulty find together again",
          "[sim]") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    INFO("seed " << seed);
    Watched w(seed);
    const auto hosts = split(w.world, {}, 5, 120s);
    CHECK(w.world.ring(hosts.front())->servers().size() == 5);
    CHECK(w.world.ring(hosts.back())->servers().size() == 5);
    w.world.network().mend_all();
    // About three members look every 30 s; the first look makes the wronged refute, a later one merges.
    CHECK(w.settle(180s));
    CHECK(w.world.ring(hosts[0])->servers().size() == 10);
  }
}

TEST_CASE("when two halves meet again, nobody loses a member of its own half on the word of the other",
          "[sim]") {
  swim::Config config;
  config.heal_lonely_period = 1s;
  config.heal_doubt = 10s;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    INFO("seed " << seed);
    Watched w(seed);
    split(w.world, config, 4, seed % 2 == 0 ? 30s : 120s);
    w.world.network().mend_all();
    std::size_t lost = 0;
    w.world.on_notice = [&](HostId observer, const swim::Notice& notice) {
      const auto* change = std::get_if<swim::MemberChanged>(&notice);
      if (change == nullptr || change->after != Status::faulty) return;
      const auto subject = *w.world.running_at(change->address);
      if ((observer.value < 4) == (subject.value < 4)) ++lost;
    };
    CHECK(w.settle(180s));
    w.world.run_for(20s);
    CHECK(w.world.converged());
    CHECK(lost == 0);
  }
}

TEST_CASE(
    "one that was cut off for a minute is alive everywhere within two seconds in the median, five at most",
    "[sim]") {
  swim::Config config;
  config.ping_timeout_min = 300ms;
  config.heal_lonely_period = 1s;
  std::vector<Duration> took;
  for (std::uint64_t seed = 1; seed <= 21; ++seed) {
    INFO("seed " << seed);
    Watched w(seed);
    const auto hosts = sim::start_cluster(w.world, 10, 1s, 3, config);
    REQUIRE(w.settle());
    w.world.cut(std::span(hosts).last(1), std::span(hosts).first(9));
    w.world.run_for(60s);
    CHECK(w.said_of(w.world.address(hosts[9])) == Statuses{Status::faulty});
    w.world.network().mend_all();
    const auto before = w.world.elapsed();
    CHECK(w.world.run_until([&] { return w.world.converged(); }, 5s, 20ms));
    took.push_back(w.world.elapsed() - before);
    w.world.run_for(30s);
    CHECK(w.world.converged());  // and nobody is removed again
    w.check();
  }
  std::ranges::sort(took);
  CHECK(took[10] <= 2s);
}

TEST_CASE("a silent cut is seen by everybody within six and a half seconds where answers are quick",
          "[sim]") {
  swim::Config config;
  config.ping_timeout_min = 300ms;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    INFO("seed " << seed);
    Watched w(seed);
    const auto hosts = sim::start_cluster(w.world, 10, 1s, 3, config);
    REQUIRE(w.settle());
    w.world.run_for(5s);
    w.world.cut(std::span(hosts).last(1), std::span(hosts).first(9));
    const std::string gone = w.world.address(hosts[9]);
    const auto known = [&] {
      return std::ranges::all_of(std::span(hosts).first(9), [&](HostId id) {
        const auto rows = w.world.node(id).members();
        return std::ranges::any_of(
            rows, [&](const auto& row) { return row.address == gone && row.status == Status::faulty; });
      });
    };
    CHECK(w.world.run_until(known, 6500ms, 20ms));
    w.check();
  }
}

TEST_CASE("thirty that start within a second agree within another second, all of them, each time", "[sim]") {
  swim::Config config;
  config.catch_up = true;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    INFO("seed " << seed);
    Watched w(seed);
    sim::start_cluster(w.world, 30, 1s, 3, config);
    CHECK(w.settle(1s));
    w.check();
  }
}

TEST_CASE("of two that live under one name exactly one stays in the ring, and takes over when the other dies",
          "[sim]") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    INFO("seed " << seed);
    Watched w(seed);
    const auto hosts = sim::start_cluster(w.world, 5);
    REQUIRE(w.settle());
    swim::Config config;
    config.name = "node-2";
    const HostId twin = w.world.add("10.8.8.8:7601", config);
    w.world.start(twin, sim::first_addresses(3));
    w.world.run_for(15s);
    const auto in_ring = [&](HostId id) {
      const auto said = w.said_of(w.world.address(id));
      REQUIRE(said.size() == 1);
      return *said.begin() == Status::alive;
    };
    CHECK(in_ring(hosts[2]) != in_ring(twin));
    const HostId winner = in_ring(twin) ? twin : hosts[2];
    const HostId loser = winner == twin ? hosts[2] : twin;
    w.world.kill(winner);
    w.world.run_for(15s);
    CHECK(in_ring(loser));
    w.check();
  }
}

TEST_CASE("a minute of loss: suspicions come, but at the end no live node is left faulty", "[sim]") {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) loss_soak(seed, 8, 100, 60s);
}

TEST_CASE("an hour of 5 % loss leaves no live node faulty", "[.slow][sim]") {
  loss_soak(1, 16, 50, 3600s);
}

TEST_CASE("a short cut heals by itself: both sides ping each other again and agree", "[sim]") {
  Watched w(2);
  const auto hosts = sim::start_cluster(w.world, 8);
  REQUIRE(w.settle());
  const std::span<const HostId> all(hosts);
  w.world.cut(all.first(4), all.last(4));
  w.world.run_for(4s);  // less than the suspect time: nobody is faulty yet
  w.world.network().mend_all();
  CHECK(w.settle(20s));
  for (const HostId id : hosts) CHECK(w.said_of(w.world.address(id)) == Statuses{Status::alive});
  w.check();
}

TEST_CASE("during a long cut each side is a cluster of its own, and a one-way cut alone makes nobody faulty",
          "[sim]") {
  Watched w(2);
  const auto hosts = sim::start_cluster(w.world, 8);
  REQUIRE(w.settle());
  w.world.network().cut(hosts[0], hosts[1]);
  w.world.run_for(60s);
  CHECK(w.invariants.wrongly_faulty() == 0);
  CHECK(w.world.converged());
  w.world.network().mend_all();

  const std::span<const HostId> all(hosts);
  w.world.cut(all.first(4), all.last(4));
  w.world.run_for(60s);
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    const auto ring = w.world.ring(hosts[i]);
    CHECK(ring->servers().size() == 4);
    CHECK(ring->checksum() == w.world.ring(hosts[i < 4 ? 0 : 4])->checksum());
  }
  w.check();
}

TEST_CASE("a frozen node is not faulty when it wakes in time, and comes back when it does not", "[sim]") {
  for (const Duration time : {Duration(3s), Duration(20s)}) {
    Watched w(6);
    const auto hosts = sim::start_cluster(w.world, 8);
    REQUIRE(w.settle());
    w.world.run_for(3s);
    w.world.freeze(hosts[3], time);
    w.world.run_for(time);
    CHECK((w.invariants.wrongly_faulty() > 0) == (time > 10s));
    CHECK(w.settle(10s));
    CHECK(w.said_of(w.world.address(hosts[3])) == Statuses{Status::alive});
    w.check();
  }
}

TEST_CASE("one that leaves is out of every ring within two seconds and is not called faulty", "[sim]") {
  Watched w(8);
  const auto hosts = sim::start_cluster(w.world, 10);
  REQUIRE(w.settle());
  w.world.leave(hosts[5]);
  const std::string gone = w.world.address(hosts[5]);
  CHECK(w.world.run_until([&] { return w.said_of(gone) == Statuses{Status::leave}; }, 2s));
  w.world.kill(hosts[5]);
  w.world.run_for(30s);
  CHECK(w.said_of(gone) == Statuses{Status::leave});
  w.check();
}
