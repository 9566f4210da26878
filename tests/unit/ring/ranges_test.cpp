// Who owns which hashes: against the lookup itself, hash by hash at every edge; and what a plan says against
// the rings before and after.
#include "daemon/ring/ranges.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "daemon/base/rng.hpp"

using namespace ringside;
using ring::Range;
using ring::Server;

namespace {

Server server(std::uint64_t number) {
  const std::string name = "n" + std::to_string(number);
  return {name, "10.0.0." + std::to_string(number) + ":7601"};
}

bool holds(std::span<const Range> ranges, std::uint32_t hash) {
  return std::ranges::any_of(ranges, [&](const Range& r) { return r.from <= hash && hash <= r.to; });
}

bool well_formed(std::span<const Range> ranges) {
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    if (ranges[i].from > ranges[i].to) return false;
    if (i > 0 && std::uint64_t{ranges[i].from} <= std::uint64_t{ranges[i - 1].to} + 1) return false;
  }
  return true;
}

std::vector<Server> some_servers(Rng& rng, std::uint64_t of) {
  std::vector<Server> servers;
  for (std::uint64_t i = 1; i <= of; ++i)
    if (rng.chance(1, 2)) servers.push_back(server(i));
  return servers;
}

std::string owner_name(const ring::Snapshot& ring, std::uint32_t hash) {
  return ring.points().empty() ? "" : ring.server(ring.points()[ring.position(hash)].server).name;
}

}  // namespace

TEST_CASE("the ranges of all servers are the hash space, and each hash is in its owner's") {
  const auto ring = ring::build({server(1), server(2), server(3)}, 20, 1);
  std::uint64_t sum = 0;
  std::vector<std::vector<Range>> owned;
  for (std::uint32_t id = 0; id < 3; ++id) {
    owned.push_back(ring::ranges(*ring, MemberId{id}));
    CHECK(well_formed(owned.back()));
    sum += ring::hashes_in(owned.back());
  }
  CHECK(sum == ring::hash_space);
  std::set<std::uint32_t> edges{0, 0xFFFFFFFFU};
  for (const auto& point : ring->points()) edges.insert({point.hash - 1, point.hash, point.hash + 1});
  std::size_t wrong = 0;
  for (const std::uint32_t hash : edges)
    for (std::uint32_t id = 0; id < 3; ++id)
      if (holds(owned[id], hash) != (ring->points()[ring->position(hash)].server == MemberId{id})) ++wrong;
  CHECK(wrong == 0);
}

TEST_CASE("one server owns all of it, and no ring nothing") {
  const auto alone = ring::build({server(1)}, 5, 1);
  CHECK(ring::ranges(*alone, MemberId{0}) == std::vector<Range>{{0, 0xFFFFFFFFU}});
  CHECK(ring::ranges(*ring::build({}, 5, 1), MemberId{0}).empty());
}

TEST_CASE("a difference holds what is in the one and not in the other") {
  const std::vector<Range> a{{0, 9}, {20, 29}, {40, 0xFFFFFFFFU}};
  CHECK(ring::difference(a, {}) == a);
  CHECK(ring::difference({}, a).empty());
  CHECK(ring::difference(a, a).empty());
  CHECK(ring::difference(a, std::vector<Range>{{0, 0xFFFFFFFFU}}).empty());
  CHECK(ring::difference(a, std::vector<Range>{{5, 24}}) ==
        std::vector<Range>{{0, 4}, {25, 29}, {40, 0xFFFFFFFFU}});
  CHECK(ring::difference(a, std::vector<Range>{{2, 3}, {5, 6}, {0xFFFFFFFFU, 0xFFFFFFFFU}}) ==
        std::vector<Range>{{0, 1}, {4, 4}, {7, 9}, {20, 29}, {40, 0xFFFFFFFEU}});
}

TEST_CASE("what a server gains and loses between random rings turns its one share into the other") {
  Rng rng(11);
  for (int round = 0; round < 50; ++round) {
    const auto servers_before = some_servers(rng, 6);
    const auto servers_after = some_servers(rng, 6);
    const auto before = ring::build(servers_before, 7, 1);
    const auto after = ring::build(servers_after, 7, 2);
    const auto owned = [](const ring::Snapshot& ring) {
      const auto id = ring.find_name("n3");
      return id ? ring::ranges(ring, *id) : std::vector<Range>{};
    };
    const auto had = owned(*before), has = owned(*after);
    const auto gained = ring::difference(has, had), lost = ring::difference(had, has);
    CAPTURE(round);
    CHECK(well_formed(gained));
    CHECK(well_formed(lost));
    for (int i = 0; i < 200; ++i) {
      const auto hash = static_cast<std::uint32_t>(rng.next());
      REQUIRE(holds(gained, hash) == (holds(has, hash) && !holds(had, hash)));
      REQUIRE(holds(lost, hash) == (holds(had, hash) && !holds(has, hash)));
    }
  }
}

TEST_CASE("a plan moves, between each two members, exactly the hashes whose owner would be another") {
  Rng rng(5);
  for (int round = 0; round < 30; ++round) {
    const auto servers = some_servers(rng, 5);
    const auto before = ring::build(servers, 9, 1);
    std::vector<MemberId> removed;
    std::vector<Server> wanted;
    for (std::uint32_t id = 0; id < before->servers().size(); ++id)
      if (rng.chance(1, 3))
        removed.push_back(MemberId{id});
      else
        wanted.push_back(before->servers()[id]);
    std::vector<ring::Server> added;
    for (std::uint64_t number = 6; number < 8; ++number)
      if (rng.chance(1, 2)) {
        added.push_back(server(number));
        wanted.push_back(server(number));
      }
    const auto after = ring::build(wanted, 9, 2);
    const auto plan = ring::plan(*before, added, removed, 9);
    CAPTURE(round, before->servers().size(), removed.size(), added.size());

    // Between two neighbouring points of either ring the owner is one.
    std::set<std::uint32_t> ends{0xFFFFFFFFU};
    for (const auto* ring : {before.get(), after.get()})
      for (const auto& point : ring->points()) ends.insert(point.hash);
    std::map<std::pair<std::string, std::string>, std::uint64_t> expected;
    std::uint64_t from = 0;
    for (const std::uint32_t end : ends) {
      const auto was = owner_name(*before, end), is = owner_name(*after, end);
      if (was != is) expected[{was, is}] += end - from + 1;
      from = std::uint64_t{end} + 1;
    }
    std::map<std::pair<std::string, std::string>, std::uint64_t> found;
    const auto name = [&](std::optional<std::size_t> place) {
      return place ? plan.shares[*place].server.name : "";
    };
    for (const auto& move : plan.moves)
      REQUIRE(found.emplace(std::pair{name(move.from), name(move.to)}, move.hashes).second);
    CHECK(found == expected);
    std::uint64_t sum = 0;
    for (const auto& share : plan.shares) {
      const auto id = after->find_name(share.server.name);
      CHECK(share.after == (id ? ring::hashes_in(ring::ranges(*after, *id)) : 0));
      sum += share.after;
    }
    CHECK(sum == (wanted.empty() ? 0 : ring::hash_space));
  }
}

TEST_CASE("a newcomer of weight 2 has twice the points, and takes from everybody") {
  const auto ring = ring::build({server(1), server(2), server(3)}, 100, 1);
  const ring::Server heavy{"d", "", 2};
  const auto plan = ring::plan(*ring, std::span(&heavy, 1), {}, 100);
  REQUIRE(plan.moves.size() == 3);
  std::uint64_t moved = 0;
  for (const auto& move : plan.moves) {
    REQUIRE(move.to.has_value());
    CHECK(plan.shares[*move.to].server.name == "d");
    moved += move.hashes;
  }
  const ring::Server light{"d", "", 1};
  CHECK(moved > ring::hash_space / 4);  // about 2 of 5
  CHECK(moved > ring::plan(*ring, std::span(&light, 1), {}, 100).shares[0].after);
  CHECK(plan.shares[0].after == moved);
}
