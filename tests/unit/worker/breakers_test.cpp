// Circuit breakers from socket to socket.
#include <catch2/catch.hpp>

#include "tests/unit/worker/http2_end.hpp"

using namespace ringside;
using namespace ringside::test;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

// `a`, which believes that `b` owns everything.
struct Entry {
  Entry(std::string address_of_b, int failures, Millis open) : a("a", ""), b{"b", std::move(address_of_b)} {
    a.config.forward.breaker.failures = failures;
    a.config.forward.breaker.open = open;
    a.open();
    a.start({b});
  }
  std::string ask(std::string_view fields = {}) {
    return exchange(a.port(), post("/v1/route/k/x", "", fields));
  }
  Host a;
  ring::Server b;
};

std::string nobody() {
  ScriptedApp gone([](Peer&, int) {});
  return gone.address();
}

constexpr Millis minute{60'000};
const std::string brief = "Ringside-Timeout: 20ms\r\n";

}  // namespace

TEST_CASE("a member that cannot be reached is asked a few times; then requests for it are refused at once") {
  Entry entry(nobody(), 2, minute);
  for (int i = 0; i < 2; ++i) CHECK_THAT(entry.ask(brief), StartsWith("HTTP/1.1 504"));
  for (int i = 0; i < 3; ++i)
    CHECK_THAT(entry.ask(), StartsWith("HTTP/1.1 503") && Contains("Ringside-Error: circuit_open") &&
                                Contains("Retry-After: ") && Contains("the owner b has failed 2 times") &&
                                Contains("\"executed\":\"no\""));
  CHECK(entry.a.counters().breakers_open.value() == 1);
  CHECK(entry.a.counters().breakers_opened.value() == 1);

  SECTION("another incarnation of it starts anew") {
    auto view = std::make_shared<api::View>(*entry.a.view({entry.b}));
    view->members.front().incarnation = 2;
    entry.a.set_view(view);
  }
  SECTION("so does one that had left") {
    entry.a.set_ring({});
    entry.a.set_ring({entry.b});
  }
  SECTION("and one that has another address") {
    entry.b.address = nobody();
    entry.a.set_ring({entry.b});
  }
  CHECK_THAT(entry.ask(brief), StartsWith("HTTP/1.1 504"));
  CHECK(entry.a.counters().breakers_open.value() == 0);
}

TEST_CASE("an answer to a probe closes the breaker") {
  ScriptedApp b([](Peer& peer, int connection) {
    if (connection <= 2) return (void)peer.read_some();  // dies with the request under way
    http2_answering([](Side& side, http2::StreamId id, const Seen&) {
      side.session.submit_response(id, reply(204), true);
    })(peer, connection);
  });
  Entry entry(b.address(), 2, Millis(10));
  for (int i = 0; i < 2; ++i) CHECK_THAT(entry.ask(), StartsWith("HTTP/1.1 502"));
  std::string answer;
  do {
    answer = entry.ask();
    CHECK_THAT(answer, Contains("circuit_open") || StartsWith("HTTP/1.1 204"));
  } while (answer.find("circuit_open") != std::string::npos);
  CHECK(entry.a.counters().breakers_open.value() == 0);
  CHECK(entry.a.counters().breakers_opened.value() == 1);
  CHECK_THAT(entry.ask(), StartsWith("HTTP/1.1 204"));
}

TEST_CASE("an app that hangs is left alone after a few timeouts; an impatient caller says nothing about it") {
  ScriptedApp app([](Peer& peer, int) { (void)peer.read_all(); });
  Host host("a", app.address());
  host.config.forward.timeout = Millis(40);
  host.config.forward.breaker.failures = 2;
  host.config.forward.breaker.open = minute;
  host.open();
  host.start({host.server()});
  for (int i = 0; i < 4; ++i)
    CHECK_THAT(exchange(host.port(), get("/v1/route/k/x", brief)), StartsWith("HTTP/1.1 504"));
  for (int i = 0; i < 2; ++i)
    CHECK_THAT(exchange(host.port(), get("/v1/route/k/x", "")), StartsWith("HTTP/1.1 504"));
  for (const auto* path : {"/v1/route/k/x", "/v1/local/x"})
    CHECK_THAT(exchange(host.port(), get(path, "")),
               Contains("Ringside-Error: circuit_open") && Contains("the app of a has failed 2 times"));
  CHECK(app.connections() == 6);
}

TEST_CASE("an app that refuses connections has no breaker: it is down, and back as soon as it listens") {
  Host host("a", nobody());
  host.config.forward.breaker.failures = 1;
  host.config.forward.breaker.open = minute;
  host.open();
  host.start({host.server()});
  for (int i = 0; i < 3; ++i)
    CHECK_THAT(exchange(host.port(), get("/v1/route/k/x", "")), Contains("Ringside-Error: app_down"));
  CHECK(host.counters().breakers_opened.value() == 0);
}
