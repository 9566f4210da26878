// The member list against a naive model, and the merge laws: order and repetition do not matter.
#include "daemon/swim/membership.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "daemon/base/rng.hpp"
#include "daemon/swim/checksum.hpp"
#include "daemon/swim/ring_input.hpp"

using namespace ringside;
using namespace ringside::swim;
using ringpop::Change;
using ringpop::Status;

namespace {

const std::string self = "10.0.0.0:1";
constexpr std::int64_t no_limit = std::int64_t{1} << 52;

Membership fresh(std::size_t members_max = 4096) {
  return {self, Member{Status::alive, 0, 1000, {}}, members_max};
}

Change random_change(Rng& rng, std::uint64_t addresses) {
  Change change;
  change.address = "10.0.0." + std::to_string(1 + rng.below(addresses)) + ":1";
  change.status = static_cast<Status>(rng.below(5));
  change.incarnation = static_cast<std::int64_t>(rng.below(3));
  change.source = "10.0.0.9:1";
  if (rng.chance(1, 2)) change.labels = {{"k", std::to_string(rng.below(3))}};
  return change;
}

// What the state of one member should be, in the words of the spec: the greatest of all that was said, and
// nothing at all as long as only tombstones were said.
using Rank = std::tuple<std::int64_t, int, std::int32_t>;
Rank rank_of(const Change& change) {
  return {change.incarnation, static_cast<int>(change.status), label_checksum(change.labels)};
}

}  // namespace

TEST_CASE("the list agrees with a naive map after any stream of changes") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    INFO("seed " << seed);
    Rng rng(seed);
    Membership members = fresh();
    std::map<std::string, Change> model;
    for (int i = 0; i < 60; ++i) {
      const Change change = random_change(rng, 6);
      const auto known = model.find(change.address);
      const bool wins = known == model.end() ? change.status != Status::tombstone
                                             : rank_of(change) > rank_of(known->second);
      const auto applied = members.apply(std::span(&change, 1), no_limit);
      CHECK(applied.updates.size() == (wins ? 1 : 0));
      if (wins) model[change.address] = change;
    }
    std::size_t pingable = 0;
    for (const auto& [address, change] : model) {
      const Member* row = members.find(address);
      REQUIRE(row != nullptr);
      CHECK(row->status == change.status);
      CHECK(row->incarnation == change.incarnation);
      CHECK(row->labels == change.labels);
      CHECK(row->label_checksum == label_checksum(change.labels));
      if (reachable(change.status)) ++pingable;
    }
    CHECK(members.rows().size() == model.size() + 1);
    CHECK(members.pingable_count() == pingable);
    const auto rows = members.as_rows();
    CHECK(members.checksum(ChecksumDialect::go) == membership_checksum(rows, ChecksumDialect::go));
    CHECK(members.checksum(ChecksumDialect::node) == membership_checksum(rows, ChecksumDialect::node));
  }
}

TEST_CASE("changes give the same list in every order, alone or in one batch, once or twice") {
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    INFO("seed " << seed);
    Rng rng(seed);
    std::vector<Change> changes;
    // A tombstone says nothing of a member never seen, so it alone depends on the order; the members are
    // known here.
    std::vector<Change> known;
    for (int i = 1; i <= 2; ++i)
      known.push_back({"10.0.0." + std::to_string(i) + ":1", Status::alive, 0, "", 0, {}});
    for (int i = 0; i < 5; ++i) changes.push_back(random_change(rng, 2));
    std::vector<int> order{0, 1, 2, 3, 4};
    std::optional<std::vector<MemberRow>> first;
    do {
      std::vector<Change> permuted;
      for (const int i : order) permuted.push_back(changes[static_cast<std::size_t>(i)]);
      Membership one_by_one = fresh();
      one_by_one.apply(known, no_limit);
      for (const Change& change : permuted) one_by_one.apply(std::span(&change, 1), no_limit);
      Membership in_one = fresh();
      in_one.apply(known, no_limit);
      in_one.apply(permuted, no_limit);
      in_one.apply(permuted, no_limit);
      if (!first) first = one_by_one.as_rows();
      REQUIRE(one_by_one.as_rows() == *first);
      REQUIRE(in_one.as_rows() == *first);
    } while (std::next_permutation(order.begin(), order.end()));
  }
}

TEST_CASE("gossip about ourselves never changes our row; what would win is reported for refutation") {
  struct Case {
    Status status;
    std::int64_t incarnation;
    bool refute;
  };
  for (const Case& c : {Case{Status::suspect, 1000, true}, Case{Status::faulty, 1000, true},
                        Case{Status::alive, 1001, true}, Case{Status::tombstone, 1000, true},
                        Case{Status::alive, 1000, false}, Case{Status::faulty, 999, false}}) {
    Membership members = fresh();
    const Change change{self, c.status, c.incarnation, "x", 1, {}};
    const Applied applied = members.apply(std::span(&change, 1), no_limit);
    INFO(static_cast<int>(c.status) << " at " << c.incarnation);
    CHECK(applied.updates.empty());
    CHECK(applied.refute_above == (c.refute ? std::optional(c.incarnation) : std::nullopt));
    CHECK(members.me().status == Status::alive);
    CHECK(members.me().incarnation == 1000);
  }
}

TEST_CASE(
    "outside nonsense is refused: clocks far ahead, negative incarnations, addresses nobody can dial, too "
    "many") {
  Membership members = fresh(3);
  const std::vector<Change> bad{{"10.0.0.1:1", Status::alive, 2001, "", 0, {}},
                                {"10.0.0.1:1", Status::alive, -1, "", 0, {}},
                                {"", Status::alive, 1, "", 0, {}},
                                {"10.0.0.1", Status::alive, 1, "", 0, {}},
                                {"10.0.0.1:0", Status::alive, 1, "", 0, {}},
                                {"unix:/tmp/x", Status::alive, 1, "", 0, {}}};
  CHECK(members.apply(bad, 2000).updates.empty());
  CHECK(members.rows().size() == 1);

  std::vector<Change> many;
  for (int i = 1; i <= 5; ++i)
    many.push_back({"10.0.0." + std::to_string(i) + ":1", Status::alive, 2000, "", 0, {}});
  CHECK(members.apply(many, 2000).updates.size() == 2);
  CHECK(members.rows().size() == 3);
  many[0].status = Status::faulty;  // a known member still changes at the cap
  CHECK(members.apply(many, 2000).updates.size() == 1);
}

TEST_CASE("the ring is said to have changed whenever its servers have") {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    INFO("seed " << seed);
    Rng rng(seed);
    Membership members = fresh();
    for (int i = 0; i < 60; ++i) {
      Change change = random_change(rng, 5);
      change.incarnation = static_cast<std::int64_t>(rng.below(40));
      ringpop::Labels::List labels;
      if (rng.chance(2, 3)) labels.emplace_back("__identity", "name-" + std::to_string(rng.below(3)));
      if (rng.chance(1, 3)) labels.emplace_back("__weight", std::to_string(rng.below(4)));
      change.labels = std::move(labels);
      auto before = ring_servers(members.as_rows());
      const bool said = members.apply(std::span(&change, 1), no_limit).ring_changed;
      auto after = ring_servers(members.as_rows());
      // It may be said once too often (of two members with one name the lower one moved), never once too
      // little.
      if (before != after) CHECK(said);
    }
  }
}

TEST_CASE("one name stands in the ring once, held by the highest incarnation") {
  const std::vector<MemberRow> rows{
      {"10.0.0.1:1", "a", Status::alive, 5, {}}, {"10.0.0.2:1", "a", Status::suspect, 9, {}},
      {"10.0.0.7:1", "a", Status::alive, 8, {}}, {"10.0.0.3:1", "a", Status::faulty, 99, {}},
      {"10.0.0.4:1", "b", Status::leave, 5, {}}, {"10.0.0.5:1", "10.0.0.5:1", Status::alive, 5, {}}};
  const auto servers = ring_servers(rows);
  CHECK(servers == std::vector<ring::Server>{{"10.0.0.5:1", "10.0.0.5:1"}, {"a", "10.0.0.2:1"}});
}

TEST_CASE("an address has one spelling, and no port that nobody can dial") {
  for (const char* good : {"10.0.0.1:1", "10.0.0.1:65535", "[2001:db8::1]:7601"}) CHECK(dialable(good));
  for (const char* bad : {"10.0.0.1", "10.0.0.1:0", "10.0.0.1:01", "10.0.0.1:65536", "10.0.0.1:+1",
                          "[10.0.0.1]:1", "0.0.0.0:1", "host:1", "unix:/x", "2001:db8::1:1", "[2001:db8::1]",
                          "[::ffff:10.0.0.1]:1", "https://10.0.0.1:1", ""}) {
    INFO(bad);
    CHECK_FALSE(dialable(bad));
  }
}

TEST_CASE("the dead make room for the living: as few as will do, tombstones and the never reached first") {
  const auto about = [](int last, Status status) {
    return Change{"10.0.1." + std::to_string(last) + ":1", status, 1, "10.0.0.9:1", 1, {}};
  };
  Membership list = fresh(16);
  std::vector<Change> told;
  for (int i = 1; i <= 6; ++i) told.push_back(about(i, Status::alive));
  list.apply(told, no_limit);
  const Change ghost = about(7, Status::faulty);
  list.apply(std::span(&ghost, 1), no_limit, 100, Newcomers::unverified);
  told.clear();
  for (int i = 8; i <= 20; ++i) told.push_back(about(i, Status::faulty));
  const Applied applied = list.apply(told, no_limit);
  CHECK(list.rows().size() == 14);  // an eighth is kept for the living
  CHECK(applied.refused.above_cap == 7);
  const Change gone = about(8, Status::tombstone);
  list.apply(std::span(&gone, 1), no_limit);

  std::vector<Change> living;
  const auto in_the_way = [&](int newcomers) {
    living.clear();
    for (int i = 0; i < newcomers; ++i) living.push_back(about(100 + i, Status::alive));
    return list.in_the_way_of(living);
  };
  CHECK(in_the_way(2).empty());
  CHECK(in_the_way(3) == std::vector<std::string>{"10.0.1.8:1"});
  CHECK(in_the_way(4) == std::vector<std::string>{"10.0.1.8:1", "10.0.1.7:1"});
  CHECK(in_the_way(100).size() == 7);  // all that are dead; the living stay
  for (const std::string& address : in_the_way(4)) list.evict(address);
  CHECK(list.apply(living, no_limit).newcomers == 4);
  CHECK(list.rows().size() == 16);
  const Change more_dead = about(30, Status::faulty);
  CHECK(list.in_the_way_of(std::span(&more_dead, 1)).empty());
}
