// Upgraded connections from socket to socket: tunnels to the owner's app, at the entry and one hop away; what
// is not upgraded; and how a tunnel ends.
#include <catch2/catch.hpp>

#include "proto/websocket/frames.hpp"
#include "tests/unit/worker/http2_end.hpp"

using namespace ringside;
using namespace ringside::test;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

const std::string switching =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Accept: accepted\r\nRingside-Owner: evil\r\n\r\n";
const std::string handshake =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: k\r\n";

std::string upgrade_request(const std::string& key, const std::string& fields = handshake) {
  return "GET /v1/route/" + key + "/chat HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
}

std::string text(std::string_view payload) {  // a frame of a server; short
  return std::string("\x81", 1) + static_cast<char>(payload.size()) + std::string(payload);
}
std::string masked(std::string_view payload) {  // a frame of a client; short
  return std::string("\x81", 1) + static_cast<char>(0x80 | payload.size()) + std::string(4, '\0') +
         std::string(payload);
}
const std::string moved_frame =
    websocket::close_frame(websocket::service_restart, "the key has moved to another member", false);

// Says what it got until 101, switches, and then is `talk`'s.
ScriptedApp::Script switching_app(std::function<void(Peer&)> talk,
                                  std::promise<std::string>* asked = nullptr) {
  return [talk = std::move(talk), asked](Peer& peer, int) {
    const std::string head = peer.read_until("\r\n\r\n");
    if (head.empty()) return;
    if (asked != nullptr) asked->set_value(head);
    peer.send(switching);
    talk(peer);
  };
}

void echo(Peer& peer) {
  for (std::string bytes = peer.read_some(); !bytes.empty(); bytes = peer.read_some()) peer.send(bytes);
}

struct Pair {
  explicit Pair(const std::string& app_a, const std::string& app_b) : a("a", app_a), b("b", app_b) {
    a.open();
    b.open();
    both = {a.server(), b.server()};
  }
  void start() {
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

template <class Condition>
bool soon(Condition condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  return condition();
}

}  // namespace

TEST_CASE("a WebSocket is a tunnel to the owner's app, at the entry and one hop away", "[upgrade]") {
  const bool far = GENERATE(false, true);
  INFO(far);
  std::promise<std::string> asked;
  ScriptedApp app(switching_app(echo, &asked));
  Pair pair(app.address(), app.address());
  pair.start();
  Peer client = Peer::connect(pair.a.port());
  client.send(upgrade_request(pair.key_of(far ? pair.b : pair.a)) + masked("early"));  // before the 101

  const std::string reply = client.read_until("\r\n\r\n");
  CHECK_THAT(reply, StartsWith("HTTP/1.1 101 Switching Protocols\r\n"));
  CHECK_THAT(reply, Contains("\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"));
  CHECK_THAT(reply, Contains("\r\nSec-WebSocket-Accept: accepted\r\n", Catch::CaseSensitive::No));
  CHECK_THAT(reply, Contains(far ? "\r\nRingside-Served-By: b\r\n" : "\r\nRingside-Served-By: a\r\n"));
  CHECK(reply.find("evil") == std::string::npos);
  CHECK(reply.find("ringside-upgrade") == std::string::npos);
  CHECK(client.read_bytes(masked("early").size()) == masked("early"));
  client.send(masked("later"));
  CHECK(client.read_bytes(masked("later").size()) == masked("later"));

  const std::string request = asked.get_future().get();
  CHECK_THAT(request, StartsWith("GET /chat HTTP/1.1\r\nHost: a\r\n"));
  CHECK_THAT(request, Contains("\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"));
  CHECK_THAT(request, Contains("\r\nSec-WebSocket-Key: k\r\n", Catch::CaseSensitive::No));
  CHECK(pair.a.counters().upgrades.value() == 1);
  CHECK(pair.a.counters().upgrades_open.value() == 1);

  client.end_output();
  CHECK(client.read_all().empty());
  CHECK_FALSE(client.was_reset());
  CHECK(soon([&] { return pair.a.counters().upgrades_open.value() == 0; }));
  CHECK(soon([&] { return pair.b.counters().upgrades_open.value() == 0; }));
}

TEST_CASE("either end of a tunnel may stop talking and go on listening", "[upgrade]") {
  const bool far = GENERATE(false, true);
  const bool client_first = GENERATE(false, true);
  INFO(far << client_first);
  std::promise<std::string> heard;  // by the app, to its end
  ScriptedApp app(switching_app([&](Peer& peer) {
    if (client_first) {
      const std::string all = peer.read_all();
      peer.send("got " + all);
      heard.set_value(all);
    } else {
      peer.send("bye");
      peer.end_output();
      heard.set_value(peer.read_all());
    }
  }));
  Pair pair(app.address(), app.address());
  pair.start();
  Peer client = Peer::connect(pair.a.port());
  client.send(upgrade_request(pair.key_of(far ? pair.b : pair.a)));
  CHECK_THAT(client.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 101"));
  if (client_first) {
    client.send("hello");
    client.end_output();
    CHECK(client.read_all() == "got hello");
    CHECK(heard.get_future().get() == "hello");
  } else {
    CHECK(client.read_all() == "bye");
    client.send("still here");
    client.end_output();
    CHECK(heard.get_future().get() == "still here");
  }
  CHECK_FALSE(client.was_reset());
  CHECK(soon([&] { return pair.a.counters().upgrades_open.value() == 0; }));
}

TEST_CASE("megabytes go through a tunnel both ways at once, unchanged", "[upgrade]") {
  const bool far = GENERATE(false, true);
  ScriptedApp app(switching_app(echo));
  Pair pair(app.address(), app.address());
  pair.start();
  Peer client = Peer::connect(pair.a.port());
  client.send(upgrade_request(pair.key_of(far ? pair.b : pair.a)));
  REQUIRE_THAT(client.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 101"));
  std::string sent;
  for (std::uint32_t i = 0; sent.size() < 4 * 1024 * 1024; ++i) sent += number(i * 2654435761U);
  std::thread writer([&] {
    client.send(sent);
    client.end_output();
  });
  CHECK(client.read_bytes(sent.size() + 1) == sent);
  writer.join();
}

TEST_CASE("an app that takes no notice of the upgrade answers as ever, and what follows is HTTP",
          "[upgrade]") {
  const bool far = GENERATE(false, true);
  const auto reply =
      GENERATE(as<std::string>{}, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
               "HTTP/1.1 426 Upgrade Required\r\nUpgrade: other\r\nContent-Length: 2\r\n\r\nok",
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n");
  INFO(far << " " << reply);
  std::mutex lock;
  std::vector<std::string> heads;
  ScriptedApp app([&](Peer& peer, int) {
    for (std::string head = peer.read_until("\r\n\r\n"); !head.empty(); head = peer.read_until("\r\n\r\n")) {
      const std::lock_guard hold(lock);
      heads.push_back(head);
      peer.send(reply);
    }
  });
  Pair pair(app.address(), app.address());
  pair.start();
  const std::string key = pair.key_of(far ? pair.b : pair.a);
  Peer client = Peer::connect(pair.a.port());
  client.send(upgrade_request(key) + "GET /v1/route/" + key +
              "/2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const std::string answers = client.read_all();
  const auto status = reply.substr(0, 12);
  CHECK_THAT(answers, StartsWith(status));
  const auto second = answers.find(status, 1);
  REQUIRE(second != std::string::npos);
  CHECK(answers.find("101 Switching") == std::string::npos);
  const std::lock_guard hold(lock);
  REQUIRE(heads.size() == 2);
  CHECK_THAT(heads[1], StartsWith("GET /2 HTTP/1.1\r\n"));
  CHECK(heads[1].find("pgrade") == std::string::npos);
  CHECK(pair.a.counters().upgrades.value() == 0);
}

TEST_CASE("what must not be upgraded is passed on without its Upgrade", "[upgrade]") {
  struct Row {
    const char *what, *request;
  };
  const auto row = GENERATE(values<Row>({
      {"another protocol",
       "GET /v1/route/k/x HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: foo\r\n\r\n"},
      {"h2c",
       "GET /v1/route/k/x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
       "HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"},
      {"no handshake",
       "GET /v1/route/k/x HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"},
      {"not nominated",
       "GET /v1/route/k/x HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
       "Sec-WebSocket-Key: k\r\n\r\n"},
      {"twice",
       "GET /v1/route/k/x HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\nUpgrade: "
       "websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: k\r\n\r\n"},
      {"a POST",
       "POST /v1/route/k/x HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
       "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: k\r\nContent-Length: 0\r\n\r\n"},
      {"a body",
       "GET /v1/route/k/x HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
       "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: k\r\nContent-Length: 2\r\n\r\nhi"},
      {"HTTP/1.0",
       "GET /v1/route/k/x HTTP/1.0\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
       "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: k\r\n\r\n"},
  }));
  INFO(row.what);
  std::promise<std::string> asked;
  ScriptedApp app([&](Peer& peer, int) {
    asked.set_value(peer.read_until("\r\n\r\n"));
    peer.send(switching);  // all the same
    (void)peer.read_all();
  });
  Host host("a", app.address());
  host.open();
  host.start({host.server()});
  Peer client = Peer::connect(host.port());
  client.send(row.request);
  CHECK_THAT(client.read_until("\r\n"), StartsWith("HTTP/1.1 502"));
  const std::string head = asked.get_future().get();
  CHECK(head.find("pgrade") == std::string::npos);
  CHECK(head.find("HTTP2-Settings") == std::string::npos);
}

TEST_CASE("a switch to something else than was offered is no switch", "[upgrade]") {
  const auto fields = GENERATE(as<std::string>{}, "Connection: upgrade\r\nUpgrade: other\r\n",
                               "Upgrade: websocket\r\n", "Connection: upgrade\r\n",
                               "Connection: upgrade\r\nUpgrade: websocket\r\nUpgrade: websocket\r\n");
  INFO(fields);
  ScriptedApp app([&](Peer& peer, int) {
    (void)peer.read_until("\r\n\r\n");
    peer.send("HTTP/1.1 101 Switching Protocols\r\n" + fields + "\r\nraw bytes");
    (void)peer.read_all();
  });
  Host host("a", app.address());
  host.open();
  host.start({host.server()});
  Peer client = Peer::connect(host.port());
  client.send(upgrade_request("k") + "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const std::string answer = client.read_all();
  CHECK_THAT(answer, StartsWith("HTTP/1.1 502"));
  CHECK(answer.find("raw bytes") == std::string::npos);
}

TEST_CASE("when its key moves a WebSocket is closed with 1012 between two frames, towards both ends",
          "[upgrade]") {
  const bool far = GENERATE(false, true);
  const bool mid_frame = GENERATE(false, true);
  INFO(far << mid_frame);
  std::promise<std::string> heard;
  std::promise<void> go_on;
  ScriptedApp app(switching_app([&](Peer& peer) {
    std::string got = peer.read_bytes(masked("hello").size());
    const std::string frame = text("a frame under way");
    peer.send(frame.substr(0, mid_frame ? 5 : frame.size()));
    go_on.get_future().wait();
    if (mid_frame) peer.send(frame.substr(5) + text("nobody gets this"));
    heard.set_value(got + peer.read_all());
  }));
  Pair pair(app.address(), "127.0.0.1:1");
  if (far) pair.b.config.app.address = app.address();
  pair.start();
  Host& owner = far ? pair.b : pair.a;
  const std::string key = pair.key_of(owner);
  Peer client = Peer::connect(pair.a.port());
  client.send(upgrade_request(key));
  REQUIRE_THAT(client.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 101"));
  client.send(masked("hello"));
  const std::string frame = text("a frame under way");
  CHECK(client.read_bytes(mid_frame ? 5 : frame.size()) == frame.substr(0, mid_frame ? 5 : frame.size()));

  const auto& other = far ? pair.a : pair.b;
  pair.a.set_ring({other.server()});  // the entry alone hears of it
  CHECK(soon([&] { return pair.a.counters().upgrades_moved.value() == 1; }));
  go_on.set_value();
  CHECK(client.read_all() == (mid_frame ? frame.substr(5) : std::string()) + moved_frame);
  CHECK_FALSE(client.was_reset());
  client.end_output();
  CHECK(heard.get_future().get() ==
        masked("hello") +
            websocket::close_frame(websocket::service_restart, "the key has moved to another member", true));
  CHECK(soon([&] { return pair.a.counters().upgrades_open.value() == 0; }));
}

TEST_CASE("the owner closes a tunnel too when the key is not its own any more", "[upgrade]") {
  ScriptedApp app(switching_app(echo));
  Pair pair("127.0.0.1:1", app.address());
  pair.start();
  Peer client = Peer::connect(pair.a.port());
  client.send(upgrade_request(pair.key_of(pair.b)));
  REQUIRE_THAT(client.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 101"));
  pair.b.set_ring({pair.a.server()});
  CHECK(client.read_bytes(moved_frame.size()) == moved_frame);
  CHECK(pair.b.counters().upgrades_moved.value() == 1);
  CHECK(pair.a.counters().upgrades_moved.value() == 0);
  client.end_output();
  (void)client.read_all();
  CHECK(soon([&] { return pair.b.counters().upgrades_open.value() == 0; }));
  CHECK(soon([&] { return pair.a.counters().upgrades_open.value() == 0; }));
}

TEST_CASE("who does not hang up after our Close is cut off", "[upgrade]") {
  std::promise<void> done;
  ScriptedApp app(switching_app([&](Peer& peer) {
    (void)peer.read_all();
    done.get_future().wait();  // keeps its half open
  }));
  Host host("a", app.address());
  host.open();
  host.start({host.server()});
  Peer client = Peer::connect(host.port());
  client.send(upgrade_request("k"));
  REQUIRE_THAT(client.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 101"));
  host.set_ring({{"other", "127.0.0.1:1"}});
  CHECK(client.read_bytes(moved_frame.size()) == moved_frame);
  CHECK(soon([&] { return host.counters().upgrades_open.value() == 0; }));
  done.set_value();
}

TEST_CASE("with forward.upgrade_on_move: keep a tunnel stays where it was opened", "[upgrade]") {
  ScriptedApp app(switching_app(echo));
  Host host("a", app.address());
  host.config.forward.upgrade_on_move = config::UpgradeOnMove::keep;
  host.open();
  host.start({host.server()});
  Peer client = Peer::connect(host.port());
  client.send(upgrade_request("k"));
  REQUIRE_THAT(client.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 101"));
  host.set_ring({{"other", "127.0.0.1:1"}});
  client.send(masked("hello"));
  CHECK(client.read_bytes(masked("hello").size()) == masked("hello"));
  CHECK(host.counters().upgrades_moved.value() == 0);
}

TEST_CASE("a member that leaves closes the tunnels through it", "[upgrade]") {
  const bool entry = GENERATE(false, true);
  ScriptedApp app(switching_app(echo));
  Pair pair("127.0.0.1:1", app.address());
  pair.start();
  Peer client = Peer::connect(pair.a.port());
  client.send(upgrade_request(pair.key_of(pair.b)));
  REQUIRE_THAT(client.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 101"));
  std::promise<void> drained;
  Host& leaving = entry ? pair.a : pair.b;
  leaving.drain([&] { drained.set_value(); });
  CHECK(client.read_all() ==
        websocket::close_frame(websocket::service_restart, "this member is leaving", false));
  client.end_output();
  CHECK(drained.get_future().wait_for(std::chrono::seconds(10)) == std::future_status::ready);
  CHECK(leaving.counters().upgrades_drained.value() == 1);
}

TEST_CASE("a client that breaks off takes the app's end of the tunnel with it, and the reverse",
          "[upgrade]") {
  const bool far = GENERATE(false, true);
  std::promise<void> app_saw_the_end;
  ScriptedApp app(switching_app([&](Peer& peer) {
    (void)peer.read_all();
    app_saw_the_end.set_value();
  }));
  Pair pair(app.address(), app.address());
  pair.start();
  {
    Peer client = Peer::connect(pair.a.port());
    client.send(upgrade_request(pair.key_of(far ? pair.b : pair.a)));
    REQUIRE_THAT(client.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 101"));
  }
  CHECK(app_saw_the_end.get_future().wait_for(std::chrono::seconds(10)) == std::future_status::ready);
  CHECK(soon([&] { return pair.a.counters().upgrades_open.value() == 0; }));
}

TEST_CASE("a tunnel that stands takes no part in its owner's share of requests, and adds none to it",
          "[upgrade]") {
  std::promise<void> answer;
  ScriptedApp app([&](Peer& peer, int) {
    const std::string head = peer.read_until("\r\n\r\n");
    if (head.find("pgrade") != std::string::npos) {
      peer.send(switching);
      return echo(peer);
    }
    answer.get_future().wait();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  });
  Pair pair(app.address(), app.address());
  pair.a.config.forward.in_flight_per_owner = 1;
  pair.start();
  const std::string key = pair.key_of(pair.b);
  const std::string request = "GET /v1/route/" + key + "/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
  Peer tunnel = Peer::connect(pair.a.port());
  tunnel.send(upgrade_request(key));
  REQUIRE_THAT(tunnel.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 101"));
  Peer first = Peer::connect(pair.a.port()), second = Peer::connect(pair.a.port());
  first.send(request);
  CHECK(soon([&] { return pair.b.counters().requests_received.value() == 2; }));
  second.send(request);
  CHECK_THAT(second.read_all(), Contains("forward.in_flight_per_owner"));
  answer.set_value();
  CHECK_THAT(first.read_all(), StartsWith("HTTP/1.1 200"));
}

TEST_CASE("an owner's ringside that knows no upgrades is not asked for one", "[upgrade]") {
  ScriptedApp older(http2_answering([](Side& side, http2::StreamId id, const Seen&) {
    side.session.submit_response(id, reply(200), true);
  }));
  Host host("a", "");
  host.open();
  host.start({{"older", older.address()}});
  Peer client = Peer::connect(host.port());
  client.send(upgrade_request("k", handshake + "X-Request-Id: seven\r\n"));
  const std::string answer = client.read_until("}\n");
  CHECK_THAT(answer, StartsWith("HTTP/1.1 502"));
  CHECK_THAT(answer, Contains("app_protocol") && Contains("\"executed\":\"no\""));
}

TEST_CASE("bytes that a peer sends before the app has switched are not given to the app", "[upgrade]") {
  std::promise<void> sent;
  std::promise<std::string> before;
  ScriptedApp app([&](Peer& peer, int) {
    (void)peer.read_until("\r\n\r\n");
    sent.get_future().wait();
    peer.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    before.set_value(peer.read_all());
  });
  Host host("a", app.address());
  host.open();
  host.start({host.server()});
  Http2Client peer(host.peer_port());
  auto head = asking("/chat", {{"ringside-key", "k"}, {"ringside-hops", "1"}, {"ringside-from", "b"}});
  head.upgrade = "websocket";
  const auto id = peer.side.session.submit_request(head, false);
  REQUIRE(id);
  peer.side.session.send_data(*id, "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n", false);
  peer.flush();
  CHECK(soon([&] { return host.counters().requests_received.value() == 1; }));
  sent.set_value();
  const Seen& seen = peer.answer(*id);
  CHECK(seen.status == 400);
  CHECK(before.get_future().get().empty());
}
