// A member that drains, as its requests see it: what is served on, what is cut when the time is over, and the
// pages of the API that give the order.
#include <catch2/catch.hpp>
#include <future>

#include "tests/unit/worker/http2_end.hpp"
#include "tests/unit/worker/usual_hosts.hpp"

namespace ringside::test {
namespace {

// http2_end.hpp has another get().
std::string get_text(const std::string& path) {
  return get(path, "");
}

using Catch::Contains;
using Catch::EndsWith;
using Catch::StartsWith;

// Sends this and keeps the connection until the other side ends it.
ScriptedApp::Script beginning(std::string reply) {
  return [reply = std::move(reply)](Peer& peer, int) {
    (void)peer.read_until("\r\n\r\n");
    peer.send(reply);
    (void)peer.read_all();
  };
}

template <class Condition>
bool soon(Condition condition) {
  const auto deadline = Clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (Clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

TEST_CASE("a request that nobody takes while views differ is served by who owned its key lately") {
  ScriptedApp app_a(answering(ok_reply("from a"))), app_b(answering(ok_reply("from b")));
  Pair pair(app_a, app_b);
  const std::string path = "/v1/route/" + pair.key_of(pair.b) + "/x";
  REQUIRE_THAT(exchange(pair.a.port(), get_text(path)), EndsWith("from b"));
  SECTION("b has left, and a does not know it yet") {
    pair.b.app_state = api::AppState::up;
    pair.b.set_ring({pair.a.server()});
    const std::string reply = exchange(pair.a.port(), get_text(path));
    CHECK_THAT(reply, StartsWith("HTTP/1.1 200") && EndsWith("from b") && Contains("Ringside-Attempts: 1"));
    CHECK(pair.a.counters().errors_executed_no.value() == 1);  // what a answered b at the hop limit
  }
  SECTION("not without an app") {
    pair.b.app_state = api::AppState::down;
    pair.b.set_ring({pair.a.server()});
    CHECK_THAT(exchange(pair.a.port(), get_text(path)), StartsWith("HTTP/1.1 503"));
  }
}

TEST_CASE("what a drain waits for is counted until the end of the answer, tunnels through the node are not") {
  ScriptedApp app(beginning("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"));
  ScriptedApp nobody(answering(ok_reply("")));
  Pair pair(nobody, app);
  Peer client = Peer::connect(pair.a.port());
  client.send(get_text("/v1/route/" + pair.key_of(pair.b) + "/"));
  REQUIRE_THAT(client.read_until("abc"), EndsWith("abc"));
  CHECK(pair.b.counters().app_open.value() == 1);
  CHECK(pair.a.counters().app_open.value() == 0);
  CHECK(soon([&] { return pair.b.counters().app_streams.value() == 1; }));
  pair.a.cut(false);  // nothing of its own app's
  pair.b.cut(false);
  (void)client.read_all();
  CHECK(pair.b.counters().drain_cut.value() == 1);
  CHECK(pair.a.counters().drain_cut.value() == 0);
  CHECK(soon([&] { return pair.b.counters().app_open.value() == 0; }));
  CHECK(pair.b.counters().app_streams.value() == 0);
}

TEST_CASE("when the time to drain is over each request ends as its protocol allows") {
  SECTION("an event stream ends as if it had been whole: its reader comes back") {
    ScriptedApp app(
        beginning("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: "
                  "chunked\r\n\r\n9\r\ndata: 1\n\n\r\n"));
    Alone alone(app.address());
    Peer client = Peer::connect(alone.host.port());
    client.send(get_text("/v1/route/k/"));
    REQUIRE_THAT(client.read_until("data: 1\n\n"), EndsWith("data: 1\n\n"));
    alone.host.cut(true);
    CHECK_THAT(client.read_all(), EndsWith("0\r\n\r\n"));
  }
  SECTION("half a body is not taken for the whole") {
    ScriptedApp app(beginning("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"));
    Alone alone(app.address());
    Peer client = Peer::connect(alone.host.port());
    client.send(get_text("/v1/route/k/"));
    REQUIRE_THAT(client.read_until("abc"), EndsWith("abc"));
    alone.host.cut(true);
    CHECK_THAT(client.read_all(), !Contains("0\r\n\r\n"));
  }
  SECTION("a request that the app has not answered may have run") {
    ScriptedApp app(beginning(""));
    Alone alone(app.address());
    Peer client = Peer::connect(alone.host.port());
    client.send(get_text("/v1/route/k/"));
    REQUIRE(soon([&] { return app.connections() == 1; }));
    alone.host.cut(true);
    CHECK_THAT(client.read_all(), StartsWith("HTTP/1.1 504") && Contains("Ringside-Executed: maybe") &&
                                      Contains("drain.timeout"));
  }
  SECTION("one that waits for the ring surely has not") {
    Host host("a", "127.0.0.1:1");
    host.open();
    host.start({{"gone", "127.0.0.1:1"}});
    Peer client = Peer::connect(host.port());
    client.send(get_text("/v1/route/k/"));
    REQUIRE(soon([&] { return host.counters().requests_forwarded.value() == 1; }));
    host.cut(true);
    const std::string reply = client.read_all();
    CHECK_THAT(reply, StartsWith("HTTP/1.1 50") && Contains("Ringside-Executed: "));
    CHECK(host.counters().drain_cut.value() == 1);
  }
}

TEST_CASE("a member on its way out lets its clients go one by one") {
  ScriptedApp app(answering(ok_reply("yes")));
  Alone alone(app.address());
  alone.host.drain_view = {
      .state = api::DrainState::announcing, .leaving = true, .since = {}, .deadline = {}};
  alone.host.set_ring({alone.host.server()});
  REQUIRE(soon([&] {
    return exchange(alone.host.port(), get_text("/v1/drain")).find("announcing") != std::string::npos;
  }));
  Peer client = Peer::connect(alone.host.port());
  client.send("GET /v1/route/k/ HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK_THAT(client.read_all(), StartsWith("HTTP/1.1 200") && Contains("Connection: close"));
}

TEST_CASE("an order of the API is carried out by control, and its answer comes back to who asked") {
  ScriptedApp app(answering(ok_reply("yes")));
  Host host("a", app.address());
  std::mutex mutex;
  std::vector<api::Order> orders;
  std::function<void(api::Response)> kept;
  host.order = [&](api::Order order, std::function<void(api::Response)> answer) {
    const std::lock_guard lock(mutex);
    orders.push_back(order);
    if (order.kind == api::Order::Kind::leave) {
      kept = std::move(answer);
      return;
    }
    answer(api::render({.code = api::Code::conflict, .detail = "the test says so"}));
  };
  host.open();
  host.start({host.server()});
  SECTION("over HTTP/1, in order with what comes behind it") {
    Peer client = Peer::connect(host.port());
    client.send("POST /v1/drain HTTP/1.1\r\nHost: a\r\nContent-Length: 17\r\n\r\n{\"timeout\":\"12s\"}" +
                get_text("/v1/livez"));
    const std::string all = client.read_all();
    CHECK_THAT(all, StartsWith("HTTP/1.1 409") && Contains("the test says so") && Contains("HTTP/1.1 204"));
    REQUIRE(orders.size() == 1);
    CHECK(orders[0].kind == api::Order::Kind::drain);
    CHECK(orders[0].timeout == Millis(12'000));
  }
  SECTION("whoever has gone before the answer gets none") {
    {
      Peer client = Peer::connect(host.port());
      client.send("POST /v1/leave HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
      REQUIRE(soon([&] {
        const std::lock_guard lock(mutex);
        return static_cast<bool>(kept);
      }));
    }
    kept(api::no_content());
    CHECK_THAT(exchange(host.port(), get_text("/v1/livez")), StartsWith("HTTP/1.1 204"));
  }
  SECTION("a page of others cannot give one") {
    CHECK_THAT(exchange(host.port(), post("/v1/drain", "", "Origin: http://evil.example\r\n")),
               StartsWith("HTTP/1.1 403"));
    CHECK(orders.empty());
  }
}

}  // namespace
}  // namespace ringside::test
