// Apps that speak HTTP/2 (app.protocol: h2c), behind clients of either kind.
#include <catch2/catch.hpp>

#include "tests/unit/worker/http2_end.hpp"

using namespace ringside;
using namespace ringside::test;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

struct H2cHost {
  explicit H2cHost(std::string app_address) : host("a", std::move(app_address)) {
    host.config.app.protocol = config::AppProtocol::h2c;
    host.open();
    host.start({host.server()});
  }
  Host host;
};

void reply_with(Side& side, http2::StreamId id, std::string_view body, int status = 200) {
  side.session.submit_response(id, reply(status, {http::BodyKind::length, body.size()}), body.empty());
  if (!body.empty()) side.session.send_data(id, body, true);
}

// Method, path, authority, fields and body as they came.
std::string told(const Seen& seen) {
  std::string text = seen.method + " " + seen.target + " at " + seen.authority + "\n";
  for (const auto& [name, value] : seen.fields) text += name + ": " + value + "\n";
  return text + "\n" + seen.body;
}

ScriptedApp::Script echo() {
  return http2_answering(
      [](Side& side, http2::StreamId id, const Seen& seen) { reply_with(side, id, told(seen)); });
}

}  // namespace

TEST_CASE("an h2c app is asked over one connection, by HTTP/1 and HTTP/2 clients alike") {
  ScriptedApp app(echo());
  H2cHost h2c(app.address());
  CHECK_THAT(exchange(h2c.host.port(), post("/v1/route/k/x?y", "hello", "X-Mine: kept\r\n")),
             StartsWith("HTTP/1.1 200") && Contains("POST /x?y at a\n") && Contains("x-mine: kept\n") &&
                 Contains("ringside-key: k\n") && Contains("content-length: 5\n") && Contains("\n\nhello"));
  CHECK_THAT(exchange(h2c.host.port(), "GET /v1/route/k/x HTTP/1.0\r\n\r\n"), Contains("GET /x at a\n"));
  Http2Client client(h2c.host.port());
  std::vector<http2::StreamId> ids;
  for (int i = 0; i < 50; ++i)
    ids.push_back(client.ask(post("/v1/route/k/x"), std::string(static_cast<std::size_t>(i) * 100, 'b')));
  for (std::size_t i = 0; i < ids.size(); ++i)
    CHECK_THAT(client.answer(ids[i]).body, Contains("\n\n" + std::string(i * 100, 'b')));
  CHECK(app.connections() == 1);
}

TEST_CASE("large bodies go through an h2c app both ways") {
  ScriptedApp app(echo());
  H2cHost h2c(app.address());
  const std::string body(3 * 1024 * 1024, 'b');
  CHECK_THAT(exchange(h2c.host.port(), post("/v1/route/k/x", body)), Contains("\n\n" + body));
  Http2Client client(h2c.host.port());
  CHECK_THAT(client.answer(client.ask(post("/v1/route/k/x"), body)).body, Contains("\n\n" + body));
}

TEST_CASE("how a try at an h2c app ends that brings no reply") {
  struct Row {
    const char* what;
    std::function<void(Side&, http2::StreamId, int tries)> act;  // on each request
    int status, tries;                                           // no status: the client's connection is cut
    const char* must_contain;
  };
  const auto reset = [](http2::Code code) {
    return [code](Side& side, http2::StreamId id, int) { side.session.reset(id, code); };
  };
  const Row rows[] = {
      {"refused once",
       [&](Side& side, http2::StreamId id, int tries) {
         tries == 1 ? side.session.reset(id, http2::Code::refused_stream) : reply_with(side, id, "ok");
       },
       200, 2, "ok"},
      {"refused for good", reset(http2::Code::refused_stream), 503, 2, "\"executed\":\"no\""},
      {"broken off", reset(http2::Code::internal_error), 502, 1, "\"executed\":\"maybe\""},
      {"a body that ends too early",
       [](Side& side, http2::StreamId id, int) {
         side.session.submit_response(id, reply(200, {http::BodyKind::length, 10}), false);
         side.session.send_data(id, "half", true);
       },
       0, 1, ""},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    std::atomic<int> tries = 0;
    ScriptedApp app(
        http2_answering([&](Side& side, http2::StreamId id, const Seen&) { row.act(side, id, ++tries); }));
    H2cHost h2c(app.address());
    Peer client = Peer::connect(h2c.host.port());
    client.send(post("/v1/route/k/x", "x"));
    const std::string answer = client.read_all();
    CHECK(tries == row.tries);
    CHECK(client.was_reset() == (row.status == 0));
    if (row.status == 0) continue;
    CHECK_THAT(answer, StartsWith("HTTP/1.1 " + std::to_string(row.status)) && Contains(row.must_contain));
  }
}

TEST_CASE("a request that an app's GOAWAY leaves unprocessed is run once, over a new connection") {
  std::atomic<int> served = 0;
  ScriptedApp app([&served](Peer& peer, int connection) {
    if (connection == 1) {  // one answer, then a GOAWAY that the next request crosses
      Side side(http2::Role::server);
      while (side.streams.empty() || !side.streams.begin()->second.ended)
        if (!side.session.receive(peer.read_some())) return;
      reply_with(side, 1, "first");
      std::string out;
      side.session.take_output(out);
      peer.send(out);
      std::size_t more = 0;
      while (more < 250) {  // the second request, known by its length
        const std::string bytes = peer.read_some();
        if (bytes.empty()) return;
        more += bytes.size();
      }
      peer.send(frame(Frame::goaway, 0, 0, number(1) + number(0)));
      (void)peer.read_all();
      return;
    }
    http2_answering([&](Side& side, http2::StreamId id, const Seen&) {
      ++served;
      reply_with(side, id, "second");
    })(peer, connection);
  });
  H2cHost h2c(app.address());
  CHECK_THAT(exchange(h2c.host.port(), post("/v1/route/k/first", "")), Contains("first"));
  CHECK_THAT(
      exchange(h2c.host.port(), post("/v1/route/k/second", "", "X-Long: " + std::string(300, '~') + "\r\n")),
      Contains("second"));
  CHECK(served == 1);
}

TEST_CASE("a request without an owner that may have run says so, whatever its repeat comes to") {
  ScriptedApp app([](Peer& peer, int connection) {
    if (connection == 1) return (void)peer.read_some();  // takes the request and goes without a word
    http2_answering([](Side& side, http2::StreamId id, const Seen&) {
      side.session.reset(id, http2::Code::refused_stream);
    })(peer, connection);
  });
  H2cHost h2c(app.address());
  const std::string answer = exchange(h2c.host.port(), get("/v1/local/x", ""));
  CHECK_THAT(answer, StartsWith("HTTP/1.1 502") && Contains("\"executed\":\"maybe\""));
}

TEST_CASE("an h2c app that cannot be had is said to be down; one that speaks HTTP/1 is told apart") {
  SECTION("nobody listens") {
    H2cHost h2c("127.0.0.1:1");
    CHECK_THAT(exchange(h2c.host.port(), post("/v1/route/k/x", "x")),
               StartsWith("HTTP/1.1 503") && Contains("app_down") && Contains("127.0.0.1:1"));
  }
  SECTION("HTTP/1") {
    ScriptedApp app([](Peer& peer, int) {
      (void)peer.read_until("\r\n\r\n");
      peer.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    });
    H2cHost h2c(app.address());
    CHECK_THAT(exchange(h2c.host.port(), post("/v1/route/k/x", "x")),
               StartsWith("HTTP/1.1 502") && Contains("does not speak HTTP/2"));
  }
}

TEST_CASE("an app that takes one stream at a time gets more connections, not a queue") {
  std::promise<void> both_came;
  std::atomic<int> came = 0;
  ScriptedApp app([&, both = both_came.get_future().share()](Peer& peer, int) {
    Side side(http2::Role::server, {.streams_max = 1});
    std::set<http2::StreamId> answered;
    for (;;) {
      const std::string bytes = peer.read_some();
      if (bytes.empty() || !side.session.receive(bytes)) return;
      for (auto& [id, seen] : side.streams) {
        if (!answered.insert(id).second) continue;
        if (seen.target == "/wait" && ++came == 2) both_came.set_value();
        if (seen.target == "/wait") both.wait();
        reply_with(side, id, "ok");
      }
      std::string out;
      side.session.take_output(out);
      peer.send(out);
    }
  });
  H2cHost h2c(app.address());
  // The app's limit is known once it has answered.
  CHECK_THAT(exchange(h2c.host.port(), get("/v1/route/k/first", "")), Contains("ok"));
  Http2Client client(h2c.host.port());
  const auto one = client.ask(asking("/v1/route/k/wait"));
  const auto other = client.ask(asking("/v1/route/k/wait"));
  CHECK(client.answer(one).body == "ok");
  CHECK(client.answer(other).body == "ok");
  CHECK(app.connections() == 2);
}

TEST_CASE("gRPC: both sides stream at the same time over two hops, and trailers end it") {
  // Answers each message at once, and the half-close with trailers.
  const auto bidi = http2_app([](Side& side, int) {
    for (auto& [id, seen] : side.streams) {
      if (seen.closed > 0 || seen.status == 2) continue;
      if (seen.status == 0) {
        http::ResponseHead head = reply(200, {http::BodyKind::chunked, 0});
        head.fields = {{"content-type", "application/grpc"}};
        side.session.submit_response(id, head, false);
        seen.status = 1;
      }
      if (!seen.body.empty()) side.session.send_data(id, "<" + std::exchange(seen.body, "") + ">", false);
      if (!seen.ended) continue;
      seen.status = 2;
      side.session.send_end(id, {{"grpc-status", "0"}, {"x-key", seen.fields.at("ringside-key")}});
    }
  });
  ScriptedApp app_a(bidi), app_b(bidi);
  Host a("a", app_a.address()), b("b", app_b.address());
  for (Host* host : {&a, &b}) {
    host->config.app.protocol = config::AppProtocol::h2c;
    host->open();
  }
  const std::vector<ring::Server> both = {a.server(), b.server()};
  a.start(both);
  b.start(both);
  Http2Client client(a.port());
  const auto ring = ring::build(both, 100, 1);
  std::set<std::string> owners;
  for (int i = 0; i < 20; ++i) {
    const std::string key = "k" + std::to_string(i);
    owners.insert(ring->server(*ring->owner(key)).name);
    const auto id = client.ask(grpc_call("/demo.Service/Chat", {{"ringside-key", key}}), {}, false);
    const Seen& seen = client.side.streams[id];
    std::string expected;
    for (const char* message : {"one", "two", "three"}) {
      client.side.session.send_data(id, message, false);
      expected += "<" + std::string(message) + ">";
      REQUIRE(client.until([&] { return seen.body.size() >= expected.size(); }));
    }
    client.side.session.send_end(id, {});
    client.answer(id);
    CHECK(seen.body == expected);
    CHECK(seen.trailers ==
          std::vector<std::pair<std::string, std::string>>{{"grpc-status", "0"}, {"x-key", key}});
  }
  CHECK(owners.size() == 2);
}

TEST_CASE("gRPC: a key that is not text reaches the app in both dresses") {
  ScriptedApp app(echo());
  H2cHost h2c(app.address());
  Http2Client client(h2c.host.port());
  const Seen& seen = client.answer(client.ask(grpc_call("/s/m", {{"ringside-key-bin", "AP8="}}), "x"));
  CHECK_THAT(seen.body, Contains("ringside-key: %00%FF\n") && Contains("ringside-key-bin: AP8\n") &&
                            Contains("te: trailers\n"));
}
