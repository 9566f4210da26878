// What an app is told besides who asked: since when its node owns the key, until when an answer is wanted,
// and the token that proves the request came by ringside.
#include <catch2/catch.hpp>

#include "daemon/base/text.hpp"
#include "daemon/worker/date.hpp"
#include "tests/unit/worker/usual_hosts.hpp"

using namespace ringside;
using namespace ringside::test;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

// An app that answers with the head that it was asked with.
ScriptedApp::Script echoing() {
  return [](Peer& peer, int) {
    for (std::string head = peer.read_until("\r\n\r\n"); !head.empty(); head = peer.read_until("\r\n\r\n"))
      peer.send(ok_reply("asked: " + head));
  };
}

std::string field(const std::string& answer, const std::string& name) {
  const auto body = answer.find("asked: ");
  const auto at = answer.find("\r\n" + name + ": ", body);
  if (body == answer.npos || at == answer.npos) return "";
  const auto start = at + name.size() + 4;
  return answer.substr(start, answer.find("\r\n", start) - start);
}

const std::string forged =
    "Ringside-Owner-Since: 9\r\nRingside-Deadline: never\r\nRingside-App-Token: evil\r\n"
    "Ringside_Owner_Since: 9\r\nRingside_App_Token: evil\r\n";

std::string rfc3339_now(Millis later) {
  return rfc3339(std::chrono::floor<Millis>(std::chrono::system_clock::now()) + later);
}

}  // namespace

TEST_CASE("an app is told since when its node owns the key; what it keeps over a change keeps its time") {
  ScriptedApp app(echoing());
  Host a("a", app.address()), b("b", app.address());
  a.open();
  b.open();
  const std::vector<ring::Server> both = {a.server(), b.server()};
  const std::string ours = "/v1/route/" + key_owned_by(both, a.server()) + "/x",
                    theirs = "/v1/route/" + key_owned_by(both, b.server()) + "/x";
  const auto since = [&](const std::string& path) {
    return field(exchange(a.port(), get(path, forged)), "Ringside-Owner-Since");
  };
  const auto moment = [](int ring) { return std::to_string(Host::first_moment + ring); };
  b.start(both);
  a.start({a.server()});
  CHECK(since(ours) == moment(1));
  CHECK(since(theirs) == moment(1));
  a.set_ring(both);
  CHECK(since(ours) == moment(1));
  CHECK(since(theirs) == moment(1));  // b has owned it since its own first ring
  a.set_ring({a.server()});
  CHECK(since(ours) == moment(1));
  CHECK(since(theirs) == moment(3));
  CHECK(since("/v1/local/x").empty());
  CHECK(since("/v1/nodes/a/x").empty());
}

TEST_CASE("who does not own the key is not told that it does") {
  ScriptedApp app(echoing());
  Pair pair(app, app);
  pair.a.app_state = api::AppState::up;
  pair.a.set_ring(pair.both);
  const std::string answer = exchange(
      pair.a.port(), get("/v1/route/" + pair.key_of(pair.b) + "/x", "Ringside-Route: prefer-local\r\n"));
  CHECK(field(answer, "Ringside-Owner") == "b");
  CHECK(field(answer, "Ringside-Owner-Since").empty());
}

TEST_CASE("an app is told until when an answer is wanted, as a time of day") {
  ScriptedApp app(echoing());
  Pair pair(app, app);
  const bool far = GENERATE(false, true);
  const std::string path = "/v1/route/" + pair.key_of(far ? pair.b : pair.a) + "/x";
  const auto deadline = [&](const std::string& fields) {
    return field(exchange(pair.a.port(), get(path, forged + fields)), "Ringside-Deadline");
  };
  for (const int seconds : {0, 2, 7}) {  // 0: forward.timeout, 5 s
    const Millis limit(seconds == 0 ? 5000 : seconds * 1000);
    const auto before = rfc3339_now(limit - Millis(50));  // less what a hop has used up
    const auto said = deadline(seconds == 0 ? "" : "Ringside-Timeout: " + std::to_string(seconds) + "s\r\n");
    CHECK(said.size() == 24);
    CHECK(said >= before);
    CHECK(said <= rfc3339_now(limit + Millis(1)));
  }
}

TEST_CASE("while a body is to come there is a deadline only if the caller has set one") {
  ScriptedApp app(echoing());
  Alone alone(app.address());
  const auto ask = [&](const std::string& fields) {
    Peer client = Peer::connect(alone.host.port());
    client.send("POST /v1/route/k/x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n" + fields + "\r\n");
    const std::string head = client.read_until("\r\n\r\n");
    return head + client.read_until("\r\n\r\n");
  };
  CHECK(field(ask(""), "Ringside-Deadline").empty());
  CHECK(field(ask("Ringside-Timeout: 2s\r\n"), "Ringside-Deadline").size() == 24);
}

TEST_CASE("an app is sent its token and no other, and from the next request on another one") {
  ScriptedApp app(echoing());
  Pair pair(app, app);
  const std::string path = "/v1/route/" + pair.key_of(pair.b) + "/x";
  const auto answer = [&] { return exchange(pair.a.port(), get(path, forged)); };
  CHECK_THAT(answer(), !Contains("App-Token") && !Contains("evil"));
  pair.a.send_app("the token of another app");
  pair.b.send_app("0123456789abcdef");
  CHECK(field(answer(), "Ringside-App-Token") == "0123456789abcdef");
  pair.b.send_app("fedcba9876543210");
  const auto later = answer();
  CHECK(field(later, "Ringside-App-Token") == "fedcba9876543210");
  CHECK_THAT(later, !Contains("evil") && !Contains("another app"));
}

TEST_CASE("what an app says in these fields goes no further") {
  ScriptedApp app(
      answering("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nRingside-App-Token: secret\r\n"
                "Ringside-Owner-Since: 1\r\nRingside-Deadline: x\r\n\r\nok"));
  Alone alone(app.address());
  const std::string answer = exchange(alone.host.port(), get("/v1/route/k/x"));
  CHECK_THAT(answer,
             Contains("\r\n\r\nok") && !Contains("secret") && !Contains("Since") && !Contains("Deadline"));
}

TEST_CASE("moments are times of day, and to the millisecond apart what they are apart") {
  worker::Times times;
  const auto base = Clock::now();
  const auto millis_of = [](const std::string& text) { return std::stoi(text.substr(20, 3)); };
  const std::string first(times.at(base));
  const auto now = std::chrono::floor<Millis>(std::chrono::system_clock::now());
  CHECK(first > rfc3339(now - Millis(10'000)));
  CHECK(first <= rfc3339(now + Millis(1)));
  for (int later = 0; later < 1000; later += 37) {
    const std::string said(times.at(base + Millis(later)));
    REQUIRE(said.size() == 24);
    CHECK(said >= first);
    if (said.starts_with(first.substr(0, 20))) CHECK(millis_of(said) - millis_of(first) == later);
  }
  CHECK(std::string(times.at(base + Millis(61'000))) > first);
  CHECK(std::string(times.at(base - Millis(61'000))) < first);
}
