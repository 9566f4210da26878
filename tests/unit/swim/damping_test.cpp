// Flap damping: points that decay, and what a member does with its own; how many newcomers one peer may
// bring.
#include "daemon/swim/damping.hpp"

#include <algorithm>

#include "daemon/swim/newcomers.hpp"
#include "node_support.hpp"

using namespace ringside;
using namespace ringside::swim;

namespace {

const std::vector<std::string> five{"10.0.0.2:7601", "10.0.0.3:7601", "10.0.0.4:7601", "10.0.0.5:7601",
                                    "10.0.0.6:7601"};

Config damped_early() {
  Config config;
  config.name = "alpha";
  config.damping.suppress = 1500;
  config.damping.reuse = 700;
  config.damping.half_life = 60s;
  return config;
}

void come_and_go(Bench& bench, int times) {
  for (int i = 0; i < times; ++i) {
    bench.node.set_app(bench.now, App::down, bench.fresh());
    bench.pass(3s);
    bench.node.set_app(bench.now, App::ready, bench.fresh());
    bench.pass(3s);
  }
}

}  // namespace

TEST_CASE("points decay by half in a half-life, evenly, and never below nothing") {
  DampScore score(60s);
  const Instant start = Instant{} + 10s;
  score.add(start, 4000);
  CHECK(score.at(start) == 4000);
  CHECK(std::abs(score.at(start + 30s) - 2828) <= 2);  // 4000 / sqrt(2)
  CHECK(score.at(start + 60s) == 2000);
  CHECK(score.at(start + 120s) == 1000);
  CHECK(score.at(start + 24h) == 0);
  int last = 4000;
  for (Instant at = start; at < start + 600s; at += 1s) {
    CHECK(score.at(at) <= last);
    last = score.at(at);
  }
  score.add(start + 60s, 500);
  CHECK(score.at(start + 60s) == 2500);
  score.add(start + 60s, 100'000);
  CHECK(score.at(start + 60s) == DampScore::most);
  score.raise_to(start + 120s, 1);
  CHECK(score.at(start + 120s) == DampScore::most / 2);
}

TEST_CASE("the time at which a score has fallen is the first one, to a sixteenth of the half-life") {
  for (const Millis half_life : {Millis(1000), Millis(60'000), Millis(300'001)}) {
    DampScore score(half_life);
    score.add(Instant{}, 5000);
    for (const int points : {4999, 2500, 1000, 1, 0}) {
      const Instant at = score.falls_to(points);
      CHECK(score.at(at) <= points);
      CHECK(score.at(at - half_life / 16) > points);
    }
    CHECK(score.falls_to(5000) == Instant{});
  }
}

TEST_CASE("no single member's word decides what our score was") {
  const auto agreed = [](std::vector<int> scores) { return agreed_score(scores); };
  CHECK(agreed({}) == 0);
  CHECK(agreed({3000}) == 3000);
  CHECK(agreed({10'000, 0}) == 0);
  CHECK(agreed({2000, 9000, 2500}) == 2500);
}

TEST_CASE("of a cluster a share may be damped, one at least, and two others stay") {
  CHECK(may_damp(5, 0, 4, 10));
  CHECK(!may_damp(5, 1, 4, 10));
  CHECK(may_damp(100, 9, 50, 10));
  CHECK(!may_damp(100, 10, 50, 10));
  CHECK(!may_damp(3, 0, 1, 10));
  CHECK(!may_damp(100, 0, 50, 0));
}

TEST_CASE("the others' returns are remembered by name, each for as long as it counts") {
  FlapMemory memory(60s, 2);
  memory.returned(Instant{}, "a");
  memory.returned(Instant{}, "a");
  memory.returned(Instant{}, "b");
  memory.returned(Instant{}, "c");  // no room
  CHECK(memory.score(Instant{}, "a") == 1000);
  CHECK(memory.score(Instant{}, "b") == 500);
  CHECK(memory.score(Instant{}, "c") == 0);
  memory.returned(Instant{} + 1h, "c");
  CHECK(memory.score(Instant{} + 1h, "c") == 500);
}

TEST_CASE(
    "a member whose app comes and goes leaves the ring, says why, and is back when its score has fallen") {
  Bench bench(damped_early());
  bench.join_cluster(five);
  come_and_go(bench, 2);
  CHECK(bench.status(me) == Status::alive);
  come_and_go(bench, 2);
  CHECK(bench.status(me) == Status::leave);
  CHECK(bench.row(me)->damped);
  CHECK(bench.node.damp_score(bench.now.steady, me) > 0);
  CHECK(bench.row(me)->app == App::ready);
  const auto told = bench.ping({}).changes;
  REQUIRE(find_change(told, me) != nullptr);
  CHECK(find_change(told, me)->status == Status::leave);
  CHECK(!bench.node.left());
  bench.pass(30s);
  CHECK(bench.row(me)->damped);
  bench.pass(90s);
  CHECK(bench.status(me) == Status::alive);
  CHECK(!bench.row(me)->damped);
}

TEST_CASE("who was called faulty and lives has returned; who was only suspected has not") {
  for (const Status said : {Status::faulty, Status::suspect}) {
    Bench bench(damped_early());
    bench.join_cluster(five);
    for (int i = 0; i < 4; ++i) {
      bench.ping({say(me, said, bench.node.incarnation())});
      bench.pass(1s);
    }
    CHECK(bench.row(me)->damped == (said == Status::faulty));
  }
}

TEST_CASE("a process that starts again is told by the others how often it has returned") {
  struct Case {
    std::vector<int> scores;  // of two seeds
    bool damped;
  };
  for (const Case& c : {Case{{1500, 1600}, true}, Case{{9000, 0}, false}, Case{{1400, 1400}, false}}) {
    Bench bench(damped_early());
    bench.join({five[0], five[1]});
    for (const Send& join : bench.sends<ringpop::Join>()) {
      const bool is_first = join.to == five[0];
      std::vector<Change> list;
      for (const std::string& address : five) list.push_back(say(address, Status::alive, today_ms - 1000));
      bench.answer(join, ringpop::JoinResponse{"ringside", join.to, list, 0, c.scores[is_first ? 0 : 1]});
    }
    REQUIRE(bench.node.ready());
    CHECK(bench.row(me)->damped == c.damped);
  }
}

TEST_CASE("a joiner is told what was counted of it: returns of those given up, not of those that left") {
  for (const Status out : {Status::faulty, Status::leave}) {
    Bench bench;
    bench.join_cluster(five);
    std::int64_t incarnation = today_ms;
    for (int i = 0; i < 3; ++i) {
      bench.ping({say(five[0], out, incarnation)});
      bench.ping({say(five[0], Status::alive, ++incarnation)});
    }
    const auto answer = bench.ask(ringpop::Join{"ringside", five[0], 1});
    CHECK(std::get<ringpop::JoinResponse>(answer).damp_score == (out == Status::faulty ? 1500 : 0));
    CHECK(bench.node.damp_score(bench.now.steady, five[0]) == (out == Status::faulty ? 1500 : 0));
    CHECK(bench.node.damp_score(bench.now.steady, me) == 0);
  }
}

TEST_CASE("turned off, nobody is damped and nothing is told") {
  Config config = damped_early();
  config.damping.enabled = false;
  Bench bench(config);
  bench.join_cluster(five);
  come_and_go(bench, 6);
  CHECK(bench.status(me) == Status::alive);
  std::int64_t incarnation = today_ms;
  bench.ping({say(five[0], Status::faulty, incarnation)});
  bench.ping({say(five[0], Status::alive, ++incarnation)});
  const auto answer = bench.ask(ringpop::Join{"ringside", five[0], 1});
  CHECK(std::get<ringpop::JoinResponse>(answer).damp_score == 0);
}

TEST_CASE("who takes its leave is not damped, and stays away") {
  Bench bench(damped_early());
  bench.join_cluster(five);
  come_and_go(bench, 4);
  REQUIRE(bench.row(me)->damped);
  bench.node.leave(bench.now, bench.fresh());
  CHECK(bench.status(me) == Status::leave);
  CHECK(!bench.row(me)->damped);
  bench.pass(300s);
  CHECK(bench.status(me) == Status::leave);
}

TEST_CASE("one peer brings so many new members a minute, by gossip; another one, or a list, brings more") {
  Config config;
  config.newcomers_max = 3;
  Bench bench(config);
  bench.join_cluster(five);
  const auto claims = [](int first, int count) {
    std::vector<Change> changes;
    for (int i = first; i < first + count; ++i)
      changes.push_back(say("10.9.0." + std::to_string(i) + ":7601", Status::alive, 1));
    return changes;
  };
  const std::size_t known = bench.node.member_count();
  bench.ping(claims(1, 2));
  CHECK(bench.notices<ChangesRefused>().empty());
  bench.ping(claims(1, 5));
  REQUIRE(bench.notices<ChangesRefused>().size() == 1);
  CHECK(bench.notices<ChangesRefused>()[0].too_many_new == 2);
  CHECK(bench.node.member_count() == known + 3);
  bench.ask(ringpop::Ping{"ringside", "10.0.0.98:7601", 1, 0, claims(4, 2)});
  CHECK(bench.node.member_count() == known + 5);
  bench.ping({say("10.9.0.1:7601", Status::suspect, 1)});  // a known one counts for nothing
  CHECK(bench.notices<ChangesRefused>().empty());
  bench.pass(61s);
  bench.ping(claims(6, 1));
  CHECK(bench.node.member_count() >= 1);
  CHECK(bench.notices<ChangesRefused>().empty());
}

TEST_CASE("made-up peers do not make the quota") {
  NewcomerQuota quota(3);
  const Instant start{};
  for (std::size_t i = 0; i < limits::gossip_sources; ++i) quota.take(start, "peer " + std::to_string(i), 1);
  CHECK(quota.left(start, "one more") == 0);
  CHECK(quota.left(start, "peer 1") == 2);
  CHECK(quota.left(start + 60s, "one more") == 3);
  CHECK(NewcomerQuota(0).left(start, "any") > 1'000'000);
}
