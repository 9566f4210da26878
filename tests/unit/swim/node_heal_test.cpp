// Partitions that come together again (spec H), told from one node.
#include "daemon/swim/healer.hpp"
#include "node_support.hpp"

using namespace ringside;
using namespace ringside::swim;

namespace {

const std::string friendly = "10.0.0.2:7601";  // in our partition
const std::string lost = "10.0.0.3:7601";      // in the other one
const std::string lost_too = "10.0.0.4:7601";
const std::int64_t then = today_ms - 1000;  // the incarnation that join_cluster() gives everybody

// We know three others and hold the last two for faulty.
struct Halves : Bench {
  Halves() {
    join_cluster({friendly, lost, lost_too});
    ping({say(lost, Status::faulty, then), say(lost_too, Status::faulty, then)});
    drain();
  }
  // What we had to say has been said.
  void drain() {
    for (int i = 0; i < 100 && node.pending_changes() > 0; ++i)
      ask(ringpop::Ping{"ringside", "10.0.0.98:7601", 1, node.checksum(), {}});
    REQUIRE(node.pending_changes() == 0);
  }
  void heal(const std::vector<std::string>& hosts) { node.heal(now, ticket, hosts, fresh()); }
  void answer_join(const Send& send, std::vector<Change> members) {
    answer(send, ringpop::JoinResponse{"ringside", send.to, std::move(members), 0});
  }
  TicketId ticket{7};
};

}  // namespace

TEST_CASE(
    "whom the other side holds for dead is suspected first: it refutes, and the lists can be merged later") {
  Halves bench;
  bench.heal({me, friendly, lost, lost_too});
  const auto joins = bench.sends<ringpop::Join>();
  REQUIRE(joins.size() == 1);  // one target after the other, and none that is reachable
  const std::string target = joins[0].to;
  CHECK((target == lost || target == lost_too));
  bench.answer_join(joins[0], {say(me, Status::faulty, then + 500), say(friendly, Status::faulty, then + 600),
                               say(lost, Status::alive, then), say(lost_too, Status::alive, then)});

  // For them: both they know alive, at the incarnation we hold against them, from nobody.
  const auto pings = bench.sends<ringpop::Ping>();
  REQUIRE(pings.size() == 1);
  CHECK(pings[0].to == target);
  const auto& told = std::get<ringpop::Ping>(pings[0].body).changes;
  REQUIRE(told.size() == 2);
  for (const std::string& address : {lost, lost_too}) {
    const Change* change = find_change(told, address);
    REQUIRE(change != nullptr);
    CHECK(change->status == Status::suspect);
    CHECK(change->incarnation == then);
    CHECK(change->source.empty());
    CHECK(change->source_incarnation == 0);
  }
  // For us: the friend, at the incarnation they hold against it. Our own is newer than what they say.
  CHECK(bench.status(friendly) == Status::suspect);
  CHECK(bench.row(friendly)->incarnation == then + 600);
  CHECK(bench.node.pending_changes() == 1);
  CHECK(bench.status(lost) == Status::faulty);  // nothing is merged in this round

  bench.answer(pings[0], ringpop::PingResponse{});
  REQUIRE(bench.out.done.size() == 1);  // the other one is in the target's list: no attempt of its own
  CHECK(bench.out.done[0].ticket == bench.ticket);
  CHECK(bench.out.done[0].targets == std::vector<std::string>{target});
  CHECK(bench.out.done[0].error.empty());
  CHECK(bench.notices<HealEnded>().at(0).reached == 1);
}

TEST_CASE("lists that do not contradict each other are merged, both ways") {
  Halves bench;
  bench.heal({lost});
  const std::string unknown = "10.0.0.5:7601";
  bench.answer_join(bench.sends<ringpop::Join>().at(0),
                    {say(lost, Status::alive, then + 1), say(lost_too, Status::alive, then + 1),
                     say(unknown, Status::alive, then)});
  CHECK(bench.status(lost) == Status::alive);
  CHECK(bench.status(unknown) == Status::alive);
  const auto pings = bench.sends<ringpop::Ping>();
  REQUIRE(pings.size() == 1);
  const auto& told = std::get<ringpop::Ping>(pings[0].body).changes;
  CHECK(told.size() == 5);
  CHECK(find_change(told, me)->source == me);
  CHECK(bench.node.pending_changes() == 3);  // the heal's ping uses up nobody's turn
}

TEST_CASE("a member of a lost partition that says we are dead makes us refute") {
  Halves bench;
  const std::int64_t mine = bench.node.incarnation();
  bench.heal({lost});
  bench.answer_join(bench.sends<ringpop::Join>().at(0),
                    {say(lost, Status::alive, then + 1), say(me, Status::faulty, mine + 50)});
  CHECK(bench.node.incarnation() > mine + 50);
  CHECK(bench.node.status() == Status::alive);
}

TEST_CASE("targets that cannot be reached are tried up to the limit, and the look ends with what failed") {
  Config config;
  config.heal_failures_max = 3;
  Bench bench(config);
  bench.join_cluster({friendly});
  std::vector<std::string> hosts;
  for (int i = 10; i < 20; ++i) hosts.push_back("10.0.1." + std::to_string(i) + ":7601");
  bench.node.heal(bench.now, TicketId{1}, hosts, bench.fresh());
  int tries = 0;
  while (bench.out.done.empty()) {
    const auto joins = bench.sends<ringpop::Join>();
    REQUIRE(joins.size() == 1);
    CHECK(joins[0].deadline == bench.now.steady + 1s);
    ++tries;
    bench.fail(joins[0], Errc::refused);
  }
  CHECK(tries == 3);
  CHECK(bench.out.done[0].targets.empty());
  const auto ended = bench.notices<HealEnded>();
  REQUIRE(ended.size() == 1);
  CHECK(ended[0].failed == 3);
  CHECK(ended[0].last_error.find("10.0.1.") == 0);
}

TEST_CASE("a heal has nothing to do when every host is reachable, and cannot start before we have joined") {
  Halves bench;
  bench.heal({me, friendly});
  REQUIRE(bench.out.done.size() == 1);
  CHECK(bench.out.done[0].targets.empty());
  CHECK(bench.out.done[0].error.empty());
  CHECK(bench.out.sends.empty());

  Bench joining;
  joining.join({friendly});
  joining.node.heal(joining.now, TicketId{2}, std::vector<std::string>{lost}, joining.fresh());
  REQUIRE(joining.out.done.size() == 1);
  CHECK(joining.out.done[0].error == "not joined yet");
}

TEST_CASE("looks are due with the probability that makes a cluster of any size look equally often") {
  for (const std::size_t members : {1U, 3U, 10U, 100U}) {
    Config config;
    config.heal_period = Millis(1000);
    HealClock clock(config);
    Rng rng(5);
    Instant now{};
    clock.start(now);
    int looks = 0;
    for (int i = 0; i < 10'000; ++i) {
      CHECK(clock.next_deadline() == now + 1s);
      now = clock.next_deadline();
      looks += clock.take(now, members, rng) ? 1 : 0;
    }
    const double expected = std::min(1.0, 3.0 / static_cast<double>(members)) * 10'000;
    INFO(members << " members: " << looks << " looks, " << expected << " expected");
    CHECK(looks >= expected * 0.85);
    CHECK(looks <= expected * 1.15);
  }
}

TEST_CASE("who holds as many for gone as are left looks at once, and less often the longer that lasts") {
  Config config;
  config.heal_lonely_period = Millis(1000);
  HealClock clock(config);
  Rng rng(5);
  Instant now{};
  clock.start(now);
  CHECK(clock.next_deadline() == now + 30s);
  clock.set_lonely(now, true);
  CHECK(clock.next_deadline() == now + 1s);
  for (int i = 0; i < 10; ++i) {
    now = clock.next_deadline();
    CHECK(clock.take(now, 100, rng));
    CHECK(clock.next_deadline() == now + 1s);
  }
  now += 90s;
  CHECK(clock.take(now, 100, rng));
  CHECK(clock.next_deadline() == now + 10s);
  clock.repaired(now);  // whoever was wronged refutes now
  CHECK(clock.next_deadline() == now + 300ms);
  now += 600s;
  CHECK(clock.take(now, 100, rng));
  CHECK(clock.next_deadline() == now + 30s);
  clock.set_lonely(now, false);
  clock.repaired(now);
  CHECK(clock.next_deadline() == now + 30s);
}

TEST_CASE("a lonely look goes to those that are gone, whether or not they are seeds") {
  Config config;
  config.heal_lonely_period = Millis(1000);
  Bench bench(config);
  bench.join_cluster({friendly, lost, lost_too});
  bench.ping({say(lost, Status::faulty, then)});
  const Instant cut = bench.now.steady;
  CHECK(bench.node.next_deadline() < cut + 1s);
  bench.ping({say(lost_too, Status::faulty, then)});  // two are gone, and two left with ourselves
  bool asked = false;
  while (bench.now.steady < cut + 1100ms) {
    bench.tick();
    for (const Send& send : bench.sends<ringpop::Ping>()) bench.fail(send);
    asked = asked || !bench.notices<HealDue>().empty();
  }
  REQUIRE(asked);
  bench.node.heal(bench.now, std::nullopt, {}, bench.fresh());
  const auto joins = bench.sends<ringpop::Join>();
  REQUIRE(joins.size() == 1);
  CHECK((joins[0].to == lost || joins[0].to == lost_too));
}

TEST_CASE("after joining a node asks for a heal now and then") {
  Config config;
  config.heal_period = Millis(2000);
  Bench bench(config);
  bench.join_cluster({friendly});
  int due = 0;
  const Instant end = bench.now.steady + 20'500ms;
  while (bench.node.next_deadline() <= end) {
    bench.tick();
    due += static_cast<int>(bench.notices<HealDue>().size());
    const auto pings = bench.sends<ringpop::Ping>();
    for (const Send& send : pings)
      bench.answer(send, ringpop::PingResponse{{}, bench.node.checksum(), send.to, 1});
  }
  CHECK(due == 10);  // of two members each looks every time
}
