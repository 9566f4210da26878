// Failure detection as a whole: pings, helpers, verdicts and what time makes of them (spec C.6, D.2, E).
#include <map>

#include "node_support.hpp"

using namespace ringside;
using namespace ringside::swim;

namespace {

const std::string target = "10.0.0.2:7601";
const std::vector<std::string> five{target, "10.0.0.3:7601", "10.0.0.4:7601", "10.0.0.5:7601",
                                    "10.0.0.6:7601"};

Result<ringpop::Response> says(bool reached) {
  return ringpop::Response(ringpop::PingReqResponse{{}, reached, target});
}

}  // namespace

TEST_CASE("the first ping carries exactly one change: ourselves, alive") {
  Bench bench;
  bench.join_cluster(five);
  const Send send = bench.next_ping();
  const auto& ping = std::get<ringpop::Ping>(send.body);
  CHECK(ping.app == "ringside");
  CHECK(ping.source == me);
  CHECK(ping.checksum == bench.node.checksum());
  REQUIRE(ping.changes.size() == 1);
  CHECK(ping.changes[0].address == me);
  CHECK(ping.changes[0].status == Status::alive);
  CHECK(send.deadline == bench.now.steady + 1500ms);
}

TEST_CASE("where answers are quick a ping waits for ten times what they take, within its bounds") {
  struct Row {
    Duration answer_after;
    Duration waits;
  };
  for (const auto& [answer_after, waits] :
       {Row{2ms, 300ms}, Row{29ms, 300ms}, Row{80ms, 800ms}, Row{200ms, 1500ms}}) {
    Config config;
    config.ping_timeout_min = 300ms;
    Bench bench(config);
    bench.join_cluster(five);
    for (int i = 0; i < 10; ++i) {
      const Send send = bench.next_ping();
      bench.sleep(answer_after);
      bench.answer(send, ringpop::PingResponse{{}, bench.node.checksum(), send.to, 1});
    }
    const Send last = bench.next_ping();
    CHECK(last.deadline == bench.now.steady + waits);
  }
}

TEST_CASE("who hears nobody calls somebody every second, and accuses nobody") {
  Config config;
  config.ping_timeout_min = 300ms;
  Bench bench(config);
  bench.join_cluster(five);
  bench.pass(3s);
  const Instant cut = bench.now.steady;
  std::vector<Instant> calls;
  std::vector<Send> unanswered;
  while (bench.now.steady < cut + 60s) {
    const auto due = std::ranges::min_element(unanswered, {}, &Send::deadline);
    if (due != unanswered.end() && due->deadline <= bench.node.next_deadline()) {
      const Send send = *due;
      unanswered.erase(due);
      bench.sleep(send.deadline - bench.now.steady);
      bench.fail(send);
    } else {
      bench.tick();
    }
    for (const Send& send : bench.out.sends) {
      if (std::holds_alternative<ringpop::Ping>(send.body)) calls.push_back(bench.now.steady);
      unanswered.push_back(send);
    }
  }
  for (const std::string& address : five) CHECK(bench.status(address) == Status::alive);
  Duration longest{};
  for (std::size_t i = 1; i < calls.size(); ++i) {
    if (calls[i - 1] > cut + 20s) longest = std::max(longest, calls[i] - calls[i - 1]);
  }
  CHECK(longest <= 1100ms);
}

TEST_CASE("changes are told 15 times and then no more; pings without an answer do not count") {
  Bench bench;
  bench.join_cluster(five);
  for (int i = 0; i < 5; ++i) {
    bench.fail(bench.next_ping());
    for (const Send& send : bench.sends<ringpop::PingReq>()) bench.fail(send);
  }
  for (int i = 0; i < 15; ++i) {
    const Send send = bench.next_ping();
    CHECK(std::get<ringpop::Ping>(send.body).changes.size() == 1);
    bench.answer(send, ringpop::PingResponse{{}, bench.node.checksum(), send.to, 1});
  }
  CHECK(std::get<ringpop::Ping>(bench.next_ping().body).changes.empty());
}

TEST_CASE("30 pings in 6 seconds, to everybody equally often") {
  Bench bench;
  bench.join_cluster(five);
  std::map<std::string, int> pings;
  const Instant end = bench.now.steady + 6s;
  while (bench.node.next_deadline() <= end) {
    bench.tick();
    for (const Send& send : bench.sends<ringpop::Ping>()) {
      ++pings[send.to];
      bench.answer(send, ringpop::PingResponse{{}, bench.node.checksum(), send.to, 1});
    }
  }
  int sum = 0;
  for (const auto& [address, count] : pings) {
    CHECK(count >= 5);
    CHECK(count <= 7);
    sum += count;
  }
  CHECK(sum >= 29);
  CHECK(sum <= 31);
}

TEST_CASE("a failed ping asks three others; what they say decides") {
  struct Case {
    std::vector<std::optional<bool>> helpers;  // empty: the helper failed
    Status status;
    bool inconclusive;
  };
  for (const Case& c : {Case{{false, false, false}, Status::suspect, false},
                        Case{{std::nullopt, false, std::nullopt}, Status::suspect, false},
                        Case{{false, true}, Status::alive, false},
                        Case{{std::nullopt, std::nullopt, std::nullopt}, Status::alive, true}}) {
    Config config;
    config.lifeguard = plain_swim;
    Bench bench(config);
    bench.join_cluster(five);
    bench.fail(bench.next_ping(target));
    CHECK(bench.notices<ProbeFailed>().at(0).target == target);
    const auto helpers = bench.sends<ringpop::PingReq>();
    REQUIRE(helpers.size() == 3);
    for (const Send& helper : helpers) {
      CHECK(helper.to != target);
      CHECK(std::get<ringpop::PingReq>(helper.body).target == target);
      CHECK(helper.deadline == bench.now.steady + 5s);
    }
    for (std::size_t i = 0; i < c.helpers.size(); ++i) {
      CHECK(bench.status(target) == Status::alive);
      c.helpers[i] ? bench.answer(helpers[i], says(*c.helpers[i])) : bench.fail(helpers[i]);
    }
    CHECK(bench.status(target) == c.status);
    CHECK(bench.notices<ProbeInconclusive>().size() == (c.inconclusive ? 1 : 0));
    const Instant next = bench.node.next_deadline();
    CHECK(next == bench.now.steady + 200ms);  // the next period, no sooner
    for (std::size_t i = c.helpers.size(); i < helpers.size(); ++i) bench.answer(helpers[i], says(false));
    CHECK(bench.status(target) == c.status);  // the verdict stands
  }
}

TEST_CASE("with nobody to ask a failed ping is enough") {
  Bench bench;
  bench.join_cluster({target});
  bench.fail(bench.next_ping(target));
  CHECK(bench.status(target) == Status::suspect);
  CHECK(bench.row(target)->incarnation == today_ms - 1000);
}

TEST_CASE("a member that is not ready yet is not suspected") {
  Bench bench;
  bench.join_cluster({target});
  bench.answer(bench.next_ping(target),
               ringpop::Rejection{"ringpop.not-ready", "node is not ready to handle requests"});
  CHECK(bench.status(target) == Status::alive);
}

TEST_CASE("a refutation that arrives while helpers are asked wins over their verdict") {
  Bench bench;
  bench.join_cluster(five);
  bench.fail(bench.next_ping(target));
  const auto helpers = bench.sends<ringpop::PingReq>();
  bench.ping({say(target, Status::alive, today_ms)});
  for (const Send& helper : helpers) bench.answer(helper, says(false));
  CHECK(bench.status(target) == Status::alive);
}

TEST_CASE("suspect, faulty after 5 s, tombstone, gone; each is gossiped but the last") {
  Config config;
  config.lifeguard = plain_swim;
  config.faulty_timeout = 10s;
  config.tombstone_timeout = 3s;
  Bench bench(config);
  bench.join_cluster(five);
  bench.ping({say(target, Status::suspect, today_ms - 1000)});
  bench.pass(4900ms);
  CHECK(bench.status(target) == Status::suspect);
  bench.pass(200ms);
  CHECK(bench.status(target) == Status::faulty);
  CHECK(find_change(bench.ping({}).changes, target)->source == me);
  bench.pass(9800ms);
  CHECK(bench.status(target) == Status::faulty);
  bench.pass(200ms);
  CHECK(bench.status(target) == Status::tombstone);
  CHECK(find_change(bench.ping({}).changes, target)->status == Status::tombstone);
  bench.pass(2800ms);
  CHECK(bench.status(target) == Status::tombstone);
  bench.pass(200ms);
  CHECK(!bench.status(target));
  bench.ping({say(target, Status::tombstone, today_ms - 1000)});
  CHECK(!bench.status(target));  // a tombstone brings nobody back

  bench.ping({say(target, Status::alive, today_ms)});  // a new life does, with one turn a round as before
  bench.pass(5s);
  int turns = 0;
  for (int i = 0; i < 50; ++i) {
    const Send send = bench.next_ping();
    turns += send.to == target ? 1 : 0;
    bench.answer(send, ringpop::PingResponse{{}, bench.node.checksum(), send.to, 1});
  }
  CHECK(turns >= 9);
  CHECK(turns <= 11);
}

TEST_CASE("a suspicion at a newer incarnation has its own full time") {
  Config config;
  config.lifeguard = plain_swim;
  Bench bench(config);
  bench.join_cluster(five);
  bench.ping({say(target, Status::suspect, today_ms - 1000)});
  bench.pass(4s);
  bench.ping({say(target, Status::suspect, today_ms)});
  bench.pass(4s);
  CHECK(bench.status(target) == Status::suspect);
  bench.pass(1100ms);
  CHECK(bench.status(target) == Status::faulty);
}

TEST_CASE("answers nobody waits for are ignored") {
  Bench bench;
  bench.join_cluster({target});
  const Send send = bench.next_ping(target);
  bench.answer(send, ringpop::PingResponse{});
  const auto before = bench.node.members();
  for (const CallId call : {send.call, CallId{0}, CallId{999}}) {
    bench.node.on_response(
        bench.now, call,
        ringpop::Response(ringpop::PingResponse{{say("10.0.0.9:1", Status::alive, 1)}, 0, "", 0}),
        bench.fresh());
    CHECK(bench.out.empty());
  }
  CHECK(bench.node.members() == before);
}

TEST_CASE("a member alone probes nobody and still has a later deadline each time") {
  Bench bench;
  bench.join({});
  REQUIRE(bench.node.ready());
  for (int i = 0; i < 10; ++i) {
    bench.tick();
    CHECK(bench.out.sends.empty());
  }
}

TEST_CASE("what direct pings take is kept for each member, smoothed as TCP does") {
  Bench bench;
  bench.join_cluster(five);
  CHECK_FALSE(bench.node.rtt(target));
  const auto answer_after = [&](Duration took) {
    const Send send = bench.next_ping(target);
    bench.sleep(took);
    bench.answer(send, ringpop::PingResponse{{}, bench.node.checksum(), send.to, 1});
  };
  answer_after(8ms);
  CHECK(bench.node.rtt(target) == 8ms);
  answer_after(16ms);
  CHECK(bench.node.rtt(target) == 9ms);  // an eighth of the difference
  bench.fail(bench.next_ping(target));   // says nothing of the time
  CHECK(bench.node.rtt(target) == 9ms);
  bench.ping({say(target, Status::alive, today_ms + 5)});  // gossip of it does not forget the time
  CHECK(bench.node.rtt(target) == 9ms);
  CHECK_FALSE(bench.node.rtt(me));
  CHECK_FALSE(bench.node.rtt("10.0.0.77:7601"));
}
