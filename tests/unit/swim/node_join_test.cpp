// Joining a cluster, and the right to a name (spec E.4 and our own rules for names).
#include "node_support.hpp"

using namespace ringside;
using namespace ringside::swim;

namespace {

const std::string seed = "10.0.0.2:7601";

ringpop::Response list(std::vector<Change> changes) {
  return ringpop::JoinResponse{"ringside", seed, std::move(changes), 0};
}

ringpop::Labels named(const std::string& name) {
  return {{"__identity", name}};
}

Config with_name(const std::string& name) {
  Config config;
  config.name = name;
  return config;
}

}  // namespace

TEST_CASE("what a join brings fills the list and starts timers, but is not spread on") {
  Config config;
  config.lifeguard = plain_swim;
  Bench bench(config);
  bench.join({seed, me});
  CHECK(!bench.node.ready());
  const auto joins = bench.sends<ringpop::Join>();
  REQUIRE(joins.size() == 1);
  CHECK(joins[0].deadline == bench.now.steady + 1s);
  CHECK(std::get<ringpop::Join>(joins[0].body).incarnation == bench.node.incarnation());
  // As the test nodes of ringpop's suite answer: ourselves without an incarnation.
  bench.answer(joins[0], list({say(seed, Status::alive, 1), say("10.0.0.3:7601", Status::suspect, 1),
                               say(me, Status::alive, 0), say("10.0.0.4:7601", Status::tombstone, 1)}));
  CHECK(bench.node.ready());
  CHECK(bench.notices<JoinComplete>().at(0).joined == 1);
  CHECK(bench.notices<RingInputChanged>().size() == 1);
  CHECK(!bench.status("10.0.0.4:7601"));
  CHECK(bench.node.pending_changes() == 1);  // ourselves
  CHECK(bench.notices<Refuted>().empty());
  bench.pass(5100ms);
  CHECK(bench.status("10.0.0.3:7601") == Status::faulty);
}

TEST_CASE("news of ourselves in a join list is refuted and spread") {
  Bench bench;
  bench.join({seed});
  bench.answer(bench.sends<ringpop::Join>().at(0),
               list({say(seed, Status::alive, 1), say(me, Status::faulty, today_ms + 5)}));
  CHECK(bench.node.incarnation() == today_ms + 6);
  CHECK(find_change(bench.ping({}).changes, me)->incarnation == today_ms + 6);
}

TEST_CASE("a seed that cannot be reached is named with its reason, every round, for ever") {
  Bench bench;
  bench.join({seed});
  for (int round = 0; round < 20; ++round) {
    if (round > 0) bench.tick();
    const auto joins = bench.sends<ringpop::Join>();
    REQUIRE(joins.size() == 1);
    CHECK(bench.node.first_round_done() == (round > 0));
    bench.fail(joins[0], Errc::refused);
    const auto rounds = bench.notices<JoinRound>();
    REQUIRE(rounds.size() == 1);
    CHECK(rounds[0].asked == 1);
    CHECK(rounds[0].failed == 1);
    CHECK(rounds[0].last_error == seed + ": " + make_error_code(Errc::refused).message());
  }
  CHECK(!bench.node.ready());
  bench.tick();
  bench.answer(bench.sends<ringpop::Join>().at(0), list({say(seed, Status::alive, 1)}));
  CHECK(bench.node.ready());
}

TEST_CASE("a refusal is a failed join with the peer's own words; a wrong kind of answer is one too") {
  for (const auto& [answer, words] :
       {std::pair<ringpop::Response, std::string>{
            ringpop::Rejection{"ringpop.invalid-join.app", "different app"}, seed + ": different app"},
        {ringpop::PingResponse{}, seed + ": not an answer to a join"}}) {
    Bench bench;
    bench.join({seed});
    bench.answer(bench.sends<ringpop::Join>().at(0), answer);
    CHECK(bench.notices<JoinRound>().at(0).last_error == words);
    CHECK(!bench.node.ready());
  }
}

TEST_CASE("alone: with no seed, with our own address, or when the only seed turns out to be us") {
  for (const auto& seeds : {std::vector<std::string>{}, std::vector<std::string>{me}}) {
    Bench bench;
    bench.join(seeds);
    CHECK(bench.node.ready());
    CHECK(bench.out.sends.empty());
    CHECK(bench.notices<JoinComplete>().size() == 1);
  }
  Bench bench;
  bench.join({"127.0.0.1:7601"});
  bench.answer(bench.sends<ringpop::Join>().at(0), ringpop::Rejection{"ringpop.self-join", "that was you"});
  CHECK(bench.node.ready());
}

TEST_CASE("alone and ready, a list with others in it makes us join them; among others it changes nothing") {
  Bench bench;
  bench.join({me});
  bench.join({me, seed});
  const auto joins = bench.sends<ringpop::Join>();
  REQUIRE(joins.size() == 1);
  bench.answer(joins[0], list({say(seed, Status::alive, 1)}));
  CHECK(bench.node.member_count() == 2);
  bench.join({"10.0.0.77:7601"});
  CHECK(bench.out.sends.empty());
}

TEST_CASE("two that start together: the join of the other ends our wait") {
  Bench bench;
  bench.join({seed});
  bench.fail(bench.sends<ringpop::Join>().at(0), Errc::refused);
  bench.ask(ringpop::Join{"ringside", seed, 1});
  CHECK(bench.node.next_deadline() == bench.now.steady);
  bench.tick();
  CHECK(bench.sends<ringpop::Join>().at(0).to == seed);
}

TEST_CASE("a member that pings us while our seeds are dead is as good as a seed; nonsense is not") {
  Bench bench;
  bench.join({seed});
  bench.fail(bench.sends<ringpop::Join>().at(0), Errc::refused);
  for (const std::string source : {"", "garbage"}) {
    bench.ask(ringpop::Ping{"ringside", source, 1, 1, {}});
    CHECK(bench.node.next_deadline() > bench.now.steady);
  }
  bench.ask(ringpop::Ping{"ringside", "10.0.0.44:7601", 1, 1, {}});
  bench.tick();
  const auto joins = bench.sends<ringpop::Join>();
  REQUIRE(joins.size() == 1);
  CHECK(joins[0].to == "10.0.0.44:7601");
  bench.answer(joins[0], list({say("10.0.0.44:7601", Status::alive, 1)}));
  CHECK(bench.node.ready());
}

TEST_CASE("back under our name at another address, we take the old entry's place") {
  Bench bench(with_name("alpha"));
  bench.join({seed});
  bench.answer(bench.sends<ringpop::Join>().at(0),
               list({say(seed, Status::alive, 1, named("beta")),
                     say("10.0.0.8:7601", Status::alive, 7, named("alpha"))}));
  CHECK(bench.status("10.0.0.8:7601") == Status::faulty);
  CHECK(bench.row("10.0.0.8:7601")->incarnation == 7);
  CHECK(bench.notices<NameConflict>().empty());
  const auto changes = bench.ping({}).changes;
  REQUIRE(find_change(changes, "10.0.0.8:7601") != nullptr);
  CHECK(find_change(changes, "10.0.0.8:7601")->source == me);

  // The old one lives after all, and it is the later one now: both say so, we go, and come back when it is
  // gone.
  bench.ping({say("10.0.0.8:7601", Status::alive, today_ms + 500, named("alpha"))});
  REQUIRE(bench.notices<NameConflict>().size() == 1);
  CHECK(bench.notices<NameConflict>()[0].other_address == "10.0.0.8:7601");
  CHECK(bench.status(me) == Status::leave);
  CHECK(bench.node.yielded_to() == "10.0.0.8:7601");
  bench.ping({say("10.0.0.8:7601", Status::faulty, today_ms + 500, named("alpha"))});
  CHECK(bench.status(me) == Status::alive);
  CHECK(bench.node.yielded_to().empty());
}

TEST_CASE("seeds that know different incarnations of our old self are no reason to think that it lives") {
  Bench bench(with_name("alpha"));
  bench.join({seed, "10.0.0.3:7601"});
  const auto joins = bench.sends<ringpop::Join>();
  REQUIRE(joins.size() == 2);
  for (const std::int64_t incarnation : {7, 9}) {
    bench.answer(joins[incarnation == 7 ? 0 : 1],
                 list({say(seed, Status::alive, 1),
                       say("10.0.0.8:7601", Status::alive, incarnation, named("alpha"))}));
    CHECK(bench.notices<NameConflict>().empty());
  }
  CHECK(bench.status("10.0.0.8:7601") == Status::faulty);
  CHECK(bench.row("10.0.0.8:7601")->incarnation == 9);
}

TEST_CASE("a newcomer under our name is told that we live; it goes, we stay") {
  Bench bench(with_name("alpha"));
  bench.join_cluster({seed});
  bench.pass(1s);
  const std::int64_t theirs = bench.now.wall.time_since_epoch().count();
  bench.ping({say("10.0.0.8:7601", Status::alive, theirs, named("alpha"))});
  CHECK(bench.notices<NameConflict>().size() == 1);
  CHECK(bench.status(me) == Status::alive);
  CHECK(bench.node.incarnation() > theirs);
  bench.ping({say("10.0.0.8:7601", Status::leave, theirs + 5, named("alpha"))});
  CHECK(bench.status(me) == Status::alive);
}

TEST_CASE(
    "a newcomer under our name that holds us for its own past goes, also when we refute before we meet it") {
  for (const bool together : {true, false}) {
    Bench bench(with_name("alpha"));
    bench.join_cluster({seed});
    bench.pass(1s);
    const auto newcomer =
        say("10.0.0.8:7601", Status::alive, bench.now.wall.time_since_epoch().count(), named("alpha"));
    const auto accusation = say(me, Status::faulty, bench.node.incarnation());
    bench.pass(500ms);
    if (together) {
      bench.ping({newcomer, accusation});
    } else {
      bench.ping({accusation});
      bench.ping({newcomer});
    }
    CHECK(bench.notices<NameConflict>().size() == 1);
    CHECK(bench.status("10.0.0.8:7601") == Status::alive);
    CHECK(bench.status(me) == Status::alive);
    CHECK(bench.node.incarnation() > newcomer.incarnation);
  }
}

TEST_CASE("after leave() we do not come back on our own") {
  Bench bench(with_name("alpha"));
  bench.join_cluster({seed});
  bench.node.leave(bench.now, bench.fresh());
  bench.ping({say("10.0.0.8:7601", Status::alive, today_ms, named("alpha"))});
  bench.ping({say("10.0.0.8:7601", Status::faulty, today_ms, named("alpha"))});
  CHECK(bench.status(me) == Status::leave);
}

TEST_CASE(
    "a young member asks another one for its list, soon after it joined and whenever its own has grown") {
  Config config;
  config.catch_up = true;
  Bench bench(config);
  bench.join_cluster({"10.0.0.2:7601", "10.0.0.3:7601"});
  const Instant joined = bench.now.steady;
  const auto next_list = [&](Duration limit) -> std::optional<Send> {
    const Instant end = bench.now.steady + limit;
    while (bench.node.next_deadline() <= end) {
      bench.tick();
      const auto joins = bench.sends<ringpop::Join>();
      for (const Send& send : bench.sends<ringpop::Ping>())
        bench.answer(send, ringpop::PingResponse{{}, bench.node.checksum(), send.to, 1});
      if (!joins.empty()) return joins.at(0);
    }
    return std::nullopt;
  };
  int lists = 0;
  std::string newest = "10.0.0.3:7601";
  while (const auto send = next_list(5s)) {
    ++lists;
    CHECK(bench.now.steady >= joined + lists * 300ms);
    CHECK((send->to == "10.0.0.2:7601" || bench.status(send->to) == Status::alive));
    newest = "10.0.1." + std::to_string(lists) + ":7601";
    const auto pending = bench.node.pending_changes();
    bench.answer(*send,
                 ringpop::JoinResponse{"ringside", send->to, {say(newest, Status::alive, today_ms)}, 0});
    CHECK(bench.status(newest) == Status::alive);
    CHECK(bench.node.pending_changes() == pending);  // it is not spread
  }
  CHECK(lists == 8);
}

TEST_CASE("a young member whose list grows no more asks now and then while others have another one") {
  Config config;
  config.catch_up = true;
  Bench bench(config);
  bench.join_cluster({"10.0.0.2:7601", "10.0.0.3:7601"});
  const Instant joined = bench.now.steady;
  const auto lists_until = [&](Instant end, bool others_differ) {
    std::vector<Duration> lists;  // when
    while (bench.node.next_deadline() <= end) {
      bench.tick();
      const auto joins = bench.sends<ringpop::Join>();
      for (const Send& send : bench.sends<ringpop::Ping>())
        bench.answer(send, ringpop::PingResponse{{}, bench.node.checksum() + others_differ, send.to, 1});
      for (const Send& send : joins) {
        lists.push_back(bench.now.steady - joined);
        bench.answer(send, ringpop::JoinResponse{"ringside", send.to, {}, 0});
      }
    }
    bench.sleep(end - bench.now.steady);
    return lists;
  };
  CHECK(lists_until(joined + 1s, true).size() == 1);  // because it has joined
  const auto lists = lists_until(joined + 6s, true);
  CHECK(lists.size() >= 3);
  for (std::size_t i = 1; i < lists.size(); ++i) CHECK(lists[i] - lists[i - 1] >= 1300ms);
  CHECK(lists_until(joined + 9s, false).size() <= 1);  // one may have been on its way
  CHECK(lists_until(joined + 20s, true).size() <= 1);  // up to its tenth second
  CHECK(lists_until(joined + 60s, true).empty());      // an old one waits for a full sync
}

TEST_CASE("a list that has not grown, or a member that is no longer young, asks nobody") {
  Config config;
  config.catch_up = true;
  Bench bench(config);
  bench.join_cluster({"10.0.0.2:7601", "10.0.0.3:7601"});
  const auto lists_in = [&](Duration time) {
    int lists = 0;
    const Instant end = bench.now.steady + time;
    while (bench.node.next_deadline() <= end) {
      bench.tick();
      const auto joins = bench.sends<ringpop::Join>();
      for (const Send& send : bench.sends<ringpop::Ping>())
        bench.answer(send, ringpop::PingResponse{{}, bench.node.checksum(), send.to, 1});
      for (const Send& send : joins) bench.fail(send);
      lists += static_cast<int>(joins.size());
    }
    bench.sleep(end - bench.now.steady);
    return lists;
  };
  CHECK(lists_in(5s) == 1);
  bench.ping({say("10.0.0.4:7601", Status::alive, today_ms)});
  CHECK(lists_in(5s) == 1);
  bench.ping({say("10.0.0.5:7601", Status::alive, today_ms)});  // after ten seconds
  CHECK(lists_in(5s) == 0);
}
