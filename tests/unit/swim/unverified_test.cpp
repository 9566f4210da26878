// Newcomers of whom gossip alone has told: in the list at once, in the ring when a ping has reached them.
#include "daemon/swim/unverified.hpp"

#include <functional>

#include "daemon/base/limits.hpp"
#include "daemon/swim/ring_input.hpp"
#include "node_support.hpp"

using namespace ringside;
using namespace ringside::swim;

namespace {

const std::string other = "10.0.0.2:7601";
const std::string newcomer = "10.0.0.7:7601";

Config verifying(const std::string& name = "") {
  Config config;
  config.verify_newcomers = true;
  config.name = name;
  return config;
}

// A node among two others.
struct Among : Bench {
  explicit Among(Config config = verifying()) : Bench(std::move(config)) {
    join_cluster({other, "10.0.0.3:7601"});
  }
  [[nodiscard]] std::set<std::string> in_ring() const {
    std::set<std::string> addresses;
    const auto rows = node.members();
    for (const ring::Server& server : ring_servers(rows)) addresses.insert(server.address);
    return addresses;
  }
  // The next deadline; nobody is at the addresses that `dead` names, everybody else answers. Stops before a
  // ping to `stop_at` is answered, and gives that. `most`: pings of one deadline.
  std::optional<Send> step(const std::function<bool(const std::string&)>& dead,
                           const std::string& stop_at = "") {
    tick();
    const std::vector<Send> sends = out.sends;
    most = std::max(most, this->sends<ringpop::Ping>().size());
    for (const Send& send : sends)
      if (send.to == stop_at && std::holds_alternative<ringpop::Ping>(send.body)) return send;
    answer_all(sends, dead);
    return std::nullopt;
  }
  [[nodiscard]] bool owns_keys(const std::string& address) const { return in_ring().contains(address); }
  std::size_t most = 0;

 private:
  void answer_all(std::vector<Send> sends, const std::function<bool(const std::string&)>& dead) {
    while (!sends.empty()) {
      std::vector<Send> more;
      for (const Send& send : sends) {
        const auto* asked = std::get_if<ringpop::PingReq>(&send.body);
        if (dead(send.to))
          fail(send, Errc::refused);
        else if (asked != nullptr)
          answer(send, ringpop::PingReqResponse{{}, !dead(asked->target), asked->target, false});
        else
          answer(send, ringpop::PingResponse{{}, node.checksum(), send.to, 1});
        more.insert(more.end(), out.sends.begin(), out.sends.end());
      }
      sends = std::move(more);
    }
  }
};

}  // namespace

TEST_CASE("a newcomer is pinged at once, and ever more rarely when it does not answer") {
  Unverified unverified(2);
  const Instant start{};
  CHECK(unverified.next_deadline() == never);
  unverified.add(start, "a");
  unverified.add(start, "a");
  CHECK(unverified.next_deadline() == start);
  CHECK(unverified.take(start) == "a");
  CHECK(!unverified.take(start));
  Instant now = start;
  for (const Duration pause : {1s, 2s, 4s, 8s, 16s, 30s, 30s}) {
    unverified.failed(now, "a");
    unverified.failed(now, "a");  // once is enough
    CHECK(unverified.next_deadline() == now + pause);
    CHECK(!unverified.take(now));
    now += pause;
    CHECK(unverified.take(now) == "a");
  }
  CHECK(unverified.remove(now, "a"));
  CHECK(!unverified.remove(now, "a"));
  CHECK(unverified.size() == 0);
  CHECK(unverified.next_deadline() == never);
}

TEST_CASE("so many are pinged at once, and nobody was due before there was room") {
  Unverified unverified(2);
  const Instant start{};
  for (const char* address : {"a", "b", "c"}) unverified.add(start, address);
  CHECK(unverified.take(start) == "a");
  CHECK(unverified.take(start) == "b");
  CHECK(!unverified.take(start));
  CHECK(unverified.next_deadline() == never);
  CHECK(unverified.remove(start + 5s, "b"));
  CHECK(unverified.next_deadline() == start + 5s);
  CHECK(unverified.take(start + 5s) == "c");
  CHECK(unverified.remove(start + 6s, "c"));
  unverified.failed(start + 6s, "a");
  CHECK(unverified.next_deadline() == start + 7s);
}

TEST_CASE(
    "who came by gossip is in the list and its checksum at once, in the ring once a ping was answered") {
  Among bench;
  Among trusting{Config{}};
  const Change change = say(newcomer, Status::alive, today_ms);
  trusting.ping({change});
  CHECK(trusting.owns_keys(newcomer));
  bench.ping({change});
  CHECK(bench.notices<RingInputChanged>().empty());
  CHECK(bench.status(newcomer) == Status::alive);
  CHECK(bench.row(newcomer)->unverified);
  CHECK(bench.node.unverified_count() == 1);
  CHECK(!bench.owns_keys(newcomer));
  CHECK(bench.node.checksum() == trusting.node.checksum());

  bench.tick();
  const auto pings = bench.sends<ringpop::Ping>();
  const auto ping = std::ranges::find(pings, newcomer, &Send::to);
  REQUIRE(ping != pings.end());
  bench.answer(*ping, ringpop::PingResponse{{}, bench.node.checksum(), newcomer, today_ms});
  CHECK(bench.notices<RingInputChanged>().size() == 1);
  CHECK(!bench.row(newcomer)->unverified);
  CHECK(bench.owns_keys(newcomer));
  CHECK(bench.node.checksum() == trusting.node.checksum());
}

TEST_CASE("silence on that ping accuses nobody, and the answer to a later one counts as well") {
  Among bench;
  bench.ping({say(newcomer, Status::alive, today_ms)});
  bench.fail(bench.next_ping(newcomer));
  CHECK(bench.notices<ProbeFailed>().empty());
  CHECK(bench.status(newcomer) == Status::alive);
  CHECK(!bench.owns_keys(newcomer));
  const Send again = bench.next_ping(newcomer);
  // Ringpop's "I have just started" is the word of one who lives.
  bench.answer(again, ringpop::Rejection{"ringpop.not-ready", "node is not ready"});
  CHECK(bench.owns_keys(newcomer));
}

TEST_CASE("an answer of somebody else at that address is none: neither a newcomer nor a member is there") {
  Among bench;
  bench.ping({say(newcomer, Status::alive, today_ms)});
  // Out of turn, and when the rotation gets there, whose helpers meet the same.
  for (int i = 0; i < 1000 && bench.status(newcomer) != Status::suspect; ++i) {
    bench.tick();
    for (std::vector<Send> sends = bench.out.sends; !sends.empty();) {
      const Send send = sends.back();
      sends.pop_back();
      if (std::holds_alternative<ringpop::PingReq>(send.body))
        bench.answer(send, ringpop::PingReqResponse{{}, false, newcomer, false});
      else
        bench.answer(
            send, ringpop::PingResponse{{}, bench.node.checksum(), send.to == newcomer ? other : send.to, 1});
      sends.insert(sends.end(), bench.out.sends.begin(), bench.out.sends.end());
      CHECK_FALSE(bench.owns_keys(newcomer));
    }
  }
  CHECK(bench.status(newcomer) == Status::suspect);
  CHECK(bench.status(other) == Status::alive);
}

TEST_CASE("a helper has not reached its target when somebody else answers there") {
  Among bench;
  const auto verdict = [&](const std::string& source) {
    bench.node.on_request(bench.now, ReplyId{++bench.last_reply},
                          ringpop::PingReq{"10.0.0.99:7601", 1, other, 0, {}}, bench.fresh());
    bench.answer(bench.sends<ringpop::Ping>().at(0),
                 ringpop::PingResponse{{}, bench.node.checksum(), source, 1});
    REQUIRE(bench.out.replies.size() == 1);
    return std::get<ringpop::PingReqResponse>(bench.out.replies[0].body).ping_status;
  };
  CHECK(verdict(other));
  CHECK(verdict(""));  // of a peer that does not say who it is
  CHECK_FALSE(verdict("10.0.0.3:7601"));
}

TEST_CASE(
    "a peer that fills the list with the dead puts none of them into the ring, whichever way they come") {
  Among bench;
  const auto before = bench.in_ring();
  std::vector<Change> fakes;
  for (int i = 0; i < 60; ++i)
    fakes.push_back(say("10.9.0." + std::to_string(i) + ":9", Status::alive, today_ms));
  bench.ping(fakes);
  const auto dead = [](const std::string& address) { return address.starts_with("10.9."); };
  // The whole list of a full sync, as the answer to our ping.
  std::vector<Change> list = fakes;
  for (int i = 60; i < 200; ++i)
    list.push_back(say("10.9.0." + std::to_string(i) + ":9", Status::alive, today_ms));
  std::optional<Send> ping;
  while (!ping) ping = bench.step(dead, other);
  bench.answer(*ping, ringpop::PingResponse{list, 1, other, 1});
  CHECK(bench.node.member_count() == 203);
  for (const Instant end = bench.now.steady + 60s; bench.now.steady < end;) {
    bench.step(dead);
    REQUIRE(bench.in_ring() == before);
  }
  CHECK(bench.most > 1);
  CHECK(bench.most <= limits::newcomer_pings + 1);
}

TEST_CASE("the lists of a join are believed, and vouch for whom gossip had told of") {
  Config config = verifying();
  config.catch_up = true;
  Bench bench(config);
  bench.join_cluster({other, "10.0.0.3:7601"});
  CHECK(bench.node.unverified_count() == 0);
  bench.ping({say(newcomer, Status::alive, today_ms)});
  CHECK(bench.node.unverified_count() == 1);
  while (bench.sends<ringpop::Join>().empty()) bench.tick();
  const Send ask = bench.sends<ringpop::Join>().at(0);
  bench.answer(ask, ringpop::JoinResponse{"ringside",
                                          ask.to,
                                          {say(newcomer, Status::alive, today_ms),
                                           say("10.0.0.8:7601", Status::alive, today_ms)},
                                          0});
  CHECK(bench.node.unverified_count() == 0);
  CHECK(!bench.notices<RingInputChanged>().empty());
}

TEST_CASE("but they vouch for nobody of whom their sender has only heard, and we say of whom we have") {
  Config config = verifying();
  config.catch_up = true;
  Bench bench(config);
  bench.join_cluster({other, "10.0.0.3:7601"});
  const std::string fake = "10.9.0.1:9";
  const std::string heard = "10.9.0.2:9";
  bench.ping({say(heard, Status::alive, today_ms)});
  while (bench.sends<ringpop::Join>().empty()) bench.tick();
  const Send ask = bench.sends<ringpop::Join>().at(0);
  const auto flagged = [](Change change) {
    change.unverified = true;
    return change;
  };
  bench.answer(ask, ringpop::JoinResponse{"ringside",
                                          ask.to,
                                          {flagged(say(fake, Status::alive, today_ms)),
                                           flagged(say(heard, Status::alive, today_ms)),
                                           say(newcomer, Status::alive, today_ms)},
                                          0});
  CHECK(bench.row(fake)->unverified);
  CHECK(bench.row(heard)->unverified);
  CHECK(!bench.row(newcomer)->unverified);
  CHECK(bench.node.unverified_count() == 2);

  const auto ours = bench.ask(ringpop::Join{"ringside", "10.0.0.9:7601", today_ms});
  const std::vector<Change> list = std::get<ringpop::JoinResponse>(ours).membership;
  CHECK(list.size() == 6);
  for (const Change& change : list)
    CHECK(change.unverified == (change.address == fake || change.address == heard));
}

// One that came back elsewhere tells of both in one message: its old address is dead, its new one lives.
struct MovedOn : Among {
  MovedOn() {
    ping({say(old, Status::alive, today_ms, named)});
    while (!owns_keys(old)) step([](const std::string&) { return false; });
  }
  [[nodiscard]] Change old_is_dead() const { return say(old, Status::faulty, today_ms, named); }
  [[nodiscard]] Change new_lives() const { return say(newcomer, Status::alive, today_ms + 1, named); }
  // Who owns the keys of the name; empty: nobody.
  [[nodiscard]] std::string owner() const {
    const auto rows = node.members();
    for (const ring::Server& server : ring_servers(rows))
      if (server.name == "c") return server.address;
    return "";
  }
  const std::string old = "10.0.0.6:7601";
  const ringpop::Labels named{{"__identity", "c"}};
};

TEST_CASE("the dead member holds its place until its successor has answered: no key moves in between") {
  MovedOn bench;
  const auto told = GENERATE(as<std::string>{}, "the dead first", "the newcomer first", "in two messages");
  CAPTURE(told);
  if (told == "the dead first") bench.ping({bench.old_is_dead(), bench.new_lives()});
  if (told == "the newcomer first") bench.ping({bench.new_lives(), bench.old_is_dead()});
  if (told == "in two messages") {
    bench.ping({bench.new_lives()});
    bench.ping({bench.old_is_dead()});
  }
  CHECK(bench.status(bench.old) == Status::faulty);
  CHECK(bench.owner() == bench.old);
  const Send ping = bench.next_ping(newcomer);
  CHECK(bench.owner() == bench.old);
  SECTION("it answers") {
    bench.answer(ping, ringpop::PingResponse{{}, 1, newcomer, 1});
    CHECK(bench.notices<RingInputChanged>().size() >= 1);
    CHECK(bench.owner() == newcomer);
    CHECK(!bench.row(bench.old)->holds_place);
  }
  SECTION("it does not: then nobody holds a place for it, now or later") {
    bench.fail(ping);
    CHECK(bench.notices<RingInputChanged>().size() == 1);
    CHECK(bench.owner().empty());
    bench.ping({say(bench.old, Status::alive, today_ms + 2, bench.named)});
    CHECK(bench.owner() == bench.old);
    bench.ping({say(bench.old, Status::faulty, today_ms + 2, bench.named)});
    CHECK(bench.notices<RingInputChanged>().size() == 1);
    CHECK(bench.owner().empty());
  }
  SECTION("it turns out to be somebody else: then too") {
    bench.ping({say(newcomer, Status::alive, today_ms + 3, {{"__identity", "z"}})});
    bench.answer(ping, ringpop::PingResponse{{}, 1, newcomer, 1});
    CHECK(bench.owner().empty());
    CHECK(!bench.row(bench.old)->holds_place);
  }
  SECTION("what is said of the old one meanwhile ends it") {
    bench.ping({say(bench.old, Status::leave, today_ms, bench.named)});
    CHECK(bench.status(bench.old) == Status::leave);
    CHECK(bench.notices<RingInputChanged>().size() == 1);
    CHECK(bench.owner().empty());
  }
}

TEST_CASE("who has not been reached helps in no probe, and its use of our name means nothing") {
  Among bench(verifying("a"));
  bench.ping({say(newcomer, Status::alive, today_ms + 1000, {{"__identity", "a"}})});
  CHECK(bench.notices<NameConflict>().empty());
  CHECK(bench.node.yielded_to().empty());
  // It does not answer, so that it stays unverified; then a probe of another fails.
  const auto dead = [](const std::string& address) { return address == newcomer; };
  for (int probes = 0; probes < 10;) {
    const auto probe = bench.step(dead, other);
    if (!probe) continue;
    ++probes;
    bench.fail(*probe);
    const auto asked = bench.sends<ringpop::PingReq>();
    CHECK(!asked.empty());
    for (const Send& send : asked) {
      CHECK(send.to != newcomer);
      bench.answer(send, ringpop::PingReqResponse{{}, true, other, false});
    }
  }
  CHECK(bench.notices<NameConflict>().empty());
}
