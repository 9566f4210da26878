// Long polls and streams of events over real connections, HTTP/1 and HTTP/2: answered when something changes,
// bounded, and ended in order.
#include "daemon/worker/watch.hpp"

#include <catch2/catch.hpp>
#include <future>
#include <set>

#include "daemon/api/events.hpp"
#include "daemon/base/limits.hpp"
#include "tests/unit/worker/http2_end.hpp"

using namespace ringside;
using namespace ringside::test;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;

namespace {

// http2_end.hpp has another get().
std::string get_text(const std::string& path) {
  return get(path, "");
}

// A node without an app, whose views the test makes.
struct Node {
  Node() : host("a", "") {
    host.open();
    current = std::make_shared<api::View>(*host.view({host.server()}));
    host.start({host.server()});
    publish();
  }
  void publish() { host.set_view(current); }
  void happen(std::vector<api::News> news) {
    auto next = std::make_shared<api::View>(*current);
    ++next->index;
    next->events = current->events->with(std::move(news));
    current = std::move(next);
    publish();
  }
  void happen(const std::string& data) { happen({{EventType::app_up, data}}); }

  Host host;
  std::shared_ptr<api::View> current;
};

std::string open_stream(Peer& client, std::string_view fields = {}) {
  client.send("GET /v1/events HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n");
  return client.read_until("\r\n\r\n");
}

template <class Done>
bool soon(Done done) {
  for (int i = 0; i < 5'000; ++i) {
    if (done()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

}  // namespace

TEST_CASE("a stream brings the state and then each event at once") {
  Node node;
  Peer client = Peer::connect(node.host.port());
  const auto head = open_stream(client);
  CHECK_THAT(head, StartsWith("HTTP/1.1 200") && Contains("Content-Type: text/event-stream\r\n") &&
                       Contains("Cache-Control: no-store\r\n") && Contains("Transfer-Encoding: chunked\r\n"));
  CHECK_THAT(client.read_until("\n\n"), Contains("id: b007b007-0\nevent: reset\n"));
  node.happen("one");
  CHECK_THAT(client.read_until("\n\n"), EndsWith("id: b007b007-1\nevent: app-up\ndata: one\n\n"));
  node.happen("two");
  CHECK_THAT(client.read_until("\n\n"), EndsWith("data: two\n\n"));
  CHECK(node.host.counters().event_streams.value() == 1);
  client.end_output();
  CHECK(soon([&] { return node.host.counters().event_streams.value() == 0; }));
}

TEST_CASE("a stream goes on behind the Last-Event-ID, on HTTP/2 as on HTTP/1") {
  Node node;
  node.happen("one");
  node.happen("two");
  Peer client = Peer::connect(node.host.port());
  open_stream(client, "Last-Event-ID: b007b007-1\r\n");
  CHECK_THAT(client.read_until("\n\n"), EndsWith("id: b007b007-2\nevent: app-up\ndata: two\n\n"));

  Http2Client other(node.host.port());
  const auto id = other.ask(asking("/v1/events", {{"last-event-id", "b007b007-1"}}));
  REQUIRE(other.until([&] { return other.side.streams[id].body.ends_with("two\n\n"); }));
  node.happen("three");
  REQUIRE(other.until([&] { return other.side.streams[id].body.ends_with("three\n\n"); }));
  CHECK(other.side.streams[id].fields.at("content-type") == "text/event-stream");
  CHECK(other.side.streams[id].closed == 0);
}

TEST_CASE("HEAD of a stream has its head and ends") {
  const Node node;
  Peer client = Peer::connect(node.host.port());
  client.send("HEAD /v1/events HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  CHECK_THAT(client.read_all(), StartsWith("HTTP/1.1 200"));
}

TEST_CASE("when the node drains, streams end cleanly and reads that wait are answered") {
  Node node;
  Peer stream = Peer::connect(node.host.port()), poll = Peer::connect(node.host.port());
  open_stream(stream);
  (void)stream.read_until("\n\n");
  poll.send("GET /v1/self?index=1 HTTP/1.1\r\nHost: a\r\n\r\n");
  Http2Client other(node.host.port());
  const auto id = other.ask(asking("/v1/events"));
  REQUIRE(other.until([&] { return !other.side.streams[id].body.empty(); }));
  REQUIRE(soon([&] { return node.host.counters().long_polls.value() == 1; }));
  std::promise<void> drained;
  node.host.drain([&] { drained.set_value(); });
  CHECK_THAT(stream.read_all(), EndsWith("0\r\n\r\n"));
  CHECK_THAT(poll.read_all(), StartsWith("HTTP/1.1 200"));
  CHECK(other.answer(id).ended);
  CHECK(drained.get_future().wait_for(std::chrono::seconds(10)) == std::future_status::ready);
}

TEST_CASE("a long poll is answered by the next change, or when its wait is over") {
  Node node;
  Peer client = Peer::connect(node.host.port());
  client.send("GET /v1/self?index=1&wait=10m HTTP/1.1\r\nHost: a\r\n\r\n");
  REQUIRE(soon([&] { return node.host.counters().long_polls.value() == 1; }));
  node.publish();  // nothing new
  node.happen("one");
  CHECK_THAT(client.read_until("\r\n\r\n"), Contains("Ringside-Index: 2\r\n"));
  (void)client.read_until("}\n");
  // The connection goes on, with a wait that ends by itself.
  client.send("GET /v1/self?index=2&wait=1ms HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  CHECK_THAT(client.read_all(), Contains("Ringside-Index: 2\r\n"));
  CHECK(node.host.counters().long_polls.value() == 0);
}

TEST_CASE("who hangs up while it waits gives its place back") {
  Node node;
  {
    Peer client = Peer::connect(node.host.port());
    client.send("GET /v1/self?index=1&wait=10m HTTP/1.1\r\nHost: a\r\n\r\n");
    REQUIRE(soon([&] { return node.host.counters().long_polls.value() == 1; }));
    client.end_output();
    CHECK(client.read_all().empty());
  }
  CHECK(soon([&] { return node.host.counters().long_polls.value() == 0; }));
}

TEST_CASE("there are so many subscriptions and long polls, and one more is refused with 503") {
  Node node;
  std::vector<Peer> clients;
  SECTION("subscriptions") {
    for (std::size_t i = 0; i < limits::event_streams; ++i) {
      clients.push_back(Peer::connect(node.host.port()));
      open_stream(clients.back());
    }
    const auto refused = exchange(node.host.port(), get_text("/v1/events"));
    CHECK_THAT(refused,
               StartsWith("HTTP/1.1 503") && Contains("Retry-After: 1\r\n") && Contains("overloaded"));
    CHECK(node.host.counters().full_event_streams.value() == 1);
    clients.clear();
    CHECK(soon([&] { return node.host.counters().event_streams.value() == 0; }));
    Peer again = Peer::connect(node.host.port());
    CHECK_THAT(open_stream(again), StartsWith("HTTP/1.1 200"));
  }
  SECTION("long polls, many on one HTTP/2 connection") {
    std::vector<std::unique_ptr<Http2Client>> connections;
    for (std::size_t i = 0; i < limits::long_polls; ++i) {
      if (i % 64 == 0) connections.push_back(std::make_unique<Http2Client>(node.host.port()));
      connections.back()->ask(asking("/v1/self?index=1&wait=10m"));
    }
    REQUIRE(soon([&] {
      return node.host.counters().long_polls.value() == static_cast<std::int64_t>(limits::long_polls);
    }));
    CHECK_THAT(exchange(node.host.port(), get_text("/v1/self?index=1")), StartsWith("HTTP/1.1 503"));
    CHECK(node.host.counters().full_long_polls.value() == 1);
    CHECK_THAT(exchange(node.host.port(), get_text("/v1/self")), StartsWith("HTTP/1.1 200"));
  }
}

TEST_CASE("a subscriber that reads nothing is told the state when it reads again; others hear all at once") {
  Node node;
  Peer lazy = Peer::connect(node.host.port()), other = Peer::connect(node.host.port());
  open_stream(lazy);
  open_stream(other);
  (void)other.read_until("\n\n");
  const std::string data(8'000, 'x');
  // More than the kernel's buffers and ours hold, and more than the log keeps.
  std::set<std::string> heard;
  for (int i = 0; i < 3'000; ++i) {
    node.happen(data);
    const auto event = other.read_until("\n\n");
    heard.insert(event.substr(event.find("id: "), event.find("\nevent") - event.find("id: ")));
  }
  CHECK(heard.size() == 3'000);
  std::string text;
  while (text.find("too_old") == std::string::npos) {
    const auto more = lazy.read_some();
    REQUIRE_FALSE(more.empty());
    text += more;
    if (text.size() > 1'000'000) text.erase(0, text.size() - 1'000);
  }
  CHECK(node.host.counters().event_resets.value() == 1);
}

TEST_CASE("GET /v1/stats names the keys that this worker's requests had") {
  const ScriptedApp app(answering(ok_reply("hello")));
  Host host("a", app.address());
  host.open();
  host.start({host.server()});
  for (int i = 0; i < 200; ++i) (void)exchange(host.port(), get_text("/v1/route/hot/x"));
  const auto stats = exchange(host.port(), get_text("/v1/stats"));
  CHECK_THAT(stats,
             StartsWith("HTTP/1.1 200") && Contains(R"("requests":200)") && Contains(R"("key":"hot")"));
}
