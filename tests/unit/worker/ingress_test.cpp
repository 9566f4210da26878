// The listener for apps alone, with real sockets: the same data plane, none of the API.
#include <catch2/catch.hpp>

#include "tests/unit/worker/http2_end.hpp"

using namespace ringside;
using namespace ringside::test;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

struct Alone {
  explicit Alone(ScriptedApp::Script script) : app(std::move(script)), host("a", app.address()) {
    host.open();
  }
  void start() { host.start({host.server()}); }
  ScriptedApp app;
  Host host;
};

// Answers with the head that it was sent.
ScriptedApp::Script echo() {
  return [](Peer& peer, int) {
    for (std::string head; !(head = peer.read_until("\r\n\r\n")).empty();) peer.send(ok_reply(head));
  };
}

}  // namespace

TEST_CASE("on ingress every path is the app's, if the request names its key") {
  Alone alone(echo());
  alone.start();
  for (const std::string path : {"/v1/members", "/v1/route/x/y", "/v1/local/y", "/metrics", "/"}) {
    INFO(path);
    const auto reply = exchange(alone.host.ingress_port(), get(path, "Ringside-Key: user:42\r\n"));
    CHECK_THAT(reply, StartsWith("HTTP/1.1 200 OK\r\n"));
    CHECK_THAT(reply,
               Contains("\r\n\r\nGET " + path + " HTTP/1.1\r\n") && Contains("Ringside-Key: user:42\r\n"));
    const auto refused = exchange(alone.host.ingress_port(), get(path, ""));
    CHECK_THAT(refused, StartsWith("HTTP/1.1 400 ") && Contains("Ringside-Error: missing_key\r\n") &&
                            Contains("Ringside-Key header"));
  }
}

TEST_CASE("OPTIONS * is answered where it arrives, on either listener") {
  Alone alone(echo());
  alone.start();
  for (const auto port : {alone.host.ingress_port(), alone.host.port()})
    CHECK_THAT(exchange(port, "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
               StartsWith("HTTP/1.1 204 "));
  CHECK(alone.app.connections() == 0);
}

TEST_CASE("on ingress HTTP/2 is taken too, its answers for gRPC are gRPC's") {
  Alone alone(echo());
  alone.host.config.ingress.hosts = {"a"};
  alone.start();
  Http2Client client(alone.host.ingress_port());
  CHECK(client.get("/v1/members").fields.at("ringside-error") == "missing_key");
  CHECK(client.get("/v1/members").status == 400);
  auto head = post("/pkg.Service/Call");
  head.fields = {{"content-type", "application/grpc"}};
  const Seen& refused = client.answer(client.ask(head, "x"));
  CHECK(refused.status == 200);
  CHECK(refused.fields.at("grpc-status") == "3");
  head.fields.push_back({"ringside-key", "user:42"});
  const Seen& seen = client.answer(client.ask(head, "x"));
  CHECK_THAT(seen.body,
             StartsWith("POST /pkg.Service/Call HTTP/1.1\r\n") && Contains("Ringside-Key: user:42\r\n"));
  head.authority = "b";
  CHECK(client.answer(client.ask(head, "x")).fields.at("ringside-error") == "wrong_host");
}

TEST_CASE("ingress.hosts refuses other names and reaches no app; the API listener has names of its own") {
  Alone alone(echo());
  alone.host.config.ingress.hosts = {"shop.example"};
  alone.start();
  const std::string key = "Ringside-Key: k\r\nConnection: close\r\n\r\n";
  const auto refused = exchange(alone.host.ingress_port(), "GET / HTTP/1.1\r\nHost: evil.example\r\n" + key);
  CHECK_THAT(refused, StartsWith("HTTP/1.1 421 ") && Contains("Ringside-Error: wrong_host\r\n") &&
                          Contains("'evil.example' is not among ingress.hosts"));
  CHECK(alone.app.connections() == 0);
  CHECK_THAT(exchange(alone.host.ingress_port(), "GET / HTTP/1.1\r\nHost: Shop.Example:81\r\n" + key),
             StartsWith("HTTP/1.1 200 "));
  CHECK_THAT(exchange(alone.host.ingress_port(), "GET / HTTP/1.0\r\n" + key), StartsWith("HTTP/1.1 200 "));
  CHECK_THAT(exchange(alone.host.port(), "GET / HTTP/1.1\r\nHost: shop.example\r\n" + key),
             StartsWith("HTTP/1.1 421 ") && Contains("security.api_hosts"));
}

TEST_CASE("X-Forwarded-* of a trusted proxy reaches the app with the proxy's address behind it") {
  const std::string fields = "Ringside-Key: k\r\nX-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n";
  Alone plain(echo());
  plain.start();
  const auto replaced = exchange(plain.host.ingress_port(), get("/", fields));
  CHECK_THAT(replaced, Contains("X-Forwarded-For: 127.0.0.1\r\n") &&
                           Contains("X-Forwarded-Proto: http\r\n") && !Contains("192.0.2.1"));
  Alone behind(echo());
  behind.host.config.ingress.trusted = {"127.0.0.0/8"};
  behind.start();
  const auto appended = exchange(behind.host.ingress_port(), get("/", fields));
  CHECK_THAT(appended, Contains("X-Forwarded-For: 192.0.2.1, 127.0.0.1\r\n") &&
                           Contains("X-Forwarded-Proto: https\r\n"));
  // Only on ingress: the API listener has no proxies in front of it.
  CHECK_THAT(exchange(behind.host.port(), get("/", fields)), !Contains("192.0.2.1"));
}

namespace {

struct Pair {
  Pair() : app_a(echo()), app_b(echo()), a("a", app_a.address()), b("b", app_b.address()) {
    a.open();
    b.open();
    both = {a.server(), b.server()};
  }
  void start() {
    a.start(both);
    b.start(both);
  }
  // A number whose key under this prefix is owned by the host.
  [[nodiscard]] std::string number_of(const Host& owner, const std::string& prefix) const {
    const auto ring = ring::build(both, 100, 1);
    for (int i = 0;; ++i)
      if (ring->server(*ring->owner(prefix + std::to_string(i))) == owner.server()) return std::to_string(i);
  }
  ScriptedApp app_a, app_b;
  Host a, b;
  std::vector<ring::Server> both;
};

}  // namespace

TEST_CASE("a route gives the key, and the request reaches the owner with its path untouched") {
  Pair pair;
  pair.a.config.routes = {{.match = "/users/{id}/**", .key = "user:{id}"}};
  pair.start();
  for (const Host* owner : {&pair.a, &pair.b}) {
    const auto number = pair.number_of(*owner, "user:");
    const auto path = "/users/" + number + "//x/../y?z=%2F";
    const auto reply = exchange(pair.a.ingress_port(), get(path, "Ringside-Key: forged\r\n"));
    INFO(reply);
    CHECK_THAT(reply, Contains("Ringside-Served-By: " + owner->server().name + "\r\n"));
    CHECK_THAT(reply, Contains("\r\n\r\nGET " + path + " HTTP/1.1\r\n"));
    CHECK_THAT(reply, Contains("Ringside-Key: user:" + number + "\r\n") && !Contains("forged"));
  }
}

TEST_CASE("without a key a route's request goes to this node's app, or to any, and no app sees a key") {
  Pair pair;
  pair.a.config.routes = {{.match = "/near", .missing = routes::Missing::local},
                          {.match = "/far", .missing = routes::Missing::random}};
  pair.start();
  std::map<std::string, int> served;
  for (int i = 0; i < 64; ++i) {
    for (const std::string path : {"/near", "/far"}) {
      const auto reply = exchange(pair.a.ingress_port(), get(path, ""));
      REQUIRE_THAT(reply, StartsWith("HTTP/1.1 200 ") && !Contains("Ringside-Key") && !Contains("Keyless"));
      for (const std::string name : {"a", "b"})
        if (reply.find("Ringside-Served-By: " + name + "\r\n") != std::string::npos) ++served[path + name];
    }
  }
  CHECK(served["/neara"] == 64);
  CHECK(served["/fara"] > 0);  // all 64 on one side: 1 in 2^63, and the seed is fixed
  CHECK(served["/farb"] > 0);
}

TEST_CASE("a route's timeout holds on every hop, shorter or longer than the general one") {
  ScriptedApp silent([](Peer& peer, int) { (void)peer.read_all(); });
  Host a("a", ""), b("b", silent.address());
  a.config.routes = {{.match = "/soon/**", .key = "k", .timeout = Millis(50)},
                     {.match = "/late/**", .key = "k", .timeout = Millis(400)}};
  a.config.forward.timeout = Millis(100);
  b.config.forward.timeout = Millis(150);
  a.open();
  b.open();
  a.start({b.server()});
  b.start({b.server()});
  // A client can only ask for less.
  for (const auto& [path, least, fields] :
       {std::tuple{"/soon/x", 50, ""}, std::tuple{"/soon/x", 50, "Ringside-Timeout: 1h\r\n"},
        std::tuple{"/late/x", 400, ""}, std::tuple{"/late/x", 60, "Ringside-Timeout: 70ms\r\n"}}) {
    const auto begun = Clock::now();
    const auto reply = exchange(a.ingress_port(), get(path, fields));
    CHECK_THAT(reply, StartsWith("HTTP/1.1 504 ") && Contains("Ringside-Error: timeout\r\n"));
    CHECK(Clock::now() - begun >= Millis(least));
  }
}

TEST_CASE("retry: 0 of a route is kept by the node that runs the request") {
  std::atomic<int> runs = 0;
  ScriptedApp fails([&](Peer& peer, int) {
    if (!peer.read_until("\r\n\r\n").empty()) ++runs;
  });
  Host a("a", ""), b("b", fails.address());
  a.config.routes = {{.match = "/once", .key = "k", .retry = 0}, {.match = "/again", .key = "k", .retry = 1}};
  a.open();
  b.open();
  a.start({b.server()});
  b.start({b.server()});
  CHECK_THAT(exchange(a.ingress_port(), get("/once", "")), StartsWith("HTTP/1.1 502 "));
  CHECK(runs == 1);
  CHECK_THAT(exchange(a.ingress_port(), get("/again", "")), StartsWith("HTTP/1.1 502 "));
  CHECK(runs > 2);
}

TEST_CASE("a route has no more requests under way than its concurrency, counted until their replies end") {
  std::promise<void> go;
  const auto gone = go.get_future().share();
  Alone alone([gone](Peer& peer, int) {
    while (!peer.read_until("\r\n\r\n").empty()) {
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no");
      gone.wait();
      peer.send("k");
    }
  });
  alone.host.config.routes = {{.match = "/few/**", .key = "k", .concurrency = 2},
                              {.match = "/**", .key = "k"}};
  alone.start();
  std::vector<Peer> held;
  for (int i = 0; i < 2; ++i) {
    held.push_back(Peer::connect(alone.host.ingress_port()));
    held.back().send(get("/few/x", ""));
    CHECK_THAT(held.back().read_until("\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  }
  const auto refused = exchange(alone.host.ingress_port(), get("/few/y", ""));
  CHECK_THAT(refused, StartsWith("HTTP/1.1 503 ") && Contains("Ringside-Error: overloaded\r\n") &&
                          Contains("Retry-After: 1\r\n"));
  CHECK_THAT(refused, Contains("route 1 (/few/**) has 2 requests under way (its concurrency)"));
  CHECK(alone.host.counters().full_route.value() == 1);
  Peer other = Peer::connect(alone.host.ingress_port());
  other.send(get("/more", ""));
  CHECK_THAT(other.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  go.set_value();
  for (auto& peer : held) CHECK_THAT(peer.read_all(), Contains("ok"));
  CHECK_THAT(exchange(alone.host.ingress_port(), get("/few/z", "")), StartsWith("HTTP/1.1 200 "));
}
