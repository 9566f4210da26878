// A ring made out of the one before it is the ring built anew, over random sequences of changes; and both are
// what a model gives that sorts all points of all servers.
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <map>

#include "daemon/base/rng.hpp"
#include "daemon/ring/hash.hpp"
#include "daemon/ring/snapshot.hpp"

using namespace ringside;
using ring::Server;
using ring::SnapshotPtr;

namespace {

// (hash, address), in the order of the ring.
std::vector<std::pair<std::uint32_t, std::string>> model(const std::vector<Server>& servers,
                                                         std::uint32_t points) {
  std::map<std::string, Server> kept;  // by address; the first of two
  for (const Server& server : servers) kept.try_emplace(server.address, server);
  std::vector<std::pair<std::uint32_t, std::string>> all;
  for (const auto& [address, server] : kept) {
    for (std::uint32_t i = 0; i < points * static_cast<std::uint32_t>(server.weight); ++i) {
      const std::string text = (server.name == address ? address : server.name + "#") + std::to_string(i);
      all.emplace_back(ring::fingerprint32(text), address);
    }
  }
  std::sort(all.begin(), all.end());
  return all;
}

void check_model(const SnapshotPtr& ring, const std::vector<Server>& servers, std::uint32_t points) {
  std::vector<std::pair<std::uint32_t, std::string>> all;
  for (const auto& point : ring->points()) all.emplace_back(point.hash, ring->server(point.server).address);
  CHECK(all == model(servers, points));
}

void check_equal(const SnapshotPtr& changed, const SnapshotPtr& anew) {
  REQUIRE(std::ranges::equal(changed->servers(), anew->servers()));
  REQUIRE(std::ranges::equal(changed->points(), anew->points()));
  CHECK(changed->version() == anew->version());
  CHECK(changed->checksum() == anew->checksum());
  CHECK(changed->replica_checksum() == anew->replica_checksum());
  for (std::uint32_t i = 0; i < anew->servers().size(); ++i) {
    const std::string& name = anew->servers()[i].name;
    CHECK(changed->share_ppm(MemberId{i}) == anew->share_ppm(MemberId{i}));
    CHECK(changed->find_name(name) == anew->find_name(name));
  }
}

// Few addresses, so that servers come back, go on under another name and collide: ports 21 and 210 have
// points with one text (21 point 0x, 210 point x).
Server random_server(Rng& rng) {
  static constexpr std::array ports{"21", "210", "2100", "7"};
  const std::string address =
      "10.0.0." + std::to_string(rng.below(12)) + ":" + ports.at(static_cast<std::size_t>(rng.below(4)));
  const bool named = rng.chance(1, 3);
  const int weight = rng.chance(1, 4) ? 1 + static_cast<int>(rng.below(4)) : 1;
  return {named ? "node-" + std::to_string(rng.below(8)) : address, address, weight};
}

void change_some(Rng& rng, std::vector<Server>& servers) {
  if (rng.chance(1, 20)) servers.clear();
  for (std::uint64_t n = rng.below(4); n > 0; --n) servers.push_back(random_server(rng));
  for (std::uint64_t n = rng.below(4); n > 0 && !servers.empty(); --n) {
    const auto at = static_cast<std::size_t>(rng.below(servers.size()));
    if (rng.chance(1, 3))
      servers[at].name = "node-" + std::to_string(rng.below(8));
    else if (rng.chance(1, 3))
      servers[at].weight = 1 + static_cast<int>(rng.below(4));
    else
      servers.erase(servers.begin() + static_cast<std::ptrdiff_t>(at));
  }
  for (std::size_t i = servers.size(); i > 1;
       --i)  // in any order, so which of two with one address is kept varies
    std::swap(servers[i - 1], servers[static_cast<std::size_t>(rng.below(i))]);
}

}  // namespace

TEST_CASE("a ring changed step by step is at every step the ring built anew, and the model's") {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    INFO("seed " << seed);
    Rng rng(seed);
    const auto points = static_cast<std::uint32_t>(rng.below(30));
    std::vector<Server> servers;
    auto ring = ring::build(servers, points, 1);
    for (std::uint64_t version = 2; version < 30; ++version) {
      INFO("version " << version);
      change_some(rng, servers);
      ring = ring::change(*ring, servers, version);
      check_equal(ring, ring::build(servers, points, version));
      check_model(ring, servers, points);
    }
  }
}

TEST_CASE("a change leaves the ring before it as it was") {
  const std::vector<Server> two{{"a", "10.0.0.1:1"}, {"b", "10.0.0.2:1"}};
  const auto before = ring::build(two, 100, 1);
  const auto without = ring::change(*before, {two[1]}, 2);
  const auto none = ring::change(*without, {}, 3);
  check_equal(before, ring::build(two, 100, 1));
  check_equal(without, ring::build({two[1]}, 100, 2));
  check_equal(none, ring::build({}, 100, 3));
  check_equal(ring::change(*none, two, 1), before);
}

TEST_CASE("of a hundred servers one goes and comes back: the points of the others are the same") {
  std::vector<Server> servers;
  for (int i = 0; i < 100; ++i) {
    const std::string number = std::to_string(i);
    servers.push_back({"node-" + number, "10.0.0." + number + ":7601"});
  }
  const auto before = ring::build(servers, 100, 1);
  auto rest = servers;
  rest.erase(rest.begin() + 57);
  const auto without = ring::change(*before, rest, 2);
  check_equal(without, ring::build(rest, 100, 2));
  check_model(without, rest, 100);
  check_equal(ring::change(*without, servers, 1), before);
}

TEST_CASE("a single point owns all, and of servers on one hash the lowest address does") {
  const auto one = ring::build({{"a", "10.0.0.1:1"}}, 1, 1);
  CHECK(one->share_ppm(MemberId{0}) == 1'000'000);
  CHECK(one->owner("anything") == MemberId{0});

  // One name twice: all points of both fall on the same hashes.
  const auto both = ring::change(*one, {{"a", "10.0.0.2:1"}, {"a", "10.0.0.1:1"}}, 2);
  CHECK(both->points().size() == 2);
  CHECK(both->owner("anything") == MemberId{0});
  CHECK(both->share_ppm(MemberId{0}) == 1'000'000);
  CHECK(both->share_ppm(MemberId{1}) == 0);
  CHECK(both->find_name("a") == MemberId{0});
}
