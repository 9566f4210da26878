// Requests for a named node's app, from socket to socket: that node or nobody.
#include <catch2/catch.hpp>

#include "tests/unit/worker/usual_hosts.hpp"

using namespace ringside;
using namespace ringside::test;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

// What the member at b's place is said to be, in a's next view.
void say_of_b(Pair& pair, ringpop::Status status, api::MemberApp app, bool silent = false) {
  auto view = std::make_shared<api::View>(*pair.a.view({pair.a.server()}));
  api::MemberView b{"b", pair.b.server().address, status, 1, {}, false};
  b.app = app;
  b.silent = silent;
  view->members.push_back(b);
  std::ranges::sort(view->members, {}, &api::MemberView::address);
  pair.a.set_view(view);
}

}  // namespace

TEST_CASE("a named node's app is reached from any node, with method, path, fields and body as they came") {
  std::promise<std::string> asked;
  ScriptedApp app_a(answering(ok_reply("a")));
  ScriptedApp app_b([&asked](Peer& peer, int) {
    std::string request = peer.read_until("\r\n\r\n");
    asked.set_value(request + peer.read_bytes(5));
    peer.send(ok_reply("from b"));
  });
  Pair pair(app_a, app_b);
  const std::string answer = exchange(
      pair.a.port(), post("/v1/nodes/b/debug/heap?x=1", "hello", "X-Mine: kept\r\nRingside-Node: evil\r\n"));
  CHECK_THAT(answer, StartsWith("HTTP/1.1 200") && Contains("\r\n\r\nfrom b"));
  CHECK_THAT(answer, Contains("Ringside-Served-By: b\r\n") && Contains("Ringside-Hops: 1\r\n"));
  CHECK_THAT(answer, !Contains("Ringside-Owner") && !Contains("Ringside-Attempts"));
  const std::string request = asked.get_future().get();
  CHECK_THAT(request, StartsWith("POST /debug/heap?x=1 HTTP/1.1\r\n") && Contains("\r\n\r\nhello"));
  CHECK_THAT(request, Contains("X-Mine: kept", Catch::CaseSensitive::No) && Contains("Ringside-From: a\r\n"));
  CHECK_THAT(request, !Contains("evil") && !Contains("Ringside-Key") && !Contains("Ringside-Node"));
}

TEST_CASE("the node itself is asked at once, by name or by address, even before it has joined") {
  ScriptedApp app_a(answering(ok_reply("a"))), app_b(answering(ok_reply("b")));
  Pair pair(app_a, app_b);
  pair.a.set_view(pair.a.view(pair.both, api::Phase::joining));
  for (const std::string& name : {std::string("a"), pair.a.server().address}) {
    const std::string answer = exchange(pair.a.port(), get("/v1/nodes/" + name + "/x"));
    CHECK_THAT(answer, StartsWith("HTTP/1.1 200") && Contains("\r\n\r\na") && Contains("Ringside-Hops: 0"));
  }
  CHECK_THAT(exchange(pair.a.port(), get("/v1/nodes/b/x")),
             StartsWith("HTTP/1.1 503") && Contains("Ringside-Error: not_joined"));
}

TEST_CASE("a node is served by name though the ring of the receiver has no place for it") {
  ScriptedApp app_a(answering(ok_reply("a"))), app_b(answering(ok_reply("b")));
  Pair pair(app_a, app_b);
  pair.b.set_ring({pair.a.server()});  // it owns nothing, and at the hop limit would refuse any key
  const std::string answer = exchange(pair.a.port(), get("/v1/nodes/b/x"));
  CHECK_THAT(answer, StartsWith("HTTP/1.1 200") && Contains("\r\n\r\nb"));
  CHECK(pair.b.counters().requests_forwarded.value() == 0);
}

TEST_CASE("who cannot be had is said to be so, with the code of /v1/route, and nothing was executed") {
  ScriptedApp app_a(answering(ok_reply("a"))), app_b(answering(ok_reply("b")));
  Pair pair(app_a, app_b);
  using api::MemberApp;
  using ringpop::Status;
  struct Row {
    Status status;
    MemberApp app;
    bool silent;
    std::string begins, code, says;
  };
  const auto row = GENERATE(values<Row>({
      {Status::faulty, MemberApp::unknown, false, "HTTP/1.1 503", "peer_unreachable", "is faulty"},
      {Status::tombstone, MemberApp::unknown, false, "HTTP/1.1 503", "peer_unreachable", "is tombstone"},
      {Status::leave, MemberApp::unknown, false, "HTTP/1.1 503", "draining", "is leaving, or has left"},
      {Status::leave, MemberApp::down, false, "HTTP/1.1 503", "app_down", "the app of b is down"},
      {Status::leave, MemberApp::none, false, "HTTP/1.1 503", "app_down", "has no app"},
      {Status::leave, MemberApp::down, true, "HTTP/1.1 503", "peer_unreachable", "does not answer"},
      {Status::leave, MemberApp::up, false, "HTTP/1.1 200", "", "\r\n\r\nb"},
      {Status::suspect, MemberApp::up, false, "HTTP/1.1 200", "", "\r\n\r\nb"},
  }));
  INFO(row.says);
  say_of_b(pair, row.status, row.app, row.silent);
  const std::string answer = exchange(pair.a.port(), post("/v1/nodes/b/x", ""));
  CHECK_THAT(answer, StartsWith(row.begins) && Contains(row.says));
  if (!row.code.empty())
    CHECK_THAT(answer, Contains("Ringside-Error: " + row.code) && Contains("Ringside-Executed: no\r\n"));
}

TEST_CASE("a name that no member has is 404, and so is one whose place another member has taken") {
  ScriptedApp app_a(answering(ok_reply("a"))), app_b(answering(ok_reply("b")));
  Pair pair(app_a, app_b);
  const std::string nobody = exchange(pair.a.port(), get("/v1/nodes/zed/x"));
  CHECK_THAT(nobody, StartsWith("HTTP/1.1 404") && Contains("Ringside-Error: unknown_node") &&
                         Contains("no member is called 'zed'"));
  pair.a.set_ring({pair.a.server(), {"zed", pair.b.server().address}});
  const std::string other = exchange(pair.a.port(), get("/v1/nodes/zed/x"));
  CHECK_THAT(other, StartsWith("HTTP/1.1 404") &&
                        Contains("the request is for zed, and b is what is there now") &&
                        Contains("\"executed\":\"no\""));
}

TEST_CASE("a node that nobody can reach is tried for a second, and its app never twice") {
  ScriptedApp app_a(answering(ok_reply("a")));
  SECTION("its ringside is gone") {
    Host a("a", app_a.address());
    a.open();
    a.start({a.server(), {"b", "127.0.0.1:1"}});
    const auto began = Clock::now();
    const std::string answer = exchange(a.port(), get("/v1/nodes/b/x"));
    CHECK_THAT(answer, StartsWith("HTTP/1.1 503") && Contains("Ringside-Error: peer_unreachable") &&
                           Contains("the member b cannot be reached") && Contains("\"executed\":\"no\""));
    CHECK(Clock::now() - began >= std::chrono::milliseconds(990));
    CHECK(a.counters().retries.value() >= 2);
  }
  SECTION("its app is lost with a request that nobody may repeat") {
    ScriptedApp silent([](Peer& peer, int) { (void)peer.read_until("\r\n\r\n"); });
    Pair pair(app_a, silent);
    const std::string answer = exchange(pair.a.port(), post("/v1/nodes/b/x", "x"));
    CHECK_THAT(answer, StartsWith("HTTP/1.1 502") && Contains("\"executed\":\"maybe\""));
    CHECK(silent.connections() == 1);
  }
}
