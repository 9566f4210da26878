// Requests from and to members that run ringpop-node, on the worker's side: the control thread is the test.
#include <catch2/catch.hpp>
#include <future>
#include <nlohmann/json.hpp>
#include <optional>

#include "daemon/base/limits.hpp"
#include "proto/ringpop/codec.hpp"
#include "tests/unit/worker/host.hpp"

using namespace ringside;
using namespace ringside::test;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using Json = nlohmann::json;

namespace {

const ring::Server node{"127.0.0.1:9", "127.0.0.1:9"};

tchannel::CallResponse reply_of(std::string head, std::string body) {
  tchannel::CallResponse response;
  response.arg2 = std::move(head);
  response.arg3 = std::move(body);
  return response;
}
tchannel::CallResponse refusal_of(std::string_view type) {
  tchannel::CallResponse response;
  response.code = 1;
  response.arg3 = ringpop::encode(ringpop::Response(ringpop::Rejection{std::string(type), "because"}));
  return response;
}

// Host a without a key of its own in what is asked here; the other member runs ringpop-node and is played by
// `answer`, which gets the number of the call and the call.
struct Outward {
  using Answer = std::function<net::CallResult(int, const net::ProxyCall&)>;
  explicit Outward(Answer answer, PeerKind kind = PeerKind::ringpop_node) : host("a", "") {
    host.kinds[node.address] = kind;
    host.call_proxy = [this, answer = std::move(answer)](net::ProxyCall call) {
      {
        const std::lock_guard lock(mutex);
        calls.push_back(call);
      }
      call.done(answer(static_cast<int>(calls.size()), call));
    };
    host.config.forward.timeout = Millis(3000);
    host.open();
    host.start({node});
  }
  [[nodiscard]] std::size_t count() {
    const std::lock_guard lock(mutex);
    return calls.size();
  }
  std::mutex mutex;
  std::vector<net::ProxyCall> calls;
  Host host;
};

// What comes of a request that a ringpop-node forwards to this host.
net::ProxyAnswer forwarded(Host& host, ringpop::ProxyRequest head, std::string body = {},
                           Duration ttl = std::chrono::seconds(5)) {
  std::promise<net::ProxyAnswer> promise;
  auto answered = promise.get_future();
  host.serve_proxied({.head = std::move(head),
                      .body = std::move(body),
                      .peer = "127.0.0.1:9",
                      .deadline = Clock::now() + ttl,
                      .done = [&promise](net::ProxyAnswer answer) { promise.set_value(std::move(answer)); }});
  REQUIRE(answered.wait_for(std::chrono::seconds(10)) == std::future_status::ready);
  return answered.get();
}

ringpop::ProxyRequest get_of(std::string url, ringpop::ProxyFields fields = {}) {
  return {.method = "GET", .url = std::move(url), .fields = std::move(fields)};
}

}  // namespace

TEST_CASE("a request for a ringpop-node's key goes as one call, and its reply comes back as HTTP") {
  Outward a([](int, const net::ProxyCall&) {
    return reply_of(
        R"({"statusCode":201,"headers":{"x-app":"node","set-cookie":["a=1","b=2"],"connection":"close",)"
        R"("content-length":99,"ringside-error":"not_owner","ringside-owner":"mallory"}})",
        "made");
  });
  const auto reply =
      exchange(a.host.port(), post("/v1/route/user%3A42/cart?x=1", "{}",
                                   "X-Mine: a\r\nX-mine: b\r\nCookie: s=1\r\nTE: trailers\r\n"));
  CHECK_THAT(reply, StartsWith("HTTP/1.1 201"));
  CHECK_THAT(reply, Contains("x-app: node") && Contains("set-cookie: a=1") && Contains("set-cookie: b=2"));
  CHECK_THAT(reply, Contains("Content-Length: 4\r\n") && Contains("\r\n\r\nmade"));
  CHECK_THAT(reply, Contains("Ringside-Owner: 127.0.0.1:9") && Contains("Ringside-Served-By: 127.0.0.1:9") &&
                        Contains("Ringside-Hops: 1") && Contains("Ringside-Attempts: 1"));
  CHECK_THAT(reply, !Contains("mallory") && !Contains("not_owner") && !Contains("99"));

  REQUIRE(a.count() == 1);
  const auto& call = a.calls.front();
  CHECK(call.address == node.address);
  CHECK(call.body == "{}");
  const Json head = Json::parse(call.head);
  CHECK(head["method"] == "POST");
  CHECK(head["url"] == "/cart?x=1");
  CHECK(head["ringpopKeys"] == Json{"user:42"});
  CHECK(head["ringpopChecksum"] == ring::build({node}, 100, 1)->checksum());
  const Json& headers = head["headers"];
  CHECK(headers["host"] == "a");
  CHECK(headers["x-mine"] == "a, b");
  CHECK(headers["cookie"] == "s=1");
  CHECK(headers["content-length"] == "2");
  CHECK(headers["ringside-key"] == "user:42");
  CHECK(headers["ringside-from"] == "a");
  CHECK_FALSE(headers.contains("te"));
  CHECK_FALSE(headers.contains("connection"));
}

TEST_CASE("a body is gathered whole, longer than what a try keeps and up to its cap") {
  Outward a([](int, const net::ProxyCall&) { return reply_of("{}", ""); });
  const std::string large(limits::proxy_body_bytes, 'x');
  CHECK_THAT(exchange(a.host.port(), post("/v1/route/k/", large)), StartsWith("HTTP/1.1 200"));
  CHECK(a.calls.front().body == large);
  const auto reply = exchange(a.host.port(), post("/v1/route/k/", large + "x"));
  CHECK_THAT(reply,
             StartsWith("HTTP/1.1 413") && Contains("body_too_large") && Contains("\"executed\":\"no\""));
  CHECK(a.count() == 1);
}

TEST_CASE("a client that waits for 100-continue gets it at once") {
  Outward a([](int, const net::ProxyCall&) { return reply_of("{}", "ok"); });
  Peer client = Peer::connect(a.host.port());
  client.send("PUT /v1/route/k/ HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
  CHECK_THAT(client.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 100"));
  client.send("hi");
  CHECK_THAT(client.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 200"));
  CHECK(a.calls.front().body == "hi");
}

TEST_CASE("a large reply reaches a client that reads slowly") {
  const std::string large(7'000'000, 'y');
  Outward a([&](int, const net::ProxyCall&) { return reply_of("{}", large); });
  const auto reply = exchange(a.host.port(), get("/v1/route/k/"));
  CHECK_THAT(reply, StartsWith("HTTP/1.1 200"));
  CHECK(reply.ends_with(large));
}

TEST_CASE("replies without a body stay so") {
  Outward a([](int, const net::ProxyCall& call) {
    return reply_of(Json::parse(call.head)["method"] == "HEAD" ? R"({"headers":{"content-length":"42"}})"
                                                               : R"({"statusCode":204})",
                    "what should not be here");
  });
  const auto head =
      exchange(a.host.port(), "HEAD /v1/route/k/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  CHECK_THAT(head, StartsWith("HTTP/1.1 200") && Contains("Content-Length: 42"));
  CHECK(head.ends_with("\r\n\r\n"));
  const auto none = exchange(a.host.port(), get("/v1/route/k/"));
  CHECK_THAT(none, StartsWith("HTTP/1.1 204"));
  CHECK(none.ends_with("\r\n\r\n"));
}

TEST_CASE("how a call ends that brings no reply") {
  struct Row {
    const char* what;
    net::CallResult result;
    const char *status, *code, *executed;
    std::size_t calls;  // 0: any number above one
  };
  const auto failure = [](bool maybe) { return net::CallFailure{Errc::connection_lost, "it broke", maybe}; };
  const std::vector<Row> rows{
      {"nobody was reached", failure(false), "503", "peer_unreachable", "no", 1},
      {"lost on the way", failure(true), "502", "app_error", "maybe", 1},
      {"its app failed", refusal_of("error"), "502", "app_error", "maybe", 1},
      {"a refusal that says nothing", refusal_of(""), "502", "app_error", "maybe", 1},
      {"another ring", refusal_of(ringpop::invalid_checksum), "503", "peer_unreachable", "no", 0},
      {"another owner", refusal_of(ringpop::invalid_key), "503", "peer_unreachable", "no", 0},
      {"too many requests", reply_of(R"({"statusCode":429})", refusal_of(ringpop::too_many_requests).arg3),
       "503", "overloaded", "no", 1},
      {"a malformed head", reply_of(R"({"statusCode":1000})", ""), "502", "app_error", "maybe", 1},
      {"no head", reply_of("", "body"), "502", "app_error", "maybe", 1},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    Outward a([&](int, const net::ProxyCall&) { return row.result; });
    const auto reply = exchange(a.host.port(), post("/v1/route/k/", "x"));
    CHECK_THAT(reply, StartsWith("HTTP/1.1 " + std::string(row.status)));
    CHECK_THAT(reply, Contains("Ringside-Error: " + std::string(row.code)));
    CHECK_THAT(reply, Contains("\"executed\":\"" + std::string(row.executed) + "\""));
    CHECK((row.calls == 0 ? a.count() > 1 : a.count() == row.calls));
  }
}

TEST_CASE("an app's own 429 is a reply like any other") {
  Outward a([](int, const net::ProxyCall&) {
    return reply_of(R"({"statusCode":429,"headers":{"retry-after":"3"}})", "slow down");
  });
  CHECK_THAT(exchange(a.host.port(), get("/v1/route/k/")),
             StartsWith("HTTP/1.1 429") && Contains("slow down") && !Contains("Ringside-Error"));
}

TEST_CASE("a ring that differed only for a moment is not seen by the client") {
  Outward a([](int number, const net::ProxyCall&) {
    return number == 1 ? refusal_of(ringpop::invalid_checksum) : reply_of("{}", "ok");
  });
  const auto reply = exchange(a.host.port(), post("/v1/route/k/", "once"));
  CHECK_THAT(reply, StartsWith("HTTP/1.1 200") && Contains("Ringside-Attempts: 2"));
  REQUIRE(a.count() == 2);
  CHECK(a.calls[1].body == "once");
}

TEST_CASE("a call that is never answered is a timeout") {
  Host host("a", "");
  host.kinds[node.address] = PeerKind::ringpop_node;
  host.call_proxy = [](const net::ProxyCall&) {};
  host.config.forward.timeout = Millis(100);
  host.open();
  host.start({node});
  CHECK_THAT(exchange(host.port(), get("/v1/route/k/")),
             StartsWith("HTTP/1.1 504") && Contains("\"timeout\""));
}

TEST_CASE("bodies that wait for ringpop-nodes are bounded together, and room comes back") {
  std::mutex mutex;
  std::vector<net::ProxyCall> waiting;
  const auto count = [&] {
    const std::lock_guard lock(mutex);
    return waiting.size();
  };
  Host host("a", "");
  host.kinds[node.address] = PeerKind::ringpop_node;
  host.call_proxy = [&](net::ProxyCall call) {
    const std::lock_guard lock(mutex);
    waiting.push_back(std::move(call));
  };
  host.config.forward.timeout = Millis(60'000);
  host.open();
  host.start({node});
  const std::string large(limits::proxy_body_bytes, 'x');
  std::vector<Peer> clients;
  for (std::size_t held = 0; held <= limits::proxy_held_bytes; held += large.size()) {
    clients.push_back(Peer::connect(host.port()));
    clients.back().send(post("/v1/route/k/", large));
  }
  while (count() < clients.size()) std::this_thread::yield();
  CHECK_THAT(exchange(host.port(), post("/v1/route/k/", "x")),
             StartsWith("HTTP/1.1 503") && Contains("overloaded") && Contains("\"executed\":\"no\""));
  CHECK(count() == clients.size());
  for (auto& call : waiting) call.done(reply_of("{}", ""));  // bodies may have become whole in any order
  for (Peer& client : clients) CHECK_THAT(client.read_all(), StartsWith("HTTP/1.1 200"));
  auto last =
      std::async(std::launch::async, [&] { return exchange(host.port(), post("/v1/route/k/", "x")); });
  while (count() == clients.size()) std::this_thread::yield();
  waiting.back().done(reply_of("{}", ""));
  CHECK_THAT(last.get(), StartsWith("HTTP/1.1 200"));
}

TEST_CASE("a key that is not UTF-8 travels in its field and not among the keys") {
  Outward a([](int, const net::ProxyCall&) { return reply_of("{}", ""); });
  CHECK_THAT(exchange(a.host.port(), get("/v1/route/%FF/")), StartsWith("HTTP/1.1 200"));
  const Json head = Json::parse(a.calls.front().head);
  CHECK(head["ringpopKeys"].empty());
  CHECK(head["headers"]["ringside-key"] == "%FF");
}

TEST_CASE("a ringpop-go takes no HTTP") {
  Outward a([](int, const net::ProxyCall&) { return reply_of("{}", ""); }, PeerKind::ringpop_go);
  CHECK_THAT(exchange(a.host.port(), get("/v1/route/k/")),
             StartsWith("HTTP/1.1 502") && Contains("peer_has_no_http") && Contains("\"executed\":\"no\""));
  CHECK(a.count() == 0);
}

TEST_CASE("what a ringpop-node forwards reaches the app, and the app's reply goes back") {
  std::string seen;
  ScriptedApp app([&](Peer& peer, int) {
    seen = peer.read_until("\r\n\r\n");
    seen += peer.read_bytes(2);
    peer.send(
        "HTTP/1.1 201 Made\r\nContent-Length: 4\r\nX-App: a\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n"
        "Ringside-Owner: mallory\r\nKeep-Alive: timeout=5\r\n\r\nmade");
    (void)peer.read_all();
  });
  Host host("a", app.address());
  host.open();
  host.start({host.server(), node});  // whose key it is, the control thread has checked
  const auto answer = forwarded(host,
                                {.method = "POST",
                                 .url = "/cart?x=1",
                                 .fields = {{"host", "shop"},
                                            {"content-length", "999"},
                                            {"transfer-encoding", "chunked"},
                                            {"connection", "x-hop"},
                                            {"x-hop", "1"},
                                            {"x-mine", "kept"},
                                            {"ringside-owner", "mallory"},
                                            {"x-forwarded-for", "10.0.0.66"}},
                                 .keys = {"user 42"}},
                                "{}");
  CHECK(answer.code == 0);
  CHECK(answer.body == "made");
  const Json head = Json::parse(answer.head);
  CHECK(head["statusCode"] == 201);
  CHECK(head["headers"]["x-app"] == "a");
  CHECK(head["headers"]["set-cookie"] == Json({"a=1", "b=2"}));
  CHECK(head["headers"]["ringside-served-by"] == "a");
  CHECK_FALSE(head["headers"].contains("ringside-owner"));
  CHECK_FALSE(head["headers"].contains("keep-alive"));

  CHECK_THAT(seen, StartsWith("POST /cart?x=1 HTTP/1.1\r\nHost: shop\r\n"));
  CHECK_THAT(seen, Contains("x-mine: kept") && Contains("Content-Length: 2\r\n") && Contains("\r\n\r\n{}"));
  CHECK_THAT(seen, Contains("Ringside-Key: user%2042") && Contains("Ringside-Owner: a") &&
                       Contains("Ringside-Hops: 1") && Contains("Ringside-From: 127.0.0.1:9"));
  CHECK_THAT(seen, !Contains("mallory") && !Contains("x-hop") && !Contains("chunked") && !Contains("999") &&
                       !Contains("10.0.0.66"));
  CHECK(host.counters().requests_received.value() == 1);
}

TEST_CASE("a forwarded body of any size up to the call's reaches the app whole") {
  std::atomic<std::size_t> got = 0;
  ScriptedApp app([&](Peer& peer, int) {
    const auto head = peer.read_until("\r\n\r\n");
    got = peer.read_bytes(std::stoul(head.substr(head.find("Content-Length: ") + 16))).size();
    peer.send(ok_reply("ok"));
    (void)peer.read_all();
  });
  Host host("a", app.address());
  host.open();
  host.start({host.server()});
  const auto answer =
      forwarded(host, {.method = "PUT", .url = "/", .fields = {}}, std::string(3'000'000, 'x'));
  CHECK(answer.code == 0);
  CHECK(answer.body == "ok");
  CHECK(got == 3'000'000);
}

TEST_CASE("several keys are nobody's key") {
  std::string seen;
  ScriptedApp app([&](Peer& peer, int) {
    seen = peer.read_until("\r\n\r\n");
    peer.send(ok_reply("ok"));
  });
  Host host("a", app.address());
  host.open();
  host.start({host.server()});
  auto head = get_of("/");
  head.keys = {"a", "b"};
  CHECK(forwarded(host, head).code == 0);
  CHECK_THAT(seen, !Contains("Ringside-Key"));
}

TEST_CASE("what surely reached no app is a refusal that may be repeated, anything else is a reply") {
  struct Row {
    const char* what;
    std::optional<ScriptedApp::Script> app{};
    Millis ttl{5000};
    int in_flight = 1024;
    std::string authority = "a";
    std::uint8_t code = 0;
    int status = 0;  // with code 0
    const char* says = "";
  };
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: ";
  std::vector<Row> rows{
      {.what = "no app", .app = {}, .code = 1, .status = 0, .says = "ringside.app_down"},
      {.what = "a host that is none",
       .app = answering(ok_reply("ok")),
       .authority = "a b",
       .code = 1,
       .status = 0,
       .says = "ringside.bad-request"},
      {.what = "too many",
       .app = answering(ok_reply("ok")),
       .in_flight = 0,
       .code = 0,
       .status = 429,
       .says = "ringpop.request-proxy.too-many-requests"},
      {.what = "the app hangs up",
       .app = [](Peer& peer, int) { (void)peer.read_until("\r\n\r\n"); },
       .code = 0,
       .status = 502,
       .says = "app_error"},
      {.what = "the app is silent",
       .app = [](Peer& peer, int) { (void)peer.read_all(); },
       .ttl = Millis(100),
       .code = 0,
       .status = 504,
       .says = "timeout"},
      {.what = "half a reply",
       .app =
           [&](Peer& peer, int) {
             (void)peer.read_until("\r\n\r\n");
             peer.send(head + "9\r\n\r\nhalf");
           },
       .code = 0,
       .status = 502,
       .says = "broke off"},
      {.what = "a reply without an end",
       .app =
           [](Peer& peer, int) {
             (void)peer.read_until("\r\n\r\n");
             peer.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n");
             (void)peer.read_all();
           },
       .ttl = Millis(200),
       .code = 0,
       .status = 502,
       .says = "did not end"},
      {.what = "a reply too large",
       .app =
           [&](Peer& peer, int) {
             (void)peer.read_until("\r\n\r\n");
             peer.send(head + "5000000\r\n\r\n" + std::string(5'000'000, 'x'));
             (void)peer.read_all();
           },
       .code = 0,
       .status = 502,
       .says = "at most"},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    std::optional<ScriptedApp> app;
    if (row.app) app.emplace(*row.app);
    Host host("a", app ? app->address() : "");
    host.config.forward.in_flight = row.in_flight;
    host.open();
    host.start({host.server()});
    const auto answer =
        forwarded(host, {.method = "POST", .url = "/", .fields = {{"host", row.authority}}}, "x", row.ttl);
    CHECK(answer.code == row.code);
    CHECK_THAT(answer.body, Contains(row.says));
    if (row.code == 0) CHECK(Json::parse(answer.head)["statusCode"] == row.status);
  }
}

TEST_CASE("a host that drains finishes what was forwarded to it") {
  std::promise<void> asked, release;
  ScriptedApp app([&](Peer& peer, int) {
    (void)peer.read_until("\r\n\r\n");
    asked.set_value();
    release.get_future().wait();
    peer.send(ok_reply("late"));
    (void)peer.read_all();
  });
  Host host("a", app.address());
  host.open();
  host.start({host.server()});
  std::promise<net::ProxyAnswer> promise;
  auto answered = promise.get_future();
  host.serve_proxied({.head = get_of("/"),
                      .body = {},
                      .peer = "127.0.0.1:9",
                      .deadline = Clock::now() + std::chrono::seconds(5),
                      .done = [&promise](net::ProxyAnswer answer) { promise.set_value(std::move(answer)); }});
  asked.get_future().wait();
  std::promise<void> drained;
  auto empty = drained.get_future();
  host.drain([&drained] { drained.set_value(); });
  CHECK(empty.wait_for(std::chrono::milliseconds(50)) == std::future_status::timeout);
  release.set_value();
  CHECK(answered.get().body == "late");
  CHECK(empty.wait_for(std::chrono::seconds(5)) == std::future_status::ready);
}
