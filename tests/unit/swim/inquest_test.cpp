// Proof of death: what an inquest concludes from what is found, and what a node does with it.
#include "daemon/swim/inquest.hpp"

#include "node_support.hpp"

using namespace ringside;
using namespace ringside::swim;

namespace {

const std::string target = "10.0.0.2:7601";
const std::vector<std::string> five{target, "10.0.0.3:7601", "10.0.0.4:7601", "10.0.0.5:7601",
                                    "10.0.0.6:7601"};
const std::int64_t born = today_ms - 1000;  // the incarnation of all of them

Result<ringpop::Response> says(bool reached, bool refused = false) {
  return ringpop::Response(ringpop::PingReqResponse{{}, reached, target, refused});
}

// A node among these, whose connection to the target has just broken.
Bench with_lost_connection(const std::vector<std::string>& others, Config config = {}) {
  Bench bench(std::move(config));
  bench.join_cluster(others);
  bench.node.connection_lost(bench.now, target, bench.fresh());
  return bench;
}

Send only_ping(const Bench& bench) {
  const auto pings = bench.sends<ringpop::Ping>();
  REQUIRE(pings.size() == 1);
  CHECK(pings[0].to == target);
  return pings[0];
}

}  // namespace

TEST_CASE("what helpers find makes a proof, a suspicion or nothing of a refused connection") {
  using Says = Inquest::HelperSays;
  using Next = Inquest::Next;
  struct Case {
    Inquest::Found found;
    std::vector<Says> helpers;
    Next verdict;
  };
  constexpr auto refused = Inquest::Found::refused;
  for (const Case& c :
       {Case{refused, {Says::refused, Says::refused}, Next::dead},
        Case{refused, {Says::refused, Says::nothing, Says::refused}, Next::dead},
        Case{refused, {Says::refused, Says::unreachable, Says::unreachable}, Next::unreachable},
        Case{refused, {Says::refused, Says::nothing, Says::nothing}, Next::unreachable},
        Case{refused, {Says::refused, Says::reachable}, Next::alive},
        Case{refused, {Says::nothing, Says::nothing}, Next::inconclusive},
        Case{refused, {Says::refused, Says::gone, Says::gone}, Next::dead},  // those died too
        Case{refused, {Says::gone, Says::gone}, Next::unreachable},          // all are, or it is us
        Case{Inquest::Found::silent, {Says::refused, Says::refused, Says::refused}, Next::unreachable},
        Case{Inquest::Found::silent, {Says::gone, Says::gone}, Next::inconclusive}}) {
    Inquest inquest(1, born);
    REQUIRE(inquest.on_ping(Instant{}, c.found, false) == Next::ask);
    inquest.ask(c.helpers.size());
    Next next = Next::wait;
    for (const Says helper : c.helpers) {
      REQUIRE(next == Next::wait);
      next = inquest.on_helper(helper);
    }
    CHECK(next == c.verdict);
  }
}

TEST_CASE("with nobody to ask two refusals in a row are the proof, a tenth of a second apart") {
  Inquest inquest(1, born);
  CHECK(inquest.on_ping(Instant{}, Inquest::Found::refused, true) == Inquest::Next::wait);
  CHECK(inquest.next_ping() == Instant{} + 100ms);
  CHECK(inquest.on_ping(Instant{} + 100ms, Inquest::Found::refused, true) == Inquest::Next::dead);

  Inquest silent(2, born);
  CHECK(silent.on_ping(Instant{}, Inquest::Found::refused, true) == Inquest::Next::wait);
  CHECK(silent.on_ping(Instant{}, Inquest::Found::silent, true) == Inquest::Next::unreachable);
}

TEST_CASE("a connection that broke is tried again at once, then with pauses, four times in all") {
  Inquest inquest(1, born);
  using Next = Inquest::Next;
  for (const Next next : {Next::ping, Next::wait, Next::wait, Next::ask})
    CHECK(inquest.on_ping(Instant{}, Inquest::Found::lost, false) == next);
}

TEST_CASE("a lost connection is looked into at once, and two witnesses beside us make its member faulty") {
  Bench bench = with_lost_connection(five);
  bench.fail(only_ping(bench), Errc::refused);
  const auto helpers = bench.sends<ringpop::PingReq>();
  REQUIRE(helpers.size() == 3);
  bench.answer(helpers[0], says(false, true));
  CHECK(bench.status(target) == Status::alive);
  bench.answer(helpers[1], says(false, true));
  CHECK(bench.status(target) == Status::faulty);
  REQUIRE(bench.notices<DeathProved>().size() == 1);
  CHECK(bench.notices<DeathProved>()[0].witnesses == 2);
  CHECK(bench.notices<DeathProved>()[0].incarnation == born);
  bench.answer(helpers[2], says(false, true));  // too late to matter
  CHECK(bench.notices<DeathProved>().empty());
  const auto changes = bench.ping({}).changes;
  REQUIRE(find_change(changes, target) != nullptr);
  CHECK(find_change(changes, target)->status == Status::faulty);
  CHECK(find_change(changes, target)->source == me);
}

TEST_CASE("a ping in its turn that is refused leads to an inquest too, and the period is over") {
  Bench bench;
  bench.join_cluster(five);
  bench.fail(bench.next_ping(target), Errc::refused);
  CHECK(bench.notices<ProbeFailed>().size() == 1);
  const auto helpers = bench.sends<ringpop::PingReq>();
  REQUIRE(helpers.size() == 3);
  CHECK(bench.node.next_deadline() == bench.now.steady + 200ms);
  for (const Send& helper : helpers) bench.answer(helper, says(false, true));
  CHECK(bench.status(target) == Status::faulty);
}

TEST_CASE("one firewall between us and a member proves nothing") {
  Bench bench = with_lost_connection(five);
  bench.fail(only_ping(bench), Errc::refused);
  bench.answer(bench.sends<ringpop::PingReq>()[0], says(true));
  bench.pass(2s);
  CHECK(bench.status(target) == Status::alive);
}

TEST_CASE("who is silent keeps the time of a suspect, though others are refused by it") {
  Bench bench = with_lost_connection(five);
  bench.fail(only_ping(bench), Errc::timed_out);
  const auto helpers = bench.sends<ringpop::PingReq>();
  for (const Send& helper : helpers) bench.answer(helper, says(false, true));
  CHECK(bench.status(target) == Status::suspect);
  bench.pass(20s);
  CHECK(bench.status(target) == Status::suspect);
}

TEST_CASE("a connection that broke once more is no refusal; the next one tells") {
  Bench bench = with_lost_connection(five);
  bench.fail(only_ping(bench), Errc::connection_lost);
  bench.answer(only_ping(bench), ringpop::PingResponse{{}, bench.node.checksum(), target, 1});
  CHECK(bench.sends<ringpop::PingReq>().empty());
  CHECK(bench.status(target) == Status::alive);
}

TEST_CASE("of two members the one left finds the other dead after a second refusal") {
  Bench bench = with_lost_connection({target});
  bench.fail(only_ping(bench), Errc::refused);
  CHECK(bench.status(target) == Status::alive);
  CHECK(bench.node.next_deadline() <= bench.now.steady + 100ms);
  for (int i = 0; i < 3 && bench.sends<ringpop::Ping>().empty(); ++i) bench.tick();
  bench.fail(bench.sends<ringpop::Ping>().at(0), Errc::refused);
  for (int i = 0; i < 3 && bench.status(target) != Status::faulty; ++i) {
    bench.tick();
    for (const Send& ping : bench.sends<ringpop::Ping>()) bench.fail(ping, Errc::refused);
  }
  CHECK(bench.status(target) == Status::faulty);
}

TEST_CASE("when all helpers are gone too, nobody is proved dead, and a suspect has the plain time") {
  Bench bench = with_lost_connection({target, five[1], five[2]});
  bench.fail(only_ping(bench), Errc::refused);
  const auto helpers = bench.sends<ringpop::PingReq>();
  REQUIRE(helpers.size() == 2);
  for (const Send& helper : helpers) bench.fail(helper, Errc::refused);
  CHECK(bench.status(target) == Status::suspect);
  const Instant began = bench.now.steady;
  for (int i = 0; i < 100 && bench.status(target) == Status::suspect; ++i) bench.pass(100ms);
  CHECK(bench.status(target) == Status::faulty);
  CHECK(std::chrono::abs(bench.now.steady - began - 5s) <= 200ms);
}

TEST_CASE("what was found about an earlier life says nothing about the next one") {
  SECTION("it came back while we pinged") {
    Bench bench = with_lost_connection(five);
    const Send ping = only_ping(bench);
    bench.ping({say(target, Status::alive, born + 5)});
    bench.fail(ping, Errc::refused);
    CHECK(bench.sends<ringpop::PingReq>().empty());
  }
  SECTION("it came back while we asked") {
    Bench bench = with_lost_connection(five);
    bench.fail(only_ping(bench), Errc::refused);
    const auto helpers = bench.sends<ringpop::PingReq>();
    bench.answer(helpers.at(0), says(false, true));
    bench.ping({say(target, Status::alive, born + 5)});
    bench.answer(helpers.at(1), says(false, true));
    CHECK(bench.notices<DeathProved>().empty());
    CHECK(bench.status(target) == Status::alive);
  }
}

TEST_CASE("however often we are told, one inquest is held at a time, and none of who is not in the ring") {
  Bench bench = with_lost_connection(five);
  const Send ping = only_ping(bench);
  for (int i = 0; i < 3; ++i) {
    bench.node.connection_lost(bench.now, target, bench.fresh());
    CHECK(bench.out.sends.empty());
  }
  bench.answer(ping, ringpop::PingResponse{{}, bench.node.checksum(), target, 1});
  bench.ping({say(target, Status::leave, born)});
  for (const std::string& nobody : {target, std::string("10.0.0.77:7601"), std::string(me)}) {
    bench.node.connection_lost(bench.now, nobody, bench.fresh());
    CHECK(bench.out.sends.empty());
  }
}

TEST_CASE("who slept proves nothing with what it missed") {
  Bench bench = with_lost_connection(five);
  const Send ping = only_ping(bench);
  bench.sleep(10s);
  bench.fail(ping, Errc::refused);
  CHECK(bench.sends<ringpop::PingReq>().empty());
  CHECK(bench.status(target) == Status::alive);
}

TEST_CASE("turned off, a refused connection is a failed ping like others, and a lost one is nothing") {
  Config config;
  config.proof_of_death = false;
  Bench bench = with_lost_connection(five, config);
  CHECK(bench.out.sends.empty());
  bench.fail(bench.next_ping(target), Errc::refused);
  for (const Send& helper : bench.sends<ringpop::PingReq>()) bench.answer(helper, says(false, true));
  CHECK(bench.status(target) == Status::suspect);
}

TEST_CASE("a helper says whether it was refused, and tries again when an old connection broke under it") {
  for (const bool enabled : {true, false}) {
    Config config;
    config.proof_of_death = enabled;
    Bench bench(config);
    bench.join_cluster(five);
    const ReplyId asked{1000};
    bench.node.on_request(bench.now, asked, ringpop::PingReq{five[1], 1, target, 0, {}}, bench.fresh());
    Send ping = only_ping(bench);
    bench.fail(ping, Errc::connection_lost);
    if (enabled) {
      CHECK(bench.out.replies.empty());
      ping = only_ping(bench);
      bench.fail(ping, Errc::refused);
    }
    REQUIRE(bench.out.replies.size() == 1);
    CHECK(bench.out.replies[0].to == asked);
    const auto& answer = std::get<ringpop::PingReqResponse>(bench.out.replies[0].body);
    CHECK(!answer.ping_status);
    CHECK(answer.refused == enabled);
  }
}
