// What callers and ringsides tell each other about tries: how many, for how long, and whether one may have
// run.
#include <catch2/catch.hpp>

#include "tests/unit/worker/http2_end.hpp"
#include "tests/unit/worker/usual_hosts.hpp"

using namespace ringside;
using namespace ringside::test;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

TEST_CASE("Ringside-Retry: 0 keeps a lost request from being repeated, however many hops it takes") {
  ScriptedApp app([](Peer& peer, int) { (void)peer.read_until("\r\n\r\n"); });  // goes without a word
  Pair pair(app, app);
  int asked = 0;
  for (const Host* owner : {&pair.a, &pair.b}) {
    const std::string path = "/v1/route/" + pair.key_of(*owner) + "/x";
    CHECK_THAT(exchange(pair.a.port(), get(path, "Ringside-Retry: 0\r\n")), StartsWith("HTTP/1.1 502"));
    CHECK(app.connections() == (asked += 1));
    CHECK_THAT(exchange(pair.a.port(), get(path, "Ringside-Retry: 9\r\n")), StartsWith("HTTP/1.1 502"));
    CHECK(app.connections() == (asked += 2));
    CHECK_THAT(exchange(pair.a.port(), get(path, "")), StartsWith("HTTP/1.1 502"));
    CHECK(app.connections() == (asked += 2));
  }
}

TEST_CASE("an app that loses every request gets its share of repeats and no more") {
  ScriptedApp app([](Peer& peer, int) { (void)peer.read_until("\r\n\r\n"); });
  Host host("a", app.address());
  host.config.forward.retry.budget.value = 0;
  host.open();
  host.start({host.server()});
  for (int i = 0; i < 20; ++i)
    CHECK_THAT(exchange(host.port(), get("/v1/route/k/x", "")), StartsWith("HTTP/1.1 502"));
  // Twenty requests and ten repeats; on a machine so slow that ten seconds have passed, as many again.
  CHECK(app.connections() >= 30);
  CHECK(app.connections() <= 40);
}

TEST_CASE("only a request whose whole body is in forward.retry.buffer is repeated") {
  const std::string body(1000, 'x');
  for (const auto& [buffer, tries] : {std::pair{1000, 2}, {999, 1}, {0, 1}}) {
    ScriptedApp app([](Peer& peer, int) {
      (void)peer.read_until("\r\n\r\n");
      (void)peer.read_bytes(1000);  // and goes
    });
    CAPTURE(buffer);
    Host a("a", app.address()), b("b", app.address());
    for (Host* host : {&a, &b}) {
      host->config.forward.retry.buffer = buffer;
      host->open();
    }
    const std::vector<ring::Server> both{a.server(), b.server()};
    a.start(both);
    b.start(both);
    for (const Host* owner : {&a, &b}) {
      const int before = app.connections();
      const std::string path = "/v1/route/" + key_owned_by(both, owner->server()) + "/x";
      CHECK_THAT(exchange(a.port(), "PUT " + path + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" +
                                        "Content-Length: 1000\r\n\r\n" + body),
                 StartsWith("HTTP/1.1 502"));
      CHECK(app.connections() - before == tries);
    }
  }
}

TEST_CASE("without a buffer for repeats bodies go through all the same, over a hop too") {
  ScriptedApp app(answering(ok_reply("done")));
  Host a("a", app.address()), b("b", app.address());
  for (Host* host : {&a, &b}) {
    host->config.forward.retry.buffer = 0;
    host->open();
  }
  const std::vector<ring::Server> both{a.server(), b.server()};
  a.start(both);
  b.start(both);
  for (const Host* owner : {&a, &b})
    for (const std::size_t size : {std::size_t{1}, std::size_t{300'000}})
      CHECK_THAT(exchange(a.port(), "POST /v1/route/" + key_owned_by(both, owner->server()) +
                                        "/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: " +
                                        std::to_string(size) + "\r\n\r\n" + std::string(size, 'x')),
                 StartsWith("HTTP/1.1 200"));
}

TEST_CASE("an answer of ringside says whether an app may have run it, over a hop and without a body too") {
  ScriptedApp app_a(answering(ok_reply("a")));
  ScriptedApp app_b([](Peer& peer, int) { (void)peer.read_until("\r\n\r\n"); });  // goes without a word
  Pair pair(app_a, app_b);
  const std::string path = "/v1/route/" + pair.key_of(pair.b) + "/x";
  const std::string head = "HEAD " + path + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  for (const auto& request : {post(path, "x"), head})
    CHECK_THAT(exchange(pair.a.port(), request),
               StartsWith("HTTP/1.1 502") && Contains("Ringside-Executed: maybe\r\n"));
  pair.b.set_view(pair.b.view(pair.both, api::Phase::joining));
  CHECK_THAT(exchange(pair.b.port(), head),
             StartsWith("HTTP/1.1 503") && Contains("Ringside-Executed: no\r\n"));
}

TEST_CASE("a request that an app sends on to its own key is stopped when it has come by eight times") {
  std::atomic<int> served = 0;
  std::uint16_t port = 0;
  ScriptedApp app([&](Peer& peer, int) {  // a proxy: passes Via on
    const std::string request = peer.read_until("\r\n\r\n");
    if (request.empty()) return;
    ++served;
    const auto via = request.find("Via: ");
    const std::string field = request.substr(via, request.find("\r\n", via) + 2 - via);
    const std::string answer = test::exchange(port, get("/v1/route/k/x", field));
    peer.send(answer);
  });
  Alone alone(app.address());
  port = alone.host.port();
  CHECK_THAT(test::exchange(port, get("/v1/route/k/x", "")), StartsWith("HTTP/1.1 508"));
  CHECK(served == 8);
  // A name that only begins or ends like ours is another.
  std::string others = "Via: 1.1 a.b";
  for (int i = 0; i < 20; ++i) others += ", 1.1 aa, 2 b-a";
  served = 0;
  CHECK_THAT(test::exchange(port, get("/v1/route/k/x", others + "\r\n")), StartsWith("HTTP/1.1 508"));
  CHECK(served == 8);
}

TEST_CASE(
    "what is left of a caller's time limit goes along to the next ringside, and its Retry to nobody else") {
  std::promise<std::string> asked;
  ScriptedApp b([&asked](Peer& peer, int) {
    http2_answering([&asked](Side& side, http2::StreamId id, const Seen& seen) {
      std::string fields;
      for (const auto& [name, value] : seen.fields) fields += name + ": " + value + "\n";
      asked.set_value(fields);
      side.session.submit_response(id, reply(204), true);
    })(peer, 1);
  });
  Host a("a", "");
  a.open();
  a.start({{"b", b.address()}});
  CHECK_THAT(exchange(a.port(), get("/v1/route/k/x", "Ringside-Timeout: 40s\r\nRingside-Retry: 7\r\n")),
             StartsWith("HTTP/1.1 204"));
  const std::string fields = asked.get_future().get();
  const auto at = fields.find("ringside-timeout: ");
  REQUIRE(at != std::string::npos);
  const int left = std::stoi(fields.substr(at + 18));
  CHECK(left <= 40'000);
  CHECK(left > 20'000);
  CHECK_THAT(fields, Contains("ringside-retry: 1\n"));
}
