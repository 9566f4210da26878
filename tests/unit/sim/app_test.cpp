// The app's health in whole clusters, in virtual time: who has no app is out of every ring and lives on.
#include <catch2/catch.hpp>
#include <set>

#include "daemon/sim/cluster.hpp"
#include "daemon/sim/invariants.hpp"
#include "daemon/sim/world.hpp"

using namespace ringside;
using namespace std::chrono_literals;
using ringpop::Status;
using sim::HostId;
using sim::World;
using swim::App;

namespace {

struct Watched {
  explicit Watched(std::uint64_t seed) : world(seed), invariants(world) {}
  ~Watched() {
    invariants.compare_views();
    for (const std::string& violation : invariants.violations()) FAIL_CHECK(violation);
  }
  // All running nodes have one checksum, and exactly these stand in every ring.
  [[nodiscard]] bool agree_on(const std::set<HostId>& in_ring) const {
    const auto ids = world.running();
    std::set<std::string> wanted;
    for (const HostId id : in_ring) wanted.insert(world.address(id));
    return std::ranges::all_of(ids, [&](HostId id) {
      std::set<std::string> servers;
      const auto ring = world.ring(id);  // the loop needs it to its end
      for (const auto& server : ring->servers()) servers.insert(server.address);
      return servers == wanted && world.node(id).checksum() == world.node(ids.front()).checksum();
    });
  }
  [[nodiscard]] bool come_to(const std::set<HostId>& in_ring, Duration limit) {
    return world.run_until([&] { return agree_on(in_ring); }, limit, 50ms);
  }
  // What the others say of it: status and app.
  [[nodiscard]] bool all_say(HostId of, std::optional<Status> status, App app = App::ready) const {
    const auto ids = world.running();
    return std::ranges::all_of(ids, [&](HostId id) {
      if (id == of) return true;
      for (const auto& row : world.node(id).members())
        if (row.address == world.address(of)) return row.status == status && row.app == app;
      return !status;
    });
  }
  World world;
  sim::Invariants invariants;
};

std::vector<HostId> start(World& world, std::size_t nodes, App app, swim::Config config = {}) {
  std::vector<HostId> hosts;
  config.app_state = app;
  for (std::size_t i = 0; i < nodes; ++i) {
    config.name = "node-" + std::to_string(i);
    hosts.push_back(world.add(sim::numbered_address(i), config));
  }
  for (const HostId host : hosts) {
    world.start(host, sim::first_addresses(3));
    world.run_for(Duration(1s) / static_cast<Duration::rep>(nodes));
  }
  return hosts;
}

std::set<HostId> without(const std::vector<HostId>& hosts, HostId one) {
  std::set<HostId> rest(hosts.begin(), hosts.end());
  rest.erase(one);
  return rest;
}

}  // namespace

TEST_CASE("an app that dies takes its member out of every ring within 2 s, and puts it back when it returns",
          "[sim]") {
  for (const std::size_t nodes : {5U, 10U, 30U}) {
    for (std::uint64_t seed = 1; seed <= (nodes < 30 ? 3 : 1); ++seed) {
      INFO(nodes << " nodes, seed " << seed);
      Watched w(seed);
      const auto hosts = start(w.world, nodes, App::ready);
      REQUIRE(w.come_to({hosts.begin(), hosts.end()}, 10s));
      w.world.run_for(5s);
      const HostId sick = hosts[nodes / 2];
      for (int flip = 0; flip < 3; ++flip) {
        w.world.set_app(sick, App::down);
        CHECK(w.come_to(without(hosts, sick), 2s));
        CHECK(w.all_say(sick, Status::leave, App::down));
        w.world.run_for(10s);
        CHECK(w.agree_on(without(hosts, sick)));
        w.world.set_app(sick, App::ready);
        CHECK(w.come_to({hosts.begin(), hosts.end()}, 2s));
        CHECK(w.all_say(sick, Status::alive));
        w.world.run_for(3s);
      }
      CHECK(w.invariants.wrongly_suspect() == 0);
    }
  }
}

TEST_CASE("an app that flaps moves its member at most every two seconds, and the last word counts", "[sim]") {
  Watched w(4);
  const auto hosts = start(w.world, 5, App::ready);
  REQUIRE(w.come_to({hosts.begin(), hosts.end()}, 10s));
  std::vector<Instant> changes;
  auto others = w.world.on_notice;
  w.world.on_notice = [&](HostId at, const swim::Notice& notice) {
    others(at, notice);
    const auto* change = std::get_if<swim::MemberChanged>(&notice);
    if (change != nullptr && at == hosts[1] && change->address == w.world.address(at))
      changes.push_back(Instant{} + w.world.elapsed());
  };
  for (int i = 0; i < 100; ++i) {
    w.world.set_app(hosts[1], i % 2 == 0 ? App::down : App::ready);
    w.world.run_for(170ms);
  }
  CHECK(changes.size() > 4);
  for (std::size_t i = 1; i < changes.size(); ++i) CHECK(changes[i] - changes[i - 1] >= 2s);
  CHECK(w.come_to({hosts.begin(), hosts.end()}, 4s));
}

TEST_CASE("a cluster whose apps are not there yet agrees, and each takes its place when its app comes",
          "[sim]") {
  for (const std::size_t nodes : {2U, 5U, 30U}) {
    INFO(nodes << " nodes");
    Watched w(nodes);
    const auto hosts = start(w.world, nodes, App::down);
    CHECK(w.come_to({}, 10s));
    for (const HostId id : hosts) {
      CHECK(w.world.node(id).member_count() == nodes);
      CHECK(w.all_say(id, Status::leave, App::down));
    }
    // The others are all out of the ring, and still hear of it.
    w.world.set_app(hosts[0], App::ready);
    CHECK(w.come_to({hosts[0]}, 2s));
    for (const HostId id : hosts) w.world.set_app(id, App::ready);
    CHECK(w.come_to({hosts.begin(), hosts.end()}, 2s));
    CHECK(w.invariants.wrongly_suspect() == 0);
  }
}

TEST_CASE("a member that dies while its app is down is forgotten after the time of a faulty one", "[sim]") {
  for (const std::size_t nodes : {5U, 15U}) {
    INFO(nodes << " nodes");
    Watched w(nodes);
    swim::Config config;
    config.faulty_timeout = 120s;
    config.tombstone_timeout = 60s;
    const auto hosts = start(w.world, nodes, App::ready, config);
    REQUIRE(w.come_to({hosts.begin(), hosts.end()}, 10s));
    const HostId dead = hosts[3];
    w.world.set_app(dead, App::down);
    REQUIRE(w.come_to(without(hosts, dead), 2s));
    w.world.run_for(200s);  // as long as it lives it is not forgotten
    CHECK(w.all_say(dead, Status::leave, App::down));
    w.world.kill(dead);
    w.world.run_for(30s);
    const auto rows = w.world.node(hosts[0]).members();
    CHECK(std::ranges::find(rows, w.world.address(dead), &swim::MemberRow::address)->silent);
    w.world.run_for(80s);
    CHECK(w.all_say(dead, Status::leave, App::down));
    CHECK(w.world.run_until([&] { return w.all_say(dead, Status::tombstone, App::down); }, 40s));
    CHECK(w.world.run_until([&] { return w.all_say(dead, std::nullopt); }, 65s));
    CHECK(w.agree_on(without(hosts, dead)));
    CHECK(w.invariants.wrongly_suspect() == 0);
  }
}

TEST_CASE("one that took its leave and is gone is forgotten too, and is not called down", "[sim]") {
  Watched w(6);
  swim::Config config;
  config.faulty_timeout = 60s;
  config.tombstone_timeout = 30s;
  const auto hosts = start(w.world, 5, App::ready, config);
  REQUIRE(w.come_to({hosts.begin(), hosts.end()}, 10s));
  w.world.set_app(hosts[1], App::down);  // even of a member whose app is down already
  REQUIRE(w.come_to(without(hosts, hosts[1]), 2s));
  w.world.leave(hosts[1]);
  CHECK(w.world.run_until([&] { return w.all_say(hosts[1], Status::leave, App::ready); }, 2s));
  w.world.set_app(hosts[1], App::ready);  // its app does not bring it back
  w.world.run_for(3s);
  CHECK(w.agree_on(without(hosts, hosts[1])));
  w.world.kill(hosts[1]);
  w.world.run_for(45s);
  CHECK(w.all_say(hosts[1], Status::leave));
  CHECK(w.world.run_until([&] { return w.all_say(hosts[1], std::nullopt); }, 120s));
}

TEST_CASE("restarted with its app down or ready, a member takes the place that its app gives it", "[sim]") {
  Watched w(9);
  const auto hosts = start(w.world, 6, App::ready);
  REQUIRE(w.come_to({hosts.begin(), hosts.end()}, 10s));
  w.world.set_app(hosts[2], App::down);
  REQUIRE(w.come_to(without(hosts, hosts[2]), 2s));
  w.world.kill(hosts[2]);
  w.world.run_for(20s);
  w.world.start(hosts[2], sim::first_addresses(3));  // its configuration says ready
  CHECK(w.come_to({hosts.begin(), hosts.end()}, 5s));
  w.world.kill(hosts[2]);
  w.world.run_for(20s);
  CHECK(w.all_say(hosts[2], Status::faulty));
  w.world.start(hosts[2], sim::first_addresses(3));
  w.world.set_app(hosts[2], App::down);
  CHECK(w.come_to(without(hosts, hosts[2]), 5s));
  CHECK(w.all_say(hosts[2], Status::leave, App::down));
}

TEST_CASE(
    "back under its name at another address before its app is, a member takes its keys when the app comes",
    "[sim]") {
  Watched w(11);
  const auto hosts = start(w.world, 6, App::ready);
  REQUIRE(w.come_to({hosts.begin(), hosts.end()}, 10s));
  w.world.run_for(5s);
  w.world.kill(hosts[4]);
  w.world.move(hosts[4], "10.7.7.7:9999");
  w.world.start(hosts[4], sim::first_addresses(3));
  w.world.set_app(hosts[4], App::down);
  w.world.run_for(2500ms);
  w.world.set_app(hosts[4], App::ready);
  CHECK(w.come_to({hosts.begin(), hosts.end()}, 3s));
}

TEST_CASE("members without an app find each other, say so, and own nothing", "[sim]") {
  Watched w(12);
  const auto hosts = start(w.world, 4, App::none);
  CHECK(w.come_to({}, 10s));
  for (const HostId id : hosts) CHECK(w.all_say(id, Status::leave, App::none));
}

TEST_CASE("a member that comes and goes is damped on all nodes, over its restarts too, and comes back",
          "[sim]") {
  for (const bool app_flaps : {true, false}) {
    INFO((app_flaps ? "its app flaps" : "it crashes"));
    Watched w(7);
    const auto hosts = start(w.world, 5, App::ready);
    REQUIRE(w.come_to({hosts.begin(), hosts.end()}, 10s));
    const HostId flapping = hosts[3];
    std::vector<std::string> seeds;
    for (const HostId id : without(hosts, flapping)) seeds.push_back(w.world.address(id));
    const auto is_damped = [&](HostId at) {
      for (const auto& row : w.world.node(at).members())
        if (row.address == w.world.address(flapping)) return row.damped;
      return false;
    };
    int returns = 0;
    for (; returns < 20 && !(w.world.is_running(flapping) && is_damped(flapping)); ++returns) {
      app_flaps ? w.world.set_app(flapping, App::down) : w.world.kill(flapping);
      w.world.run_for(3s);
      app_flaps ? w.world.set_app(flapping, App::ready) : w.world.start(flapping, seeds);
      w.world.run_for(3s);
    }
    CHECK(returns >= 9);
    CHECK(returns <= 13);
    CHECK(w.come_to(without(hosts, flapping), 3s));
    for (const HostId id : hosts) CHECK(is_damped(id));
    w.world.run_for(240s);
    CHECK(w.agree_on(without(hosts, flapping)));
    CHECK(w.come_to({hosts.begin(), hosts.end()}, 180s));
    for (const HostId id : hosts) CHECK(!is_damped(id));
  }
}
