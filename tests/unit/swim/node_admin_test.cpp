// What operators and Ringpop's tools ask of a node, and the report of a checksum of the other dialect.
#include "node_support.hpp"

using namespace ringside;
using namespace ringside::swim;

namespace {

std::vector<std::string> others(int count) {
  std::vector<std::string> addresses;
  for (int i = 0; i < count; ++i) addresses.push_back("10.0.0." + std::to_string(10 + i) + ":7601");
  return addresses;
}

}  // namespace

TEST_CASE("gossip that was stopped sends no ping but answers, and goes on when started") {
  Bench bench;
  bench.join_cluster(others(3));
  bench.pass(1s);
  CHECK(bench.node.gossips());
  bench.node.stop_gossip();
  CHECK(!bench.node.gossips());
  const Instant later = bench.now.steady + 10s;
  while (bench.node.next_deadline() <= later) {
    bench.tick();
    CHECK(bench.sends<ringpop::Ping>().empty());
  }
  bench.ping({say("10.0.0.77:7601", Status::alive, 1)});
  CHECK(bench.status("10.0.0.77:7601") == Status::alive);
  bench.node.start_gossip(bench.now);
  CHECK(bench.node.gossips());
  bench.tick();
  CHECK(bench.sends<ringpop::Ping>().size() == 1);
}

TEST_CASE("a tick runs one period, even when stopped, and is done when the period is over") {
  Bench bench;
  bench.join_cluster(others(3));
  bench.pass(1s);
  bench.node.stop_gossip();
  bench.node.tick(bench.now, TicketId{5}, bench.fresh());
  CHECK(bench.out.done.empty());
  const auto pings = bench.sends<ringpop::Ping>();
  REQUIRE(pings.size() == 1);
  bench.node.tick(bench.now, TicketId{6}, bench.fresh());  // joins the one under way
  CHECK(bench.out.sends.empty());
  bench.answer(pings[0], ringpop::PingResponse{});
  REQUIRE(bench.out.done.size() == 2);
  CHECK(bench.out.done[0].ticket == TicketId{5});
  CHECK(bench.out.done[1].ticket == TicketId{6});
  CHECK(!bench.node.gossips());
}

TEST_CASE("a tick ends at once when there is nobody to ping or no join yet") {
  Bench alone;
  alone.join({});
  alone.node.tick(alone.now, TicketId{1}, alone.fresh());
  REQUIRE(alone.out.done.size() == 1);
  CHECK(alone.out.done[0].error.empty());

  Bench joining;
  joining.join(others(1));
  joining.node.tick(joining.now, TicketId{1}, joining.fresh());
  REQUIRE(joining.out.done.size() == 1);
  CHECK(joining.out.done[0].error == "not joined yet");
}

TEST_CASE("reaping makes tombstones of the faulty and of nobody else, and spreads them") {
  Bench bench;
  bench.join_cluster(others(4));
  bench.ping({say("10.0.0.10:7601", Status::faulty, today_ms),
              say("10.0.0.11:7601", Status::suspect, today_ms),
              say("10.0.0.12:7601", Status::leave, today_ms)});
  CHECK(bench.node.reap(bench.now, bench.fresh()) == 1);
  CHECK(bench.status("10.0.0.10:7601") == Status::tombstone);
  CHECK(bench.status("10.0.0.11:7601") == Status::suspect);
  CHECK(bench.status("10.0.0.12:7601") == Status::leave);
  const auto told = bench.ping({}).changes;
  const Change* tombstone = find_change(told, "10.0.0.10:7601");
  REQUIRE(tombstone != nullptr);
  CHECK(tombstone->incarnation == today_ms);
  CHECK(tombstone->source == me);
  CHECK(bench.node.reap(bench.now, bench.fresh()) == 0);
}

TEST_CASE("evicting makes a tombstone of any member but ourselves, and who lives comes back") {
  Bench bench;
  bench.join_cluster(others(3));
  bench.node.evict(bench.now, "10.0.0.10:7601", bench.fresh());
  CHECK(bench.status("10.0.0.10:7601") == Status::tombstone);
  REQUIRE(find_change(bench.ping({}).changes, "10.0.0.10:7601") != nullptr);
  bench.ping({say("10.0.0.10:7601", Status::alive, today_ms + 1)});
  CHECK(bench.status("10.0.0.10:7601") == Status::alive);
  bench.node.evict(bench.now, me, bench.fresh());
  bench.node.evict(bench.now, "10.9.9.9:7601", bench.fresh());
  CHECK(bench.out.notices.empty());
}

TEST_CASE(
    "a node that evicts itself tells four tenths of the members, each once, and waits for all of them") {
  for (const int members : {1, 3, 5, 20}) {
    Bench bench;
    bench.join_cluster(others(members));
    for (int i = 0; i < 200 && bench.node.pending_changes() > 0; ++i) bench.ping({});
    bench.node.evict_self(bench.now, TicketId{9}, bench.fresh());
    const auto pings = bench.sends<ringpop::Ping>();
    INFO(members << " members, told " << pings.size());
    CHECK(pings.size() == static_cast<std::size_t>((members * 2 + 4) / 5));
    std::set<std::string> told;
    for (const Send& send : pings) {
      CHECK(told.insert(send.to).second);
      const auto& changes = std::get<ringpop::Ping>(send.body).changes;
      REQUIRE(changes.size() == 1);
      CHECK(changes[0].address == me);
      CHECK(changes[0].status == Status::faulty);
      CHECK(changes[0].source == me);
    }
    CHECK(bench.node.status() == Status::faulty);
    for (std::size_t i = 0; i < pings.size(); ++i) {
      CHECK(bench.out.done.empty());
      if (i % 2 == 0)
        bench.fail(pings[i]);
      else
        bench.answer(pings[i], ringpop::PingResponse{});
    }
    REQUIRE(bench.out.done.size() == 1);
    CHECK(bench.out.done[0].ticket == TicketId{9});
  }
}

TEST_CASE("a second eviction during the first is refused; alone it is over at once") {
  Bench bench;
  bench.join_cluster(others(1));
  bench.node.evict_self(bench.now, TicketId{1}, bench.fresh());
  CHECK(bench.out.done.empty());
  bench.node.evict_self(bench.now, TicketId{2}, bench.fresh());
  REQUIRE(bench.out.done.size() == 1);
  CHECK(bench.out.done[0].ticket == TicketId{2});
  CHECK(!bench.out.done[0].error.empty());

  Bench alone;
  alone.join({});
  alone.node.evict_self(alone.now, TicketId{3}, alone.fresh());
  CHECK(alone.out.done.size() == 1);
}

TEST_CASE("a list with a checksum of the other dialect is reported, once a peer; none, or our own, is not") {
  const std::string seed = "10.0.0.2:7601";
  const std::vector<Change> list{say(seed, Status::alive, 7), say("10.0.0.3:7601", Status::suspect, 8)};
  std::vector<MemberRow> rows;
  for (const Change& change : list)
    rows.push_back({change.address, change.address, change.status, change.incarnation, {}});
  const auto go = membership_checksum(rows, ChecksumDialect::go);
  const auto node = membership_checksum(rows, ChecksumDialect::node);
  struct Case {
    ChecksumDialect ours;
    std::uint32_t theirs;
    std::optional<bool> peer_is_go;
  };
  for (const Case& c : {Case{ChecksumDialect::go, go, {}}, Case{ChecksumDialect::go, node, false},
                        Case{ChecksumDialect::node, go, true}, Case{ChecksumDialect::node, node, {}},
                        Case{ChecksumDialect::go, 0, {}}, Case{ChecksumDialect::go, node + 1, {}}}) {
    Config config;
    config.checksum = c.ours;
    Bench bench(config);
    bench.join({seed});
    bench.answer(bench.sends<ringpop::Join>().at(0), ringpop::JoinResponse{"ringside", seed, list, c.theirs});
    const auto reports = bench.notices<OtherDialect>();
    REQUIRE(reports.size() == (c.peer_is_go ? 1U : 0U));
    if (!c.peer_is_go) continue;
    CHECK(reports[0].peer == seed);
    CHECK(reports[0].peer_is_go == *c.peer_is_go);
  }
}

TEST_CASE("changes against a rule are counted by the rule, and the others of the message are taken") {
  Config config;
  config.members_max = 3;
  Bench bench(config);
  bench.join_cluster({"10.0.0.2:7601"});
  bench.ping({say("10.0.0.3:7601", Status::alive, 1), say("10.0.0.4:7601", Status::alive, 1),
              say("10.0.0.5:7601", Status::alive, 1), say("nowhere", Status::alive, 1),
              say("10.0.0.2:7601", Status::faulty, today_ms + Millis(365 * 24h).count())});
  const auto refused = bench.notices<ChangesRefused>();
  REQUIRE(refused.size() == 1);
  CHECK(refused[0].above_cap == 2);
  CHECK(refused[0].bad_address == 1);
  CHECK(refused[0].ahead_of_time == 1);
  CHECK(bench.status("10.0.0.3:7601") == Status::alive);
  CHECK(bench.status("10.0.0.2:7601") == Status::alive);
  CHECK(bench.node.member_count() == 3);
}

TEST_CASE("a list full of the dead takes who lives, and forgets a dead one for it") {
  Config config;
  config.members_max = 16;
  Bench bench(config);
  bench.join_cluster({"10.0.0.2:7601"});
  std::vector<Change> dead;
  for (int i = 1; i <= 30; ++i)
    dead.push_back(say("10.0.1." + std::to_string(i) + ":7601", Status::faulty, 1));
  bench.ping(dead);
  CHECK(bench.node.member_count() == 14);
  for (int i = 1; i <= 5; ++i) {
    const std::string newcomer = "10.0.2." + std::to_string(i) + ":7601";
    bench.ping({say(newcomer, Status::alive, today_ms)});
    CHECK(bench.status(newcomer) == Status::alive);
    CHECK(bench.node.member_count() == std::min<std::size_t>(14 + static_cast<std::size_t>(i), 16));
  }
  CHECK(bench.status("10.0.0.2:7601") == Status::alive);
  bench.pass(10s);  // whoever was forgotten has no timer left
}

TEST_CASE("what is counted and timed is reported in Ringpop's terms") {
  Bench bench;
  bench.join_cluster(others(2));
  const auto has = [&](Stat stat) {
    return std::any_of(bench.out.measures.begin(), bench.out.measures.end(),
                       [&](const Measure& measure) { return measure.stat == stat; });
  };
  const auto value = [&](Stat stat) {
    for (const Measure& measure : bench.out.measures)
      if (measure.stat == stat) return measure.value;
    return std::int64_t{-1};
  };
  const Send ping = bench.next_ping();
  CHECK(value(Stat::changes_issued) == 1);
  bench.now.steady += 3ms;
  bench.answer(ping,
               ringpop::PingResponse{{say("10.0.0.10:7601", Status::suspect, today_ms)}, 0, ping.to, 1});
  CHECK(value(Stat::ping_time) == 3000);
  CHECK(value(Stat::period_time) == 3000);
  CHECK(has(Stat::period_delay));
  CHECK(value(Stat::changes_received) == 1);
  CHECK(value(Stat::changes_applied) == 1);
  CHECK(value(Stat::members_reachable) == 3);
}
