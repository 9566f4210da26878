// Limits of what a worker takes on, reached from socket to socket.
#include <catch2/catch.hpp>
#include <semaphore>

#include "tests/unit/worker/usual_hosts.hpp"

using namespace ringside;
using namespace ringside::test;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

constexpr Millis minute{60'000};

// Answers each request when it is told to; what it was asked for is kept in order.
struct HoldingApp {
  ~HoldingApp() { allow(1000); }  // a test that fails must end too
  void allow(int requests) { allowed.release(requests); }
  std::vector<std::string> asked() {
    const std::lock_guard lock(mutex);
    return paths;
  }
  std::counting_semaphore<> allowed{0};
  std::mutex mutex;
  std::vector<std::string> paths;
  ScriptedApp app{[this](Peer& peer, int) {
    for (;;) {
      const std::string head = peer.read_until("\r\n\r\n");
      if (head.empty()) return;
      {
        const std::lock_guard lock(mutex);
        paths.push_back(head.substr(4, head.find(' ', 4) - 4));
      }
      allowed.acquire();
      peer.send(ok_reply("ok"));
    }
  }};
};

void wait_for(const obs::Gauge& gauge, std::int64_t value) {
  while (gauge.value() != value) std::this_thread::yield();
}

// Sends a request and is there for the answer.
Peer asking(const Host& host, std::string_view path, std::string_view key = "k") {
  Peer client = Peer::connect(host.port());
  client.send(get("/v1/route/" + std::string(key) + std::string(path)));
  return client;
}

// A host whose app takes one request at a time.
struct OneAtATime {
  explicit OneAtATime(int queue, Millis wait = minute) : host("a", app.app.address()) {
    host.config.app.max_concurrency = 1;
    host.config.app.queue = queue;
    host.config.forward.queue_wait = wait;
    host.config.forward.timeout = minute;
    host.open();
    host.start({host.server()});
  }
  HoldingApp app;
  Host host;
};

}  // namespace

TEST_CASE(
    "an app gets no more requests at once than it takes; the others wait in their order, over kept "
    "connections") {
  OneAtATime one(10);
  const auto& counters = one.host.counters();
  std::vector<Peer> clients;
  clients.push_back(asking(one.host, "/0"));
  wait_for(counters.at_app, 1);
  for (int i = 1; i <= 4; ++i) {
    clients.push_back(asking(one.host, "/" + std::to_string(i)));
    wait_for(counters.app_queue, i);
  }
  one.app.allow(5);
  for (auto& client : clients) CHECK_THAT(client.read_all(), StartsWith("HTTP/1.1 200"));
  CHECK(one.app.asked() == std::vector<std::string>{"/0", "/1", "/2", "/3", "/4"});
  CHECK(one.app.app.connections() == 1);
  wait_for(counters.at_app, 0);
  wait_for(counters.in_flight, 0);
  CHECK(counters.app_queue.value() == 0);
}

TEST_CASE("who goes away leaves the queue, wherever it stands, and the app hears nothing of it") {
  OneAtATime one(10);
  const auto& counters = one.host.counters();
  std::vector<Peer> stay;
  stay.push_back(asking(one.host, "/0"));
  wait_for(counters.at_app, 1);
  std::vector<std::unique_ptr<Peer>> go;
  for (int i = 1; i <= 4; ++i) {
    if (i == 3) {
      stay.push_back(asking(one.host, "/3"));
    } else {  // never to be whole
      go.push_back(std::make_unique<Peer>(Peer::connect(one.host.port())));
      go.back()->send("PUT /v1/route/k/" + std::to_string(i) +
                      " HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
    }
    wait_for(counters.app_queue, i);
  }
  std::int64_t waiting = 4;
  for (const std::size_t last_middle_first : {2U, 1U, 0U}) {
    go[last_middle_first].reset();
    wait_for(counters.app_queue, --waiting);
  }
  one.app.allow(2);
  for (auto& client : stay) CHECK_THAT(client.read_all(), StartsWith("HTTP/1.1 200"));
  CHECK(one.app.asked() == std::vector<std::string>{"/0", "/3"});
  wait_for(counters.in_flight, 0);
}

TEST_CASE("a full queue refuses at once") {
  OneAtATime one(1);
  const auto& counters = one.host.counters();
  Peer first = asking(one.host, "/1");
  wait_for(counters.at_app, 1);
  Peer second = asking(one.host, "/2");
  wait_for(counters.app_queue, 1);
  CHECK_THAT(asking(one.host, "/3").read_all(),
             StartsWith("HTTP/1.1 503") && Contains("Ringside-Error: overloaded") && Contains("app.queue") &&
                 Contains("Retry-After: 1\r\n") && Contains("\"executed\":\"no\""));
  CHECK(counters.full_queue.value() == 1);
  one.app.allow(2);
  CHECK_THAT(first.read_all(), StartsWith("HTTP/1.1 200"));
  CHECK_THAT(second.read_all(), StartsWith("HTTP/1.1 200"));
  CHECK(one.app.asked().size() == 2);
}

TEST_CASE("who has waited for long enough is refused, and the app never sees it") {
  OneAtATime one(10, Millis(20));
  Peer first = asking(one.host, "/1");
  wait_for(one.host.counters().at_app, 1);
  for (int i = 0; i < 3; ++i)
    CHECK_THAT(asking(one.host, "/2").read_all(),
               StartsWith("HTTP/1.1 503") && Contains("forward.queue_wait") &&
                   Contains("Retry-After: 1\r\n") && Contains("\"executed\":\"no\""));
  CHECK(one.host.counters().full_queue_wait.value() == 3);
  one.app.allow(1);
  CHECK_THAT(first.read_all(), StartsWith("HTTP/1.1 200"));
  CHECK(one.app.asked() == std::vector<std::string>{"/1"});
}

TEST_CASE("a request whose key moves while it waits goes to the new owner") {
  OneAtATime one(10);
  ScriptedApp app_b(answering(ok_reply("from b")));
  Host b("b", app_b.address());
  b.open();
  b.start({b.server()});
  Peer first = asking(one.host, "/1");
  wait_for(one.host.counters().at_app, 1);
  Peer second = asking(one.host, "/2");
  wait_for(one.host.counters().app_queue, 1);
  one.host.set_ring({b.server()});
  one.app.allow(1);
  CHECK_THAT(first.read_all(), StartsWith("HTTP/1.1 200"));
  CHECK_THAT(second.read_all(), Contains("from b"));
  CHECK(one.app.asked() == std::vector<std::string>{"/1"});
  wait_for(one.host.counters().at_app, 0);
}

TEST_CASE("a key has its share of its owner and gets no more, the other keys do not notice") {
  HoldingApp app;
  Host host("a", app.app.address());
  host.config.forward.queue_per_key = 2;
  host.open();
  host.start({host.server()});
  Peer first = asking(host, "/1"), second = asking(host, "/2");
  wait_for(host.counters().in_flight, 2);
  CHECK_THAT(asking(host, "/3").read_all(),
             StartsWith("HTTP/1.1 429") && Contains("Ringside-Error: key_queue_full") &&
                 Contains("Retry-After: 1\r\n") && Contains("\"executed\":\"no\""));
  CHECK(host.counters().full_key.value() == 1);
  Peer other = asking(host, "/4", "another");
  app.allow(3);
  for (Peer* client : {&first, &second, &other}) CHECK_THAT(client->read_all(), StartsWith("HTTP/1.1 200"));
  app.allow(1);
  CHECK_THAT(asking(host, "/5").read_all(), StartsWith("HTTP/1.1 200"));
}

TEST_CASE("a slow owner has its share of its entry and gets no more, the other owners do not notice") {
  HoldingApp app_b;
  ScriptedApp app_a(answering(ok_reply("from a")));
  Host a("a", app_a.address()), b("b", app_b.app.address());
  a.config.forward.in_flight_per_owner = 2;
  a.open();
  b.open();
  const std::vector<ring::Server> both{a.server(), b.server()};
  a.start(both);
  b.start(both);
  const std::string far = key_owned_by(both, b.server()), near = key_owned_by(both, a.server());
  std::vector<Peer> clients;
  for (int i = 0; i < 2; ++i) clients.push_back(asking(a, "/", far));
  wait_for(a.counters().in_flight, 2);
  CHECK_THAT(asking(a, "/", far).read_all(),
             StartsWith("HTTP/1.1 503") && Contains("Ringside-Error: overloaded") &&
                 Contains("forward.in_flight_per_owner") && Contains("Retry-After: 1\r\n"));
  CHECK(a.counters().full_owner.value() == 1);
  CHECK_THAT(asking(a, "/", near).read_all(), Contains("from a"));
  app_b.allow(3);
  for (auto& client : clients) CHECK_THAT(client.read_all(), StartsWith("HTTP/1.1 200"));
  CHECK_THAT(asking(a, "/", far).read_all(), StartsWith("HTTP/1.1 200"));
}

TEST_CASE(
    "an answer that goes on for over a second is a stream: it leaves its place to others, up to a number") {
  std::promise<void> end_first, end_second;
  ScriptedApp app([&](Peer& peer, int) {
    const std::string head = peer.read_until("\r\n\r\n");
    if (!head.starts_with("GET /stream")) return peer.send(ok_reply("ok"));
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha");
    (head.starts_with("GET /stream/1") ? end_first : end_second).get_future().wait();
    peer.send("lf");
  });
  Host host("a", app.address());
  host.config.app.max_concurrency = 2;
  host.config.app.queue = 0;
  host.config.forward.streams = 1;
  host.open();
  host.start({host.server()});
  const auto& counters = host.counters();
  Peer first = asking(host, "/stream/1");
  wait_for(counters.streams, 1);
  wait_for(counters.in_flight, 0);
  CHECK(counters.at_app.value() == 0);
  Peer second = asking(host, "/stream/2");
  (void)second.read_until("ha");
  CHECK_THAT(asking(host, "/x").read_all(), StartsWith("HTTP/1.1 200"));
  wait_for(counters.in_flight, 1);  // the second one is still there
  end_first.set_value();
  CHECK(first.read_all().ends_with("half"));
  wait_for(counters.in_flight, 0);  // now there is room for it among the streams
  CHECK(counters.streams.value() == 1);
  end_second.set_value();
  CHECK(second.read_all().ends_with("lf"));
  wait_for(counters.streams, 0);
}
