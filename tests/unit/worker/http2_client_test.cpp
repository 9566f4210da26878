// HTTP/2 on the client's side: cleartext with prior knowledge, on the listener that speaks HTTP/1 as well.
#include <catch2/catch.hpp>

#include "tests/unit/worker/http2_end.hpp"

using namespace ringside;
using namespace ringside::test;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

struct Alone {
  explicit Alone(std::string app_address, config::AppProtocol protocol = config::AppProtocol::http1)
      : host("a", std::move(app_address)) {
    host.config.app.protocol = protocol;
    host.open();
    host.start({host.server()});
  }
  Host host;
};

struct Pair {
  Pair(const ScriptedApp& app_a, const ScriptedApp& app_b)
      : a("a", app_a.address()), b("b", app_b.address()) {
    a.open();
    b.open();
    both = {a.server(), b.server()};
    a.start(both);
    b.start(both);
  }
  [[nodiscard]] std::string key_of(const Host& owner) const {
    const auto ring = ring::build(both, 100, 1);
    for (int i = 0;; ++i) {
      std::string key = "k" + std::to_string(i);
      if (ring->server(*ring->owner(key)) == owner.server()) return key;
    }
  }
  Host a, b;
  std::vector<ring::Server> both;
};

// Answers with what it was sent: head and counted or chunked body.
ScriptedApp::Script echo() {
  return [](Peer& peer, int) {
    for (;;) {
      std::string said = peer.read_until("\r\n\r\n");
      if (said.empty()) return;
      const auto at = said.find("Content-Length: ");
      if (at != std::string::npos) {
        said += peer.read_bytes(std::stoul(said.substr(at + 16)));
      } else if (said.find("Transfer-Encoding") != std::string::npos) {
        said += peer.read_until("0\r\n\r\n");
      }
      peer.send(ok_reply(said));
    }
  };
}

}  // namespace

TEST_CASE("an HTTP/2 client's requests reach the owner's app as HTTP/1, over one hop and two") {
  ScriptedApp app_a(echo()), app_b(echo());
  Pair pair(app_a, app_b);
  Http2Client client(pair.a.port());
  for (const Host* owner : {&pair.a, &pair.b}) {
    const std::string key = pair.key_of(*owner);
    auto head = post("/x?q=1");
    head.fields = {{"ringside-key", key}, {"x-mine", "kept"}};
    const Seen& seen = client.answer(client.ask(head, "hello"));
    INFO(seen.body);
    CHECK(seen.status == 200);
    CHECK(seen.ended);
    CHECK(seen.fields.at("ringside-served-by") == owner->server().name);
    CHECK_THAT(seen.body, StartsWith("POST /x?q=1 HTTP/1.1\r\nHost: a\r\n"));
    CHECK_THAT(seen.body, Contains("x-mine: kept\r\n") && Contains("\r\n\r\n5\r\nhello\r\n0\r\n\r\n"));
    CHECK_THAT(seen.body, Contains("Ringside-Key: " + key + "\r\n"));
    CHECK_THAT(seen.body, Contains("Via: 2 a") && Contains(": 127.0.0.1\r\n"));
    const Seen& path = client.get("/v1/route/" + key + "/y");
    CHECK_THAT(path.body, StartsWith("GET /y HTTP/1.1\r\n"));
  }
}

TEST_CASE("whether it is HTTP/2 is decided at the first byte that differs") {
  ScriptedApp app(echo());
  Alone alone(app.address());
  SECTION("the preface, byte by byte") {
    Peer client = Peer::connect(alone.host.port());
    for (const char c : http2::client_preface) client.send({&c, 1});
    client.send(frame(Frame::settings, 0, 0, "") + frame(Frame::ping, 0, 0, "12345678"));
    CHECK(read_frames(client).pong);
  }
  SECTION("HTTP/1 requests that begin like it, byte by byte") {
    for (const char* method : {"POST", "PUT", "PATCH", "PRI", "GET"}) {
      INFO(method);
      Peer client = Peer::connect(alone.host.port());
      const std::string request = std::string(method) +
                                  " /v1/route/k/x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                                  "Content-Length: 0\r\n\r\n";
      for (const char c : request) client.send({&c, 1});
      CHECK_THAT(client.read_all(), StartsWith("HTTP/1.1 200") && Contains(std::string(method) + " /x "));
    }
  }
  SECTION("nearly the preface is a bad HTTP/1 request") {
    CHECK_THAT(exchange(alone.host.port(), "PRI * HTTP/2.0\r\n\r\nSM\r\n\rx"), StartsWith("HTTP/1.1 "));
  }
  SECTION("a request before it is HTTP/1 for good") {
    Peer client = Peer::connect(alone.host.port());
    client.send("GET /v1/livez HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(http2::client_preface));
    const std::string answers = client.read_all();
    CHECK_THAT(answers, StartsWith("HTTP/1.1 204") && Contains("HTTP/1.1 505"));
  }
}

TEST_CASE("an HTTP/2 client is not trusted: its Ringside-* fields are its own words") {
  ScriptedApp app(echo());
  Alone alone(app.address());
  Http2Client client(alone.host.port());
  const Seen& seen = client.get("/v1/members", {{"ringside-key", "k"},
                                                {"ringside-from", "mallory"},
                                                {"ringside-hops", "7"},
                                                {"ringside-owner", "mallory"},
                                                {"x-forwarded-for", "mallory"}});
  CHECK_THAT(seen.body, StartsWith("GET /v1/members HTTP/1.1") && Contains("Ringside-From: a\r\n") &&
                            Contains("Ringside-Hops: 0\r\n"));
  CHECK(seen.body.find("mallory") == std::string::npos);
}

TEST_CASE("keys over HTTP/2: literal, in the path, in base64, or refused") {
  struct Row {
    const char *what, *path;
    std::vector<http::Field> fields;
    int status;
    const char* must_contain;
  };
  const auto row = GENERATE(values<Row>({
      {"literal", "/x", {{"ringside-key", "a b%"}}, 200, "Ringside-Key: a%20b%25\r\n"},
      {"base64 of any bytes", "/x", {{"ringside-key-bin", "AP8"}}, 200, "Ringside-Key: %00%FF\r\n"},
      {"padded", "/x", {{"ringside-key-bin", "AP8="}}, 200, "Ringside-Key: %00%FF\r\n"},
      {"not base64", "/x", {{"ringside-key-bin", "!!!"}}, 400, "bad_key"},
      {"empty", "/x", {{"ringside-key-bin", ""}}, 400, "bad_key"},
      {"two", "/x", {{"ringside-key", "a"}, {"ringside-key-bin", "AP8"}}, 400, "more than one"},
      {"in the path", "/v1/route/a%2Fb/x", {}, 200, "Ringside-Key: a/b\r\n"},
      {"none", "/x", {}, 404, "Ringside-Key"},
  }));
  INFO(row.what);
  ScriptedApp app(echo());
  Alone alone(app.address());
  Http2Client client(alone.host.port());
  const Seen& seen = client.get(row.path, row.fields);
  CHECK(seen.status == row.status);
  CHECK_THAT(seen.body, Contains(row.must_contain));
}

TEST_CASE("the API is served over HTTP/2 as well") {
  ScriptedApp app(echo());
  Alone alone(app.address());
  Http2Client client(alone.host.port());
  CHECK(client.get("/v1/livez").status == 204);
  CHECK_THAT(client.get("/v1/members").body, Contains("\"members\""));
  auto lookup = post("/v1/lookup");
  CHECK(client.answer(client.ask(lookup, R"({"keys":["x","y"]})")).status == 200);
  const Seen& large = client.answer(client.ask(lookup, std::string(limits::api_body_bytes + 1, ' ')));
  CHECK(large.status == 413);
  auto head = asking("/v1/members");
  head.method = "HEAD";
  const Seen& nothing = client.answer(client.ask(head));
  CHECK(nothing.status == 200);
  CHECK(nothing.body.empty());
}

TEST_CASE("a hundred HTTP/2 requests at once on one connection: every answer belongs to its request") {
  ScriptedApp app_a(echo()), app_b(echo());
  Pair pair(app_a, app_b);
  Http2Client client(pair.a.port());
  std::map<http2::StreamId, std::string> asked;
  for (int i = 0; i < 100; ++i) {
    const std::string body = "body " + std::to_string(i) + std::string(static_cast<std::size_t>(i) * 50, '.');
    const std::string target = "/v1/route/k" + std::to_string(i) + "/x";
    auto head = post(target);
    head.framing = {http::BodyKind::length, body.size()};  // one piece, however it is cut on its way
    asked[client.ask(head, body)] = body;
  }
  for (const auto& [id, body] : asked) CHECK_THAT(client.answer(id).body, Contains(body));
}

TEST_CASE("a stream that is not read stalls nobody else on its HTTP/2 connection") {
  const std::string large(4 * 1024 * 1024, 'x');
  ScriptedApp app([&large](Peer& peer, int) {
    for (;;) {
      const std::string head = peer.read_until("\r\n\r\n");
      if (head.empty()) return;
      peer.send(ok_reply(head.starts_with("GET /large") ? large : "small"));
    }
  });
  Alone alone(app.address());
  Http2Client client(alone.host.port());
  client.side.consume = false;
  const auto stalled = client.ask(asking("/v1/route/k/large"));
  client.until([&] { return client.side.streams[stalled].body.size() >= 256 * 1024; });
  for (int i = 0; i < 5; ++i) CHECK(client.get("/v1/route/k/small").body == "small");
  client.side.consume = true;
  client.side.session.consume(stalled, client.side.streams[stalled].body.size());
  CHECK(client.answer(stalled).body == large);
}

TEST_CASE("a client that cancels its HTTP/2 stream takes the request from the app") {
  std::promise<void> asked, gone;
  ScriptedApp app([&](Peer& peer, int) {
    (void)peer.read_until("\r\n\r\n");
    asked.set_value();
    (void)peer.read_all();
    gone.set_value();
  });
  Alone alone(app.address());
  Http2Client client(alone.host.port());
  const auto id = client.ask(asking("/v1/route/k/x"));
  asked.get_future().wait();
  client.side.session.reset(id, http2::Code::cancel);
  client.flush();
  CHECK(gone.get_future().wait_for(std::chrono::seconds(10)) == std::future_status::ready);
}

TEST_CASE("an answer before the request has ended: the rest of it is not wanted") {
  ScriptedApp app(answering(ok_reply("early")));
  Alone alone(app.address());
  Http2Client client(alone.host.port());
  const auto id = client.ask(post("/v1/route/k/x"), "half", false);
  const Seen& seen = client.answer(id);
  CHECK(seen.body == "early");
  CHECK(seen.closed == 1);
  CHECK(seen.code == http2::Code::no_error);
  CHECK(client.get("/v1/livez").status == 204);
}

TEST_CASE("100-continue is for those who ask for it") {
  ScriptedApp app(echo());
  Alone alone(app.address());
  Http2Client client(alone.host.port());
  for (const bool expects : {true, false}) {
    auto head = post("/v1/route/k/x");
    if (expects) head.fields = {{"expect", "100-continue"}};
    const auto id = client.ask(head, {}, false);
    if (expects) CHECK(client.until([&] { return !client.side.streams[id].interim.empty(); }));
    client.side.session.send_data(id, "body", true);
    const Seen& seen = client.answer(id);
    CHECK(seen.status == 200);
    CHECK(seen.interim.size() == (expects ? 1 : 0));
  }
}

TEST_CASE("a drain finishes the streams of an HTTP/2 client, refuses new ones and closes") {
  std::promise<void> asked, go;
  ScriptedApp app([&, going = go.get_future().share()](Peer& peer, int) {
    (void)peer.read_until("\r\n\r\n");
    asked.set_value();
    going.wait();
    peer.send(ok_reply("late"));
    (void)peer.read_all();
  });
  Alone alone(app.address());
  Http2Client client(alone.host.port());
  const auto id = client.ask(asking("/v1/route/k/x"));
  asked.get_future().wait();
  std::promise<void> drained;
  alone.host.drain([&] { drained.set_value(); });
  REQUIRE(client.until([&] { return client.side.goaway; }));
  go.set_value();
  CHECK(client.answer(id).body == "late");
  CHECK(drained.get_future().wait_for(std::chrono::seconds(10)) == std::future_status::ready);
}

TEST_CASE("a body over the limit is a 413 over HTTP/2, announced or not") {
  ScriptedApp app(answering(ok_reply("ok")));
  Host host("a", app.address());
  host.config.forward.body_max = 1000;
  host.open();
  host.start({host.server()});
  Http2Client client(host.port());
  auto announced = post("/v1/route/k/x");
  announced.framing = {http::BodyKind::length, 1001};
  CHECK(client.answer(client.ask(announced, {}, false)).status == 413);
  CHECK(client.answer(client.ask(post("/v1/route/k/x"), std::string(1001, 'x'), false)).status == 413);
}
