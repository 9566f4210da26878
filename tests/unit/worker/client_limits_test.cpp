// How long a client may take, and how many there may be: with short limits in place of the real ones.
#include <catch2/catch.hpp>

#include "tests/unit/worker/host.hpp"

using namespace ringside;
using namespace ringside::test;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

struct Alone {
  explicit Alone(const worker::ClientLimits& limits)
      : app(answering(ok_reply("ok"))), host("a", app.address()) {
    host.client_limits = limits;
    host.open();
    host.start({host.server()});
  }
  ScriptedApp app;
  Host host;
};

// Says something every now and then until the other side has had enough.
class Drip {
 public:
  Drip(Peer& peer, std::string_view bytes)
      : thread_([&peer, bytes = std::string(bytes), over = over_.get_future()] {
          for (const char c : bytes) {
            if (over.wait_for(5ms) == std::future_status::ready) return;
            peer.send({&c, 1});
          }
        }) {}
  ~Drip() {
    over_.set_value();
    thread_.join();
  }

 private:
  std::promise<void> over_;
  std::thread thread_;
};

}  // namespace

TEST_CASE("a head that comes drop by drop is a 408 when its time is over, and the connection ends") {
  Alone alone({.head_time = 100ms});
  Peer client = Peer::connect(alone.host.port());
  std::string answer;
  {
    const Drip drip(client, "GET / HTTP/1.1\r\nX: " + std::string(100'000, 'x'));
    answer = client.read_all();
  }
  CHECK_THAT(answer, StartsWith("HTTP/1.1 408 Request Timeout\r\n") && Contains("Connection: close\r\n"));
}

TEST_CASE("a body that comes drop by drop is a 408 behind the time of grace, and the app is told nothing") {
  Alone alone({.body_grace = 100ms});
  Peer client = Peer::connect(alone.host.port());
  client.send("POST /v1/route/k/x HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
  std::string answer;
  {
    const Drip drip(client, std::string(100'000, 'x'));
    answer = client.read_all();
  }
  CHECK_THAT(answer, StartsWith("HTTP/1.1 408 Request Timeout\r\n") && Contains("240 bytes a second"));
}

TEST_CASE("a connection that says nothing is closed without a word, new or after an answer") {
  const bool asked = GENERATE(false, true);
  Alone alone({.head_time = 100ms, .idle_time = 100ms});
  Peer client = Peer::connect(alone.host.port());
  if (asked) {
    client.send("GET /v1/route/k/x HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK_THAT(client.read_until("\r\n\r\nok"), StartsWith("HTTP/1.1 200"));
  }
  CHECK(client.read_all().empty());
  CHECK_FALSE(client.was_reset());
}

TEST_CASE("beyond the cap of connections a client is turned away, and the others are served on") {
  Alone alone({.connections = 3});
  std::vector<Peer> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(Peer::connect(alone.host.port()));
    clients.back().send("GET /v1/route/k/x HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK_THAT(clients.back().read_until("\r\n\r\nok"), StartsWith("HTTP/1.1 200"));
  }
  for (int i = 0; i < 10; ++i) CHECK(Peer::connect(alone.host.port()).read_all().empty());
  for (Peer& client : clients) {
    client.send("GET /v1/route/k/x HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK_THAT(client.read_until("\r\n\r\nok"), StartsWith("HTTP/1.1 200"));
  }
}
