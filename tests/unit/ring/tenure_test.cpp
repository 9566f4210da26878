// Since when a server has owned a hash: what it keeps over a change keeps its time, what it gains gets a new
// one.
#include "daemon/ring/tenure.hpp"

#include <catch2/catch.hpp>
#include <map>

#include "daemon/base/limits.hpp"
#include "daemon/base/rng.hpp"
#include "daemon/ring/hash.hpp"

using namespace ringside;
using ring::Tenure;

namespace {

ring::SnapshotPtr ring_of(const std::vector<std::string>& names, std::uint32_t points = 100) {
  std::vector<ring::Server> servers;
  for (const auto& name : names) servers.push_back({name, name + ":1"});
  return ring::build(std::move(servers), points, 1);
}

bool owns(const ring::Snapshot& ring, std::string_view address, std::uint32_t hash) {
  const auto id = ring.owner_of(hash);
  return id && ring.server(*id).address == address;
}

}  // namespace

TEST_CASE("who is in no ring owns nothing") {
  const Tenure tenure;
  for (const std::uint32_t hash : {0U, 1U, 0x80000000U, 0xffffffffU}) CHECK(tenure.since(hash) == 0);
  const auto without = tenure.after(*ring_of({"b", "c"}), "a:1", 1000, 0);
  for (const std::uint32_t hash : {0U, 1U, 0x80000000U, 0xffffffffU}) CHECK(without.since(hash) == 0);
  const auto empty = tenure.after(*ring_of({}), "a:1", 1000, 0);
  CHECK(empty.since(7) == 0);
}

TEST_CASE("alone it owns everything since it came, and keeps what it keeps when others come and go") {
  const auto alone = ring_of({"a"}), both = ring_of({"a", "b"});
  const auto first = Tenure().after(*alone, "a:1", 1000, 0);
  const auto second = first.after(*both, "a:1", 2000, 0);
  const auto third = second.after(*alone, "a:1", 3000, 0);
  int kept = 0, lost = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto hash = ring::fingerprint32("key-" + std::to_string(i));
    const bool stays = owns(*both, "a:1", hash);
    CHECK(first.since(hash) == 1000);
    CHECK(second.since(hash) == (stays ? 1000 : 0));
    CHECK(third.since(hash) == (stays ? 1000 : 3000));
    ++(stays ? kept : lost);
  }
  CHECK(kept > 100);
  CHECK(lost > 100);
}

TEST_CASE("both ends of the space are owned by whoever owns them") {
  const auto ring = ring_of({"a", "b"});
  const auto a = Tenure().after(*ring, "a:1", 1000, 0), b = Tenure().after(*ring, "b:1", 1000, 0);
  for (const std::uint32_t hash : {0U, 0xffffffffU}) {
    CHECK((a.since(hash) != 0) == owns(*ring, "a:1", hash));
    CHECK((b.since(hash) != 0) == owns(*ring, "b:1", hash));
  }
}

TEST_CASE("no time is below one that was given or seen, wherever the clock goes") {
  const auto alone = ring_of({"a"}), both = ring_of({"a", "b"}), gone = ring_of({"b"});
  const auto first = Tenure().after(*alone, "a:1", 5000, 0);
  CHECK(first.after(*gone, "a:1", 10, 0).after(*alone, "a:1", 20, 0).since(7) ==
        5000);                                                      // the clock went back
  CHECK(Tenure().after(*alone, "a:1", 10, 7000).since(7) == 7000);  // or is behind others
  const auto later = first.after(*both, "a:1", 10, 9000).after(*alone, "a:1", 20, 0);
  for (int i = 0; i < 100; ++i) {
    const auto hash = ring::fingerprint32(std::to_string(i));
    CHECK(later.since(hash) == (owns(*both, "a:1", hash) ? 5000 : 9000));
  }
}

TEST_CASE("over any changes it is what a table of single hashes says") {
  Rng rng(GENERATE(range(std::uint64_t{1}, std::uint64_t{6})));
  std::map<std::uint32_t, std::int64_t> table;
  for (int i = 0; i < 300; ++i) table[static_cast<std::uint32_t>(rng.next())] = 0;
  table[0] = table[0xffffffff] = 0;
  Tenure tenure;
  for (std::int64_t now = 1000; now < 1060; ++now) {
    std::vector<std::string> names;
    for (const char* name : {"a", "b", "c", "d", "e"})
      if (rng.below(2) == 0) names.emplace_back(name);
    const auto ring = ring_of(names, 10);
    tenure = tenure.after(*ring, "a:1", now, 0);
    for (auto& [hash, since] : table) {
      since = !owns(*ring, "a:1", hash) ? 0 : since != 0 ? since : now;
      REQUIRE(tenure.since(hash) == since);
    }
  }
}

TEST_CASE("of more times than there is room for, each range keeps its latest") {
  const auto weighty = [](const std::vector<std::string>& names) {
    std::vector<ring::Server> servers;
    for (const auto& name : names) servers.push_back({name, name + ":1", 2});
    return ring::build(std::move(servers), 10'000, 1);
  };
  const auto alone = weighty({"a"}), both = weighty({"a", "b"});  // runs of some 20,000 points each, mixed
  static_assert(limits::tenures < 18'000);
  const auto crowded = Tenure().after(*alone, "a:1", 1000, 0).after(*both, "a:1", 2000, 0);
  const auto bounded = crowded.after(*alone, "a:1", 3000, 0);
  for (int i = 0; i < 1000; ++i) {
    const auto hash = ring::fingerprint32(std::to_string(i));
    CHECK(crowded.since(hash) == (owns(*both, "a:1", hash) ? 1000 : 0));  // ranges have room, however many
    CHECK(bounded.since(hash) == 3000);
  }
}
