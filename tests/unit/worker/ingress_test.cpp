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
    const auto refused = exchange(alone.host.ingress_port(), get(path));
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

TEST_CASE("ingress.hosts refuses other names and reaches no app; the API listener does not know it") {
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
  CHECK_THAT(exchange(alone.host.port(), "GET / HTTP/1.1\r\nHost: evil.example\r\n" + key),
             StartsWith("HTTP/1.1 200 "));
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
