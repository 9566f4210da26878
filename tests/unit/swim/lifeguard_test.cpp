// The parts of Lifeguard, each by itself: how long a suspect has, who counts as an accuser, how a slow member
// stretches its own times, and what it means to have slept.
#include "daemon/swim/lifeguard.hpp"

#include "node_support.hpp"

using namespace ringside;
using namespace ringside::swim;

namespace {

const std::string target = "10.0.0.2:7601";
const std::vector<std::string> five{target, "10.0.0.3:7601", "10.0.0.4:7601", "10.0.0.5:7601",
                                    "10.0.0.6:7601"};
const std::int64_t born = today_ms - 1000;  // the incarnation of all of them

Change accuse(const std::string& accuser, std::int64_t incarnation = born) {
  return {target, Status::suspect, incarnation, accuser, born, {}};
}

Result<ringpop::Response> says(bool reached) {
  return ringpop::Response(ringpop::PingReqResponse{{}, reached, target});
}

// How long the target is suspect from the first accusation on, when these others join in.
Duration time_as_suspect(const Config& config, const std::vector<std::string>& members,
                         const std::vector<std::string>& accusers) {
  Bench bench(config);
  bench.join_cluster(members);
  const Instant began = bench.now.steady;
  for (const std::string& accuser : accusers) bench.ping({accuse(accuser)});
  for (int i = 0; i < 400 && bench.status(target) == Status::suspect; ++i) bench.pass(100ms);
  CHECK(bench.status(target) == Status::faulty);
  return bench.now.steady - began;
}

}  // namespace

TEST_CASE("the time of a suspect falls with the logarithm of its confirmations") {
  struct Case {
    int confirmations, wanted;
    Duration time;
  };
  for (const Case& c : {Case{0, 0, 5s}, Case{0, 1, 30s}, Case{1, 1, 5s}, Case{0, 2, 30s}, Case{2, 2, 5s},
                        Case{5, 2, 5s}, Case{0, 10, 30s}, Case{10, 10, 5s}}) {
    INFO(c.confirmations << " of " << c.wanted);
    CHECK(suspicion_time(5s, 6, c.confirmations, c.wanted) == c.time);
    CHECK(suspicion_time(5s, 1, c.confirmations, c.wanted) == 5s);
  }
  const auto in_between = [](int n) { return suspicion_time(5s, 6, n, 3); };
  CHECK(in_between(1) == 17500ms - (17500ms - in_between(1)));  // half of the way: log 2 / log 4
  CHECK(std::chrono::abs(in_between(1) - 17500ms) < 20ms);
  CHECK(std::chrono::abs(in_between(2) - 10189ms) < 20ms);
}

TEST_CASE(
    "an accuser counts once, nobody counts whose name is not known, and no more count than are wanted") {
  Accusers accusers("a", 2, 9);
  CHECK(accusers.confirmations() == 0);
  CHECK(!accusers.add("a"));
  CHECK(!accusers.add(""));
  CHECK(accusers.add("b"));
  CHECK(!accusers.add("b"));
  CHECK(accusers.add("c"));
  CHECK(accusers.confirmations() == 2);
  CHECK(!accusers.add("d"));

  Accusers of_a_list("", 2, 9);
  CHECK(of_a_list.add("a"));
  CHECK(of_a_list.confirmations() == 0);

  CHECK(Accusers("a", 2, 1).wanted() == 1);
  CHECK(Accusers("a", 2, 0).wanted() == 0);
  CHECK(Accusers("a", 99, 99).wanted() == 10);
}

TEST_CASE("the health of a member stays between 0 and its bound and stretches times by 1 + score") {
  LocalHealth health(2);
  health.add(-1);
  CHECK(health.stretch(100ms) == 100ms);
  health.add(1);
  CHECK(health.stretch(100ms) == 200ms);
  health.add(5);
  CHECK(health.stretch(100ms) == 300ms);
  LocalHealth off(0);
  off.add(5);
  CHECK(off.stretch(100ms) == 100ms);
}

TEST_CASE("late is who comes well after the moment at which something was due, once") {
  SleepWatch watch(Instant{}, 400ms);
  CHECK(watch.overslept(Instant{} + 10s, Instant{} + 10s) == 0s);      // nothing was due before
  CHECK(watch.overslept(Instant{} + 20400ms, Instant{} + 20s) == 0s);  // within the tolerance
  CHECK(watch.overslept(Instant{} + 40s, Instant{} + 30s) == 10s);     // slept
  CHECK(watch.overslept(Instant{} + 40s, Instant{} + 30s) == 0s);      // the same sleep
  CHECK(watch.overslept(Instant{} + 40100ms, Instant{} + 30s) == 0s);  // still catching up
  CHECK(watch.slept_since(Instant{} + 39s));
  CHECK(!watch.slept_since(Instant{} + 40s));
  CHECK(watch.overslept(Instant{} + 90s, never) == 0s);
}

TEST_CASE("a suspect has six times as long with one accuser, and the plain time with three") {
  struct Case {
    std::vector<std::string> members, accusers;
    Duration time;
  };
  const std::vector<std::string> two{target, five[1]};
  for (const Case& c : {Case{five, {five[1]}, 30s}, Case{five, {five[1], five[1], five[1]}, 30s},
                        Case{five, {five[1], five[2]}, 14300ms}, Case{five, {five[1], five[2], five[3]}, 5s},
                        Case{two, {five[1]}, 30s},            // we could confirm it, and do not
                        Case{{target}, {"10.0.0.9:1"}, 5s}})  // nobody could
    CHECK(std::chrono::abs(time_as_suspect({}, c.members, c.accusers) - c.time) <= 100ms);

  Config plain;
  plain.lifeguard.confirmations = 0;
  CHECK(time_as_suspect(plain, five, {five[1]}) == 5s);
}

TEST_CASE("each new accuser is passed on, under its own name; the same one again is not") {
  Bench bench;
  bench.join_cluster(five);
  bench.ping({accuse(five[1])});
  for (const std::string& accuser : {five[2], five[3]}) {
    bench.ping({accuse(accuser)});
    CHECK(find_change(bench.ping({}).changes, target)->source == accuser);
  }
  bench.ping({accuse(five[2]), accuse(five[4])});
  CHECK(find_change(bench.ping({}).changes, target)->source == five[3]);
  bench.ping({accuse(five[4], born - 1)});  // of an earlier life
  CHECK(find_change(bench.ping({}).changes, target)->source == five[3]);
}

TEST_CASE("our own failed probe of a suspect is a confirmation too") {
  Bench bench;
  bench.join_cluster(five);
  bench.ping({accuse(five[1])});
  bench.fail(bench.next_ping(target));
  const auto helpers = bench.sends<ringpop::PingReq>();
  for (const Send& helper : helpers) bench.answer(helper, says(false));
  CHECK(find_change(bench.ping({}).changes, target)->source == me);
}

TEST_CASE("who sends a list confirms nothing, though it stands as the source of every row") {
  Bench bench;
  bench.join_cluster(five);
  const Instant began = bench.now.steady;
  bench.ping({accuse(five[1])});
  for (int i = 2; i < 5; ++i) {
    const Send ping = bench.next_ping();
    std::vector<Change> list{accuse(ping.to), {five[1], Status::alive, born, ping.to, born, {}}};
    bench.answer(ping, ringpop::PingResponse{list, bench.node.checksum(), ping.to, born});
  }
  bench.pass(29s - (bench.now.steady - began));
  CHECK(bench.status(target) == Status::suspect);
  bench.pass(1100ms);
  CHECK(bench.status(target) == Status::faulty);
}

TEST_CASE("a suspect is told so by the next ping, however often others have been told already") {
  for (const bool on : {true, false}) {
    Config config;
    config.lifeguard.buddy = on;
    Bench bench(config);
    bench.join_cluster(five);
    bench.ping({accuse(five[1])});
    for (int i = 0; i < 20; ++i) bench.ping({});  // everything has been told
    bench.pass(3s);
    const auto told = std::get<ringpop::Ping>(bench.next_ping(target).body).changes;
    const Change* news = find_change(told, target);
    REQUIRE((news != nullptr) == on);
    if (news == nullptr) continue;
    CHECK(news->status == Status::suspect);
    CHECK(news->incarnation == born);
    CHECK(told.size() == 1);
  }
}

TEST_CASE("a member whose helpers are silent too waits longer, and is quick again after good answers") {
  struct Case {
    int health_max;
    Duration ping_timeout, period;
  };
  for (const Case& c :
       {Case{3, 4 * 1500ms, 4 * 200ms}, Case{1, 2 * 1500ms, 2 * 200ms}, Case{0, 1500ms, 200ms}}) {
    Config config;
    config.lifeguard.health_max = c.health_max;
    Bench bench(config);
    bench.join_cluster(five);
    bench.fail(bench.next_ping(target));
    const auto helpers = bench.sends<ringpop::PingReq>();
    for (const Send& helper : helpers) bench.fail(helper);
    CHECK(bench.node.health() == std::min(3, c.health_max));
    CHECK(bench.node.next_deadline() == bench.now.steady + c.period);
    const Send ping = bench.next_ping();
    CHECK(ping.deadline == bench.now.steady + c.ping_timeout);
    bench.answer(ping, ringpop::PingResponse{{}, bench.node.checksum(), ping.to, 1});
    bench.pass(5s);
    CHECK(bench.node.health() == 0);
  }
}

TEST_CASE("a failed probe that all helpers confirm is the target's fault, a refutation of ours is our own") {
  Bench bench;
  bench.join_cluster(five);
  bench.fail(bench.next_ping(target));
  const auto helpers = bench.sends<ringpop::PingReq>();
  for (const Send& helper : helpers) bench.answer(helper, says(false));
  CHECK(bench.status(target) == Status::suspect);
  CHECK(bench.node.health() == 0);
  bench.ping({say(me, Status::suspect, today_ms)});
  CHECK(bench.node.health() == 1);
}

TEST_CASE("who slept accuses nobody for what it missed") {
  for (const bool on : {true, false}) {
    INFO("oversleep " << on);
    Config config;
    config.lifeguard.oversleep = on;
    Bench bench(config);
    bench.join_cluster(five);

    SECTION("of a ping: no helper is asked") {
      const Send ping = bench.next_ping(target);
      bench.sleep(10s);
      bench.fail(ping);
      CHECK(bench.sends<ringpop::PingReq>().empty() == on);
      CHECK(bench.notices<Overslept>().size() == (on ? 1 : 0));
    }
    SECTION("of the helpers: what they said before does not count") {
      bench.fail(bench.next_ping(target));
      const auto helpers = bench.sends<ringpop::PingReq>();
      bench.sleep(10s);
      for (const Send& helper : helpers) bench.answer(helper, says(false));
      CHECK((bench.status(target) == Status::alive) == on);
    }
    SECTION("of a suspect: the sleep is not part of its time") {
      bench.ping({accuse(five[1]), accuse(five[2])});
      bench.ping({accuse(five[2])});
      bench.ping({accuse(five[3])});
      bench.pass(1s);
      bench.sleep(10s);
      bench.pass(0s);
      CHECK((bench.status(target) == Status::suspect) == on);
      if (!on) continue;
      bench.pass(3700ms);  // up to a period of the sleep counts: only then something was due
      CHECK(bench.status(target) == Status::suspect);
      bench.pass(400ms);
      CHECK(bench.status(target) == Status::faulty);
    }
    SECTION("of a suspect whose time was all but over: it has two periods more") {
      bench.ping({accuse(five[1])});
      bench.ping({accuse(five[2])});
      bench.ping({accuse(five[3])});
      bench.pass(4950ms);
      bench.sleep(10s);
      bench.pass(0s);
      CHECK((bench.status(target) == Status::suspect) == on);
      if (!on) continue;
      bench.ping({say(target, Status::alive, today_ms)});
      CHECK(bench.status(target) == Status::alive);
    }
    SECTION("as a helper: no witness at all") {
      bench.node.on_request(bench.now, ReplyId{77}, ringpop::PingReq{five[1], born, target, 0, {}},
                            bench.fresh());
      const auto pings = bench.sends<ringpop::Ping>();
      REQUIRE(pings.size() == 1);
      bench.sleep(10s);
      bench.fail(pings[0]);
      REQUIRE(bench.out.replies.size() == 1);
      CHECK(std::holds_alternative<ringpop::Rejection>(bench.out.replies[0].body) == on);
    }
  }
}
