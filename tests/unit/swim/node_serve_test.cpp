// What a node answers to its peers (spec B.1, C, D.3, D.4).
#include "node_support.hpp"

using namespace ringside;
using namespace ringside::swim;

namespace {

ringpop::Rejection refusal(const ringpop::Response& response) {
  REQUIRE(std::holds_alternative<ringpop::Rejection>(response));
  return std::get<ringpop::Rejection>(response);
}

}  // namespace

TEST_CASE("before it is ready a node answers joins and refuses the rest") {
  Bench bench;
  const auto join = bench.ask(ringpop::Join{"ringside", "10.0.0.2:7601", 1});
  REQUIRE(std::holds_alternative<ringpop::JoinResponse>(join));
  const auto& list = std::get<ringpop::JoinResponse>(join);
  CHECK(list.coordinator == me);
  CHECK(list.membership_checksum == bench.node.checksum());
  REQUIRE(list.membership.size() == 1);  // the joiner is not added: it makes itself known by pinging
  CHECK(list.membership[0].address == me);
  CHECK(list.membership[0].source == me);

  for (const ringpop::Request& request :
       {ringpop::Request(
            ringpop::Ping{"ringside", "10.0.0.2:7601", 1, 1, {say("10.0.0.3:7601", Status::alive, 1)}}),
        ringpop::Request(ringpop::PingReq{"10.0.0.2:7601", 1, "10.0.0.3:7601", 1, {}})}) {
    const auto refused = refusal(bench.ask(request));
    CHECK(refused.type == "ringpop.not-ready");
    CHECK(refused.message == "node is not ready to handle requests");
  }
  CHECK(bench.node.member_count() == 1);
}

TEST_CASE("a node refuses to be joined by itself and by another cluster, and pings of another cluster") {
  Bench bench;
  const auto self_join = refusal(bench.ask(ringpop::Join{"ringside", me, 1}));
  CHECK(self_join.type == "ringpop.self-join");
  CHECK(self_join.message.starts_with("A node tried joining a cluster by attempting to join itself."));
  const auto other_app = refusal(bench.ask(ringpop::Join{"other", "10.0.0.2:7601", 1}));
  CHECK(other_app.type == "ringpop.invalid-join.app");
  CHECK(other_app.message.starts_with("A node tried joining a different app cluster."));

  bench.join({});
  const auto stranger = say("10.0.0.3:7601", Status::alive, 1);
  CHECK(refusal(bench.ask(ringpop::Ping{"other", "10.0.0.2:7601", 1, 1, {stranger}})).message ==
        "Pinged ringpop has a different app name");
  CHECK(!bench.status("10.0.0.3:7601"));
  bench.ask(ringpop::Ping{"", "10.0.0.2:7601", 1, 1, {stranger}});  // older peers send no app
  CHECK(bench.status("10.0.0.3:7601") == Status::alive);
}

TEST_CASE("an accusation is refuted in the very answer, with a higher incarnation and no full sync") {
  for (const Status accusation : {Status::suspect, Status::faulty, Status::leave, Status::tombstone}) {
    Bench bench;
    bench.join_cluster({"10.0.0.2:7601"});
    const std::int64_t before = bench.node.incarnation();
    const auto answer = bench.ping({say(me, accusation, before)}, bench.node.checksum() + 1);
    CHECK(bench.node.incarnation() > before);
    REQUIRE(answer.changes.size() == 1);
    const Change& change = answer.changes[0];
    CHECK(change.address == me);
    CHECK(change.status == Status::alive);
    CHECK(change.incarnation == bench.node.incarnation());
    CHECK(change.source == me);
    CHECK(change.source_incarnation == change.incarnation);
    CHECK(answer.source_incarnation == change.incarnation);
    CHECK(answer.checksum == bench.node.checksum());
    CHECK(bench.notices<Refuted>().size() == 1);
    CHECK(bench.notices<FullSync>().empty());
  }
}

TEST_CASE("a refutation is above what was gossiped even when the clock is behind") {
  Bench bench;
  bench.join_cluster({"10.0.0.2:7601"});
  const std::int64_t ahead = today_ms + 3600 * 1000;
  bench.ping({say(me, Status::suspect, ahead)});
  CHECK(bench.node.incarnation() == ahead + 1);
}

TEST_CASE("older news of ourselves, or the same, is no reason to refute") {
  Bench bench;
  bench.join_cluster({"10.0.0.2:7601"});
  const std::int64_t before = bench.node.incarnation();
  bench.ping({say(me, Status::faulty, before - 1), say(me, Status::alive, before)});
  CHECK(bench.node.incarnation() == before);
  CHECK(bench.notices<Refuted>().empty());
}

TEST_CASE("other checksums and nothing pending: the whole list, and one join back") {
  Bench bench;
  bench.join_cluster({"10.0.0.2:7601", "10.0.0.3:7601"});
  bench.pass(20s);  // the self change has been told often enough
  REQUIRE(bench.node.pending_changes() == 0);

  CHECK(bench.ping({}, bench.node.checksum()).changes.empty());
  CHECK(bench.out.sends.empty());

  const auto answer = bench.ping({}, bench.node.checksum() + 1);
  CHECK(answer.changes.size() == 3);
  CHECK(find_change(answer.changes, me) != nullptr);
  for (const Change& change : answer.changes) CHECK(change.source == me);
  CHECK(bench.notices<FullSync>().size() == 1);
  const auto joins = bench.sends<ringpop::Join>();
  REQUIRE(joins.size() == 1);
  CHECK(joins[0].to == "10.0.0.99:7601");

  // What comes back is news, and spread on.
  bench.answer(joins[0],
               ringpop::JoinResponse{
                   "ringside", "10.0.0.99:7601", {say("10.0.0.3:7601", Status::faulty, today_ms - 1000)}, 0});
  CHECK(bench.status("10.0.0.3:7601") == Status::faulty);
  CHECK(bench.node.pending_changes() == 1);
}

TEST_CASE("at most five reverse full syncs run at once, whomever they are for") {
  Bench bench;
  bench.join_cluster({"10.0.0.2:7601"});
  bench.pass(20s);
  std::vector<Send> joins;
  for (int i = 0; i < 8; ++i) {
    bench.ping({}, bench.node.checksum() + 1);
    for (const Send& send : bench.sends<ringpop::Join>()) joins.push_back(send);
  }
  CHECK(joins.size() == 5);
  bench.fail(joins[0]);
  bench.ping({}, bench.node.checksum() + 1);
  CHECK(bench.sends<ringpop::Join>().size() == 1);
}

TEST_CASE("of full syncs there are five without a pause, then one a pause, which grows with the list") {
  for (const bool pauses : {true, false}) {
    CAPTURE(pauses);
    Config config;
    if (pauses) config.full_sync_pause = 100ms;
    Bench bench(config);
    bench.join_cluster({"10.0.0.2:7601", "10.0.0.3:7601", "10.0.0.4:7601"});
    bench.pass(20s);  // nothing is left to tell
    const auto full_syncs = [&](int pings) {
      int found = 0;
      for (int i = 0; i < pings; ++i)
        if (!bench.ping({}, bench.node.checksum() + 1).changes.empty()) ++found;
      return found;
    };
    CHECK(full_syncs(7) == (pauses ? 5 : 7));
    bench.pass(399ms);  // four rows
    CHECK(full_syncs(7) == (pauses ? 0 : 7));
    bench.pass(1ms);
    CHECK(full_syncs(7) == (pauses ? 1 : 7));
    bench.pass(1s);
    CHECK(full_syncs(7) == (pauses ? 2 : 7));
    bench.pass(1min);
    CHECK(full_syncs(7) == (pauses ? 5 : 7));
  }
}

TEST_CASE("nobody is asked back who did not say who they are, or is ourselves") {
  for (const std::string source : {"", "garbage", me}) {
    Bench bench;
    bench.join_cluster({"10.0.0.2:7601"});
    bench.pass(20s);
    bench.ask(ringpop::Ping{"ringside", source, 1, bench.node.checksum() + 1, {}});
    CHECK(bench.out.sends.empty());
  }
}

TEST_CASE("a helper pings the target and tells what came of it, without judging the target itself") {
  struct Case {
    Result<ringpop::Response> answer;
    bool reached;
  };
  const std::string target = "10.0.0.3:7601";
  for (const Case& c : {Case{ringpop::Response(ringpop::PingResponse{}), true},
                        Case{ringpop::Response(ringpop::Rejection{"ringpop.not-ready", ""}), true},
                        Case{ringpop::Response(ringpop::Rejection{"error", "other app"}), false},
                        Case{ringpop::Response(ringpop::JoinResponse{}), false},
                        Case{make_error_code(Errc::timed_out), false}}) {
    Bench bench;
    bench.join_cluster({"10.0.0.2:7601", target});
    bench.node.on_request(bench.now, ReplyId{7}, ringpop::PingReq{"10.0.0.2:7601", 5, target, 1, {}},
                          bench.fresh());
    CHECK(bench.out.replies.empty());
    const auto pings = bench.sends<ringpop::Ping>();
    REQUIRE(pings.size() == 1);
    CHECK(pings[0].to == target);
    CHECK(pings[0].deadline == bench.now.steady + 1500ms);
    bench.answer(pings[0], c.answer);
    REQUIRE(bench.out.replies.size() == 1);
    CHECK(bench.out.replies[0].to == ReplyId{7});
    const auto* reply = std::get_if<ringpop::PingReqResponse>(&bench.out.replies[0].body);
    REQUIRE(reply != nullptr);
    CHECK(reply->ping_status == c.reached);
    CHECK(reply->target == target);
    CHECK(bench.status(target) == Status::alive);
  }
}

TEST_CASE("asked to ping ourselves we say yes; changes on a ping-req are taken in") {
  Bench bench;
  bench.join_cluster({"10.0.0.2:7601"});
  const auto response = bench.ask(
      ringpop::PingReq{"10.0.0.2:7601", 5, me, 1, {say("10.0.0.3:7601", Status::suspect, today_ms)}});
  CHECK(std::get<ringpop::PingReqResponse>(response).ping_status);
  CHECK(bench.status("10.0.0.3:7601") == Status::suspect);
  CHECK(bench.out.sends.empty());
}

TEST_CASE("answers carry what is pending, but nothing the asker declared itself") {
  Bench bench;
  bench.join_cluster({"10.0.0.2:7601"});
  bench.ping({{"10.0.0.5:7601", Status::alive, today_ms, "10.0.0.99:7601", 1, {}},
              {"10.0.0.6:7601", Status::alive, today_ms, "10.0.0.98:7601", 1, {}}});
  const auto answer = bench.ping({});
  CHECK(find_change(answer.changes, "10.0.0.5:7601") == nullptr);
  REQUIRE(find_change(answer.changes, "10.0.0.6:7601") != nullptr);
  CHECK(find_change(answer.changes, "10.0.0.6:7601")->source == "10.0.0.98:7601");
}

TEST_CASE(
    "clocks: an incarnation a day ahead is refused, a node born in 1970 believes the cluster it joins") {
  const std::int64_t day = 24 * 3600 * 1000;
  Bench bench;
  bench.join_cluster({"10.0.0.2:7601"});
  bench.ping({say("10.0.0.5:7601", Status::alive, today_ms + 2 * day),
              say("10.0.0.6:7601", Status::alive, today_ms + day / 2),
              say("10.0.0.7:7601", Status::alive, std::numeric_limits<std::int64_t>::max()),
              say(me, Status::faulty, std::numeric_limits<std::int64_t>::max())});
  CHECK(!bench.status("10.0.0.5:7601"));
  CHECK(bench.status("10.0.0.6:7601") == Status::alive);
  CHECK(!bench.status("10.0.0.7:7601"));
  CHECK(bench.node.incarnation() == today_ms);

  Bench old({}, WallTime{});
  old.join({"10.0.0.2:7601"});
  // Its own past life is in the list, declared faulty since.
  old.answer(old.sends<ringpop::Join>().at(0),
             ringpop::JoinResponse{
                 "ringside",
                 "10.0.0.2:7601",
                 {say("10.0.0.2:7601", Status::alive, today_ms), say(me, Status::faulty, today_ms - 5)},
                 0});
  CHECK(old.status("10.0.0.2:7601") == Status::alive);
  CHECK(old.node.incarnation() == today_ms - 4);
  old.ping({say("10.0.0.8:7601", Status::alive, today_ms + day / 2)});
  CHECK(old.status("10.0.0.8:7601") == Status::alive);
}

TEST_CASE("leave is spread and takes us out of the ring; rejoin brings us back above it") {
  Bench bench;
  bench.join_cluster({"10.0.0.2:7601"});
  bench.node.leave(bench.now, bench.fresh());
  CHECK(bench.notices<RingInputChanged>().size() == 1);
  CHECK(bench.status(me) == Status::leave);
  const std::int64_t left = bench.node.incarnation();
  CHECK(left > today_ms);
  CHECK(find_change(bench.ping({}).changes, me)->status == Status::leave);
  bench.node.leave(bench.now, bench.fresh());  // again: nothing new
  CHECK(bench.node.incarnation() == left);
  bench.ping({say(me, Status::tombstone, left)});  // refuted, and still a leave
  CHECK(bench.status(me) == Status::leave);

  bench.node.rejoin(bench.now, bench.fresh());
  CHECK(bench.status(me) == Status::alive);
  CHECK(bench.node.incarnation() > left + 1);
}

TEST_CASE("own labels always have a positive checksum, so that a peer without labels cannot outbid them") {
  for (int i = 0; i < 200; ++i) {
    Config config;
    config.name = "node-" + std::to_string(i);
    if (i % 2 == 0) config.labels = {{"zone", std::to_string(i)}};
    Bench bench(config);
    const auto row = bench.row(me);
    CHECK(row->name == config.name);
    CHECK(std::is_sorted(row->labels.begin(), row->labels.end()));
    bench.join({});
    bench.ping({say(me, Status::alive, bench.node.incarnation())});  // ours, relayed without its labels
    CHECK(bench.notices<Refuted>().empty());
  }
  CHECK(Bench().row(me)->labels.empty());
  CHECK(Bench().row(me)->name == me);
}
