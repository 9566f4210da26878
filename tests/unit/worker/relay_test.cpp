// TChannel calls from socket to socket: real workers, scripted apps and clients, and rings that the test
// makes agree or disagree.
#include <catch2/catch.hpp>
#include <set>

#include "tests/unit/worker/tchannel_end.hpp"

using namespace ringside;
using namespace ringside::test;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using tchannel::ErrorCode;

namespace {

struct TchannelHost : Host {
  TchannelHost(std::string name, std::string app_address) : Host(std::move(name), std::move(app_address)) {
    config.app.protocol = config::AppProtocol::tchannel;
    open();
  }
};

struct Alone {
  explicit Alone(std::string app_address) : host("a", std::move(app_address)) { host.start({host.server()}); }
  TchannelHost host;
};

std::string key_owned_by(const std::vector<ring::Server>& servers, const ring::Server& owner) {
  const auto ring = ring::build(servers, 100, 1);
  for (int i = 0;; ++i) {
    std::string key = "k" + std::to_string(i);
    if (ring->server(*ring->owner(key)) == owner) return key;
  }
}

// Two hosts that agree on who owns what.
struct Pair {
  Pair(const std::string& app_a, const std::string& app_b) : a("a", app_a), b("b", app_b) {
    both = {a.server(), b.server()};
    a.start(both);
    b.start(both);
  }
  [[nodiscard]] std::string key_of(const Host& owner) const { return key_owned_by(both, owner.server()); }
  TchannelHost a, b;
  std::vector<ring::Server> both;
};

// Waits for a counter that another thread moves.
template <class Condition>
void eventually(Condition condition) {
  for (int i = 0; i < 5000 && !condition(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  CHECK(condition());
}

}  // namespace

TEST_CASE("a call goes to the owner of its sk, and the answer comes back as the app gave it") {
  const ScriptedApp app_a(echoing("a")), app_b(echoing("b"));
  Pair pair(app_a.address(), app_b.address());
  TchannelClient client(pair.a.tchannel_port());
  for (const std::string owner : {"a", "b"}) {
    INFO(owner);
    const auto key = pair.key_of(owner == "a" ? pair.a : pair.b);
    for (const std::string as : {"json", "raw", "http", "thrift"}) {
      auto call = call_for(key, "x");
      call.headers.front().second = as;
      const auto answer = client.ask(7, call);
      REQUIRE(answer.response);
      CHECK(answer.response->code == 0);
      CHECK(answer.response->arg3 == owner + ":x");
      CHECK(answer.response->arg2 == "h");
      CHECK(tchannel::find(answer.response->headers, "as") == as);
      CHECK(answer.response->tracing == call.tracing);
    }
  }
  CHECK(pair.a.counters().calls_ok.value() == 8);
  CHECK(pair.a.counters().requests_forwarded.value() == 4);
  CHECK(pair.b.counters().requests_received.value() == 4);
  eventually([&] { return pair.a.counters().calls_in_flight.value() == 0; });
}

TEST_CASE("a frame reaches the app byte for byte, but for the id and the ttl") {
  std::promise<std::string> seen;
  const ScriptedApp app([&](Peer& peer, int) {
    TchannelEnd end(peer);
    end.be_greeted();
    seen.set_value(end.read().bytes);
  });
  Pair pair(app.address(), app.address());
  TchannelClient client(pair.a.tchannel_port());
  std::string sent;
  // Checksum type 2 that nobody here could compute, and a header that nobody knows: all of it passes.
  auto call = call_for(pair.key_of(pair.b), "\x01\x02");
  call.headers.emplace_back("x", "y");
  tchannel::write(sent, 0x01020304, call);
  client.send(sent);
  std::string arrived = seen.get_future().get();
  REQUIRE(arrived.size() == sent.size());
  const auto head = tchannel::parse_request_head(octets(arrived).subspan(tchannel::header_bytes));
  REQUIRE(head.has_value());
  CHECK(head->ttl_ms <= call.ttl_ms);
  CHECK(head->ttl_ms > call.ttl_ms - 2000);
  tchannel::patch_ttl(arrived, 0, call.ttl_ms);
  arrived.replace(4, 4, sent, 4, 4);
  CHECK(arrived == sent);
}

// Collects `wanted` calls from all of its connections, then answers the last first.
class Holding {
 public:
  void expect(std::size_t wanted) {
    const std::scoped_lock lock(mutex_);
    wanted_ = wanted;
    connections_.clear();
  }
  std::size_t connections() {  // that calls came on
    const std::scoped_lock lock(mutex_);
    return connections_.size();
  }
  void operator()(Peer& peer, int number) {
    TchannelEnd end(peer);
    end.be_greeted();
    while (auto call = end.read_call()) {
      const std::scoped_lock lock(mutex_);
      connections_.insert(number);
      held_.push_back({&end, call->first, call->second.arg3});
      if (held_.size() < wanted_) continue;
      for (; !held_.empty(); held_.pop_back())
        held_.back().end->send(held_.back().id, said(held_.back().arg3));
    }
  }

 private:
  struct Held {
    TchannelEnd* end;
    std::uint32_t id;
    std::string arg3;
  };
  std::mutex mutex_;
  std::size_t wanted_ = 0;
  std::set<int> connections_;
  std::vector<Held> held_;
};

TEST_CASE("many calls are under way on one connection, and answers come in any order") {
  Holding held;
  const ScriptedApp app([&](Peer& peer, int number) { held(peer, number); });
  Pair pair("", app.address());
  TchannelClient client(pair.a.tchannel_port());
  const auto key = pair.key_of(pair.b);
  // Many calls make more connections to the app; afterwards few calls stay on one of them.
  for (const std::uint32_t calls : {200U, 10U}) {
    held.expect(calls);
    for (std::uint32_t id = 1; id <= calls; ++id) client.send(id, call_for(key, std::to_string(id)));
    std::uint32_t answered = 0;
    for (std::uint32_t id = 1; id <= calls; ++id) {
      const auto answer = client.read_answer(id);
      if (answer.response && answer.response->arg3 == std::to_string(id)) ++answered;
    }
    CHECK(answered == calls);
    CHECK(held.connections() == (calls == 200 ? 4 : 1));
  }
}

TEST_CASE("a call without sk is refused with a remedy, or goes to this node's app") {
  const ScriptedApp app(echoing("a"));
  TchannelHost host("a", app.address());
  const bool local = GENERATE(false, true);
  if (local) host.config.forward.without_key = config::WithoutKey::local;
  host.start({host.server()});
  TchannelClient client(host.tchannel_port());
  const auto answer = client.ask(1, call_for(std::nullopt, "x"));
  if (local) {
    REQUIRE(answer.response);
    CHECK(answer.response->arg3 == "a:x");
  } else {
    REQUIRE(answer.error);
    CHECK(answer.error->code == ErrorCode::bad_request);
    CHECK_THAT(answer.error->message,
               StartsWith("ringside: missing_key: ") && Contains("sk") && Contains("forward.without_key"));
  }
  const auto empty = client.ask(2, call_for(""));
  REQUIRE(empty.error);
  CHECK(empty.error->code == ErrorCode::bad_request);
  CHECK_THAT(empty.error->message, StartsWith("ringside: bad_key: "));
}

TEST_CASE("what keeps a call from the app is an error frame that says so") {
  struct Row {
    const char* what;
    std::function<void(TchannelHost&)> configure;
    bool in_ring;
    api::Phase phase;
    ErrorCode code;
    const char* text;
  };
  const ScriptedApp app(echoing("a"));
  const auto row = GENERATE_REF(values<Row>({
      {"nobody in the ring", [](TchannelHost&) {}, false, api::Phase::ready, ErrorCode::declined,
       "ringside: no_owner: "},
      {"not joined yet", [](TchannelHost&) {}, true, api::Phase::joining, ErrorCode::declined,
       "ringside: not_joined: "},
      {"no app", [](TchannelHost& host) { host.config.app.address.clear(); }, true, api::Phase::ready,
       ErrorCode::declined, "ringside: app_down: "},
      {"the app is not there", [](TchannelHost& host) { host.config.app.address = "127.0.0.1:1"; }, true,
       api::Phase::ready, ErrorCode::declined, "ringside: app_down: "},
      {"the app speaks HTTP",
       [](TchannelHost& host) { host.config.app.protocol = config::AppProtocol::http1; }, true,
       api::Phase::ready, ErrorCode::bad_request, "ringside: app_protocol: "},
      {"too many at once", [](TchannelHost& host) { host.config.forward.in_flight = 0; }, true,
       api::Phase::ready, ErrorCode::busy, "ringside: overloaded: "},
  }));
  INFO(row.what);
  TchannelHost host("a", app.address());
  row.configure(host);
  const auto ring = row.in_ring ? std::vector{host.server()} : std::vector<ring::Server>{};
  host.start(ring);
  host.set_view(host.view(ring, row.phase));
  TchannelClient client(host.tchannel_port());
  const auto call = call_for("k");
  const auto answer = client.ask(5, call);
  REQUIRE(answer.error);
  CHECK(answer.error->code == row.code);
  CHECK_THAT(answer.error->message, StartsWith(row.text));
  CHECK(answer.error->tracing == call.tracing);
  CHECK(host.counters().calls_refused.value() == 1);
  CHECK(host.counters().errors_executed_no.value() == 1);
}

TEST_CASE("HTTP for an app that speaks TChannel is refused with the option's name") {
  const ScriptedApp app(echoing("a"));
  Alone alone(app.address());
  const auto answer = exchange(alone.host.port(), get("/v1/route/k/x"));
  CHECK_THAT(answer, StartsWith("HTTP/1.1 502"));
  CHECK_THAT(answer, Contains("app_protocol") && Contains("app.protocol") && Contains("\"executed\":\"no\""));
}

TEST_CASE("errors of the app and its application errors pass with code and text") {
  const ScriptedApp app([](Peer& peer, int) {
    TchannelEnd end(peer);
    end.be_greeted();
    while (const auto call = end.read_call()) {
      if (call->second.arg3 == "application") {
        end.send(call->first, said("no such cart", 1));
      } else {
        const auto code = static_cast<ErrorCode>(std::stoi(call->second.arg3));
        end.send(call->first, tchannel::Error{code, call->second.tracing, "says the app"});
      }
    }
  });
  Pair pair(app.address(), app.address());
  TchannelClient client(pair.a.tchannel_port());
  for (const Host* owner : {&pair.a, &pair.b}) {
    const auto key = pair.key_of(*owner);
    for (const int code : {1, 2, 3, 4, 5, 6, 7, 8}) {
      const auto answer = client.ask(9, call_for(key, std::to_string(code)));
      REQUIRE(answer.error);
      CHECK(static_cast<int>(answer.error->code) == code);
      CHECK(answer.error->message == "says the app");
    }
    const auto answer = client.ask(9, call_for(key, "application"));
    REQUIRE(answer.response);
    CHECK(answer.response->code == 1);
    CHECK(answer.response->arg3 == "no such cart");
  }
  CHECK(pair.a.counters().calls_error.value() == 16);
  CHECK(pair.a.counters().calls_app_error.value() == 2);
}

TEST_CASE("the app may call over the connection that was dialled to it, while it is called itself") {
  std::promise<std::string> heard;
  const ScriptedApp app_a([&](Peer& peer, int) {
    TchannelEnd end(peer);
    end.be_greeted();
    const auto call = end.read_call();
    // Asks for the other host's key before it answers: both directions at once, under the same id.
    auto own = call_for(call->second.arg3, "from a");
    end.send(call->first, own);
    const auto answer = end.read_answer(call->first);
    heard.set_value(answer.response ? answer.response->arg3 : "no answer");
    end.send(call->first, said("done"));
    (void)end.read();
  });
  const ScriptedApp app_b(echoing("b"));
  Pair pair(app_a.address(), app_b.address());
  TchannelClient client(pair.b.tchannel_port());
  const auto answer = client.ask(3, call_for(pair.key_of(pair.a), pair.key_of(pair.b)));
  REQUIRE(answer.response);
  CHECK(answer.response->arg3 == "done");
  CHECK(heard.get_future().get() == "b:from a");
}

TEST_CASE("a cancel is passed on and answered; the app's late answer goes to nobody") {
  std::promise<std::string> cancelled;
  const ScriptedApp app([&](Peer& peer, int) {
    TchannelEnd end(peer);
    end.be_greeted();
    const auto call = end.read_call();
    const Frame frame = end.read();
    REQUIRE(frame.type == FrameType::cancel);
    CHECK(frame.id == call->first);
    cancelled.set_value(tchannel::parse_cancel(frame.payload())->why);
    end.send(call->first, said("late"));
    const auto next = end.read_call();
    end.send(next->first, said("next"));
    (void)end.read();
  });
  Pair pair(app.address(), app.address());
  TchannelClient client(pair.a.tchannel_port());
  const auto key = pair.key_of(pair.b);
  client.send(4, call_for(key));
  client.send(4, tchannel::Cancel{100, {}, "changed my mind"});
  const auto answer = client.read_answer(4);
  REQUIRE(answer.error);
  CHECK(answer.error->code == ErrorCode::cancelled);
  CHECK(cancelled.get_future().get() == "changed my mind");
  const auto next = client.ask(4, call_for(key));
  REQUIRE(next.response);
  CHECK(next.response->arg3 == "next");
  CHECK(pair.a.counters().calls_cancelled.value() == 1);
}

TEST_CASE("a client that goes away takes its calls with it") {
  std::promise<void> has_it;
  std::promise<FrameType> then;
  const ScriptedApp app([&](Peer& peer, int) {
    TchannelEnd end(peer);
    end.be_greeted();
    (void)end.read_call();
    has_it.set_value();
    then.set_value(end.read().type);
  });
  Pair pair(app.address(), app.address());
  {
    TchannelClient client(pair.a.tchannel_port());
    client.send(4, call_for(pair.key_of(pair.b)));
    has_it.get_future().get();
  }
  CHECK(then.get_future().get() == FrameType::cancel);
  eventually([&] { return pair.a.counters().calls_in_flight.value() == 0; });
}

TEST_CASE("when the ttl is over the caller is told, the app is told, and nobody gets the late answer") {
  std::promise<std::uint32_t> ttl;
  std::promise<FrameType> then;
  const ScriptedApp app([&](Peer& peer, int) {
    TchannelEnd end(peer);
    end.be_greeted();
    const auto call = end.read_call();
    ttl.set_value(call->second.ttl_ms);
    then.set_value(end.read().type);
    end.send(call->first, said("late"));
    (void)end.read();
  });
  Pair pair(app.address(), app.address());
  TchannelClient client(pair.a.tchannel_port());
  auto call = call_for(pair.key_of(pair.b));
  call.ttl_ms = 300;
  const auto answer = client.ask(4, call);
  REQUIRE(answer.error);
  CHECK(answer.error->code == ErrorCode::timeout);
  CHECK_THAT(answer.error->message, StartsWith("ringside: timeout: "));
  CHECK(ttl.get_future().get() <= 300);
  CHECK(then.get_future().get() == FrameType::cancel);
  std::string ping;
  tchannel::write_ping(ping, FrameType::ping_req, 9);
  client.send(ping);
  CHECK(client.read().type == FrameType::ping_res);  // and not the late answer
}

TEST_CASE("five megabytes go through in many frames, however slowly they are read, in bounded memory") {
  constexpr std::size_t size = 5'000'000;
  const ScriptedApp app(echoing("b"));
  Pair pair("", app.address());
  TchannelClient client(pair.a.tchannel_port());
  auto call = call_for(pair.key_of(pair.b));
  call.ttl_ms = 60'000;
  call.arg3.resize(size);
  for (std::size_t i = 0; i < size; ++i) call.arg3[i] = static_cast<char>(i * 7 + i / 251);
  std::thread writer([&] { client.send(8, call); });
  const auto answer = client.read_answer(8);
  writer.join();
  REQUIRE(answer.response);
  CHECK(answer.response->arg3 == "b:" + call.arg3);
  CHECK(pair.a.counters().call_request_bytes.value() > size);
  CHECK(pair.a.counters().call_response_bytes.value() > size);
}

TEST_CASE("an app that sends more than its caller reads is stopped, and goes on when there is room") {
  constexpr std::uint64_t frames = 2000;  // of nearly 64 KiB: far more than all buffers on the way hold
  std::atomic<std::uint64_t> sent = 0;
  const ScriptedApp app([&](Peer& peer, int) {
    TchannelEnd end(peer);
    end.be_greeted();
    const auto call = end.read_call();
    auto answer = said(std::string(60'000, 'x'));
    std::string first;
    tchannel::write(first, call->first, answer);
    first[tchannel::header_bytes] = 1;  // more follow
    peer.send(first);
    for (std::uint64_t i = 1; i <= frames; ++i) {
      // flags, checksum type none, one chunk
      std::string frame("\0\0\x14\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
      frame += std::string(i < frames ? "\1\0" : "\0\0", 2) + "\xea\x60" + std::string(60'000, 'y');
      frame[0] = static_cast<char>(frame.size() >> 8);
      frame[1] = static_cast<char>(frame.size() & 0xff);
      std::string with_id;
      tchannel::write_with_id(with_id, frame, call->first);
      peer.send(with_id);
      ++sent;
    }
    (void)end.read();
  });
  Pair pair("", app.address());
  TchannelClient client(pair.a.tchannel_port());
  auto asked = call_for(pair.key_of(pair.b));
  asked.ttl_ms = 60'000;
  client.send(8, asked);
  // It comes to a stop while most of it is still to be sent.
  std::uint64_t before = 0;
  for (int calm = 0; calm < 20;) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    calm = sent == before && sent > 0 ? calm + 1 : 0;
    before = sent;
  }
  CHECK(before < frames / 2);
  std::uint64_t got = 0;
  for (Frame frame = client.read(); !frame.ended(); frame = client.read()) {
    ++got;
    if (frame.bytes[tchannel::header_bytes] == 0) break;
  }
  CHECK(got == frames + 1);
}

TEST_CASE("a client that reads nothing for long is hung up on, and its calls end") {
  const ScriptedApp app(
      serving([](const tchannel::CallRequest&) { return said(std::string(6'000'000, 'x')); }));
  TchannelHost host("a", app.address());
  host.config.forward.idle_timeout = Millis{200};
  host.start({host.server()});
  TchannelClient client(host.tchannel_port());
  std::string
      calls;  // in one piece: once the first answer has filled the connection no more calls are read from it
  for (std::uint32_t id = 2; id < 8; ++id) tchannel::write(calls, id, call_for("k"));
  client.send(calls);
  eventually([&] { return host.counters().calls_in_flight.value() == 6; });
  eventually([&] { return host.counters().connections_open.value() == 0; });
  CHECK(host.counters().calls_in_flight.value() == 0);
}

TEST_CASE("a call for an owner that has moved follows the ring") {
  const ScriptedApp app_a(echoing("a")), app_b(echoing("b"));
  Pair pair(app_a.address(), app_b.address());
  TchannelClient client(pair.a.tchannel_port());
  const auto key = pair.key_of(pair.b);

  SECTION("the receiver knows better and passes it on") {
    const ScriptedApp app_c(echoing("c"));
    TchannelHost c("c", app_c.address());
    c.start({c.server()});
    pair.b.set_ring({c.server()});
    const auto answer = client.ask(2, call_for(key));
    REQUIRE(answer.response);
    CHECK(answer.response->arg3 == "c:body");
    CHECK(pair.b.counters().requests_forwarded.value() == 1);
    CHECK(c.counters().requests_received.value() == 1);
  }
  SECTION("the entry learns while it waits") {
    pair.b.set_view(pair.b.view(pair.both, api::Phase::joining));
    client.send(2, call_for(key));
    eventually([&] { return pair.b.counters().calls_refused.value() >= 1; });
    pair.a.set_ring({pair.a.server()});
    const auto answer = client.read_answer(2);
    REQUIRE(answer.response);
    CHECK(answer.response->arg3 == "a:body");
    CHECK(pair.a.counters().reroutes.value() == 1);
  }
  SECTION("nobody learns: it ends with a refusal after a second") {
    pair.b.set_view(pair.b.view(pair.both, api::Phase::joining));
    const auto answer = client.ask(2, call_for(key));
    REQUIRE(answer.error);
    CHECK(answer.error->code == ErrorCode::declined);
    CHECK_THAT(answer.error->message, StartsWith("ringside: peer_unreachable: ") && Contains("not_joined"));
  }
}

TEST_CASE("two members that each take the other for the owner give up at the hop limit") {
  const ScriptedApp app(echoing("x"));
  Pair pair(app.address(), app.address());
  TchannelClient client(pair.a.tchannel_port());
  pair.a.set_ring({pair.b.server()});
  pair.b.set_ring({pair.a.server()});
  auto call = call_for("k");
  call.ttl_ms = 400;
  const auto answer = client.ask(2, call);
  REQUIRE(answer.error);
  eventually([&] { return pair.a.counters().calls_refused.value() >= 1; });
  // a -> b (hop 1) -> a (hop 2), which refuses with not_owner.
  CHECK(pair.a.counters().requests_received.value() >= 1);
}

TEST_CASE("an owner that cannot be reached is waited for, and the next one gets what is left of the ttl") {
  const ScriptedApp app(
      serving([](const tchannel::CallRequest& call) { return said(std::to_string(call.ttl_ms)); }));
  TchannelHost a("a", app.address());
  const ring::Server gone{"gone", "127.0.0.1:1"};
  a.start({a.server(), gone});
  TchannelClient client(a.tchannel_port());
  const auto call = call_for(key_owned_by({a.server(), gone}, gone));
  client.send(2, call);
  std::string ping;
  tchannel::write_ping(ping, FrameType::ping_req, 9);
  client.send(ping);
  CHECK(client.read().type == FrameType::ping_res);  // the call has come before it
  constexpr auto spent = std::chrono::milliseconds(30);
  std::this_thread::sleep_for(spent);  // at the entry
  a.set_ring({a.server()});
  const auto answer = client.read_answer(2);
  REQUIRE(answer.response);
  CHECK(std::stol(answer.response->arg3) <= static_cast<long>(call.ttl_ms) - spent.count());
}

TEST_CASE("an app that restarts loses the calls under way, and has the next ones") {
  std::promise<void> has_it;
  const ScriptedApp app([&](Peer& peer, int connection) {
    TchannelEnd end(peer);
    end.be_greeted();
    const auto call = end.read_call();
    if (connection == 1) return has_it.set_value();  // and the connection ends
    end.send(call->first, said("again"));
    (void)end.read();
  });
  Alone alone(app.address());
  TchannelClient client(alone.host.tchannel_port());
  const auto lost = client.ask(2, call_for("k"));
  has_it.get_future().get();
  REQUIRE(lost.error);
  CHECK(lost.error->code == ErrorCode::network);
  CHECK_THAT(lost.error->message, StartsWith("ringside: app_error: "));
  CHECK(alone.host.counters().errors_executed_maybe.value() == 1);
  const auto next = client.ask(2, call_for("k"));
  REQUIRE(next.response);
  CHECK(next.response->arg3 == "again");
}

TEST_CASE("an answer that breaks off ends with an error, never as a whole answer") {
  const ScriptedApp app([](Peer& peer, int) {
    TchannelEnd end(peer);
    end.be_greeted();
    const auto call = end.read_call();
    std::string first;
    tchannel::write(first, call->first, said("half"));
    first[tchannel::header_bytes] = 1;  // more follow, but do not
    peer.send(first);
  });
  Pair pair(app.address(), app.address());
  TchannelClient client(pair.a.tchannel_port());
  const auto answer = client.ask(2, call_for(pair.key_of(pair.b)));
  REQUIRE(answer.error);
  CHECK(answer.error->code == ErrorCode::network);
}

TEST_CASE("a draining member lets its calls end, refuses new ones and says goodbye") {
  std::promise<void> has_it, go;
  auto may_go = go.get_future().share();
  const ScriptedApp app([&](Peer& peer, int) {
    TchannelEnd end(peer);
    end.be_greeted();
    const auto call = end.read_call();
    has_it.set_value();
    may_go.get();
    end.send(call->first, said("done"));
    (void)end.read();
  });
  Alone alone(app.address());
  TchannelClient client(alone.host.tchannel_port());
  client.send(2, call_for("k"));
  has_it.get_future().get();
  std::promise<void> drained;
  alone.host.drain([&] { drained.set_value(); });
  const Frame goodbye = client.read();
  REQUIRE(goodbye.type == FrameType::error);
  CHECK(goodbye.id == tchannel::no_message_id);
  const auto said_goodbye = tchannel::parse_error(goodbye.payload());
  CHECK(said_goodbye->code == ErrorCode::declined);
  CHECK_THAT(said_goodbye->message, StartsWith("draining: "));
  const auto refused = client.ask(3, call_for("k"));
  REQUIRE(refused.error);
  CHECK(refused.error->code == ErrorCode::declined);
  CHECK_THAT(refused.error->message, StartsWith("ringside: draining: "));
  auto all_done = drained.get_future();
  CHECK(all_done.wait_for(std::chrono::milliseconds(50)) == std::future_status::timeout);
  go.set_value();
  const auto answer = client.read_answer(2);
  REQUIRE(answer.response);
  CHECK(answer.response->arg3 == "done");
  CHECK(client.read().ended());
  CHECK(all_done.wait_for(std::chrono::seconds(10)) == std::future_status::ready);
}

TEST_CASE("calls for this node itself are answered by the control thread") {
  Alone alone("");
  std::atomic<bool> local = false;
  alone.host.to_control = [&](net::IncomingCall call) {
    local = call.local;
    std::thread([call = std::move(call)] {
      if (call.request.arg1 == "/admin/stats") return call.responder.answer(0, call.request.arg3 + "!");
      call.responder.fail(ErrorCode::bad_request, "no such page");
    }).detach();
  };
  TchannelClient client(alone.host.tchannel_port());
  auto call = call_for(std::nullopt, std::string(200'000, 'b'));
  call.service = "ringpop";
  call.arg1 = "/admin/stats";
  const auto answer = client.ask(2, call);
  REQUIRE(answer.response);
  CHECK(answer.response->arg3 == call.arg3 + "!");
  CHECK(answer.response->tracing == call.tracing);
  CHECK(local);
  call.arg1 = "/nothing";
  const auto error = client.ask(2, call);
  REQUIRE(error.error);
  CHECK(error.error->code == ErrorCode::bad_request);
  CHECK(error.error->tracing == call.tracing);
}

TEST_CASE("who breaks the protocol is told why and hung up on; the others never notice") {
  const auto frame = [](std::string_view type_and_rest, std::string_view payload) {
    std::string bytes(2, '\0');
    bytes += std::string(type_and_rest) + std::string(payload);
    bytes[0] = static_cast<char>(bytes.size() >> 8);
    bytes[1] = static_cast<char>(bytes.size() & 0xff);
    return bytes;
  };
  const auto header = [](char type) { return std::string{type, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0}; };
  std::string call_with_ttl_0, whole, open_twice;
  auto call = call_for("k");
  tchannel::write(whole, 5, call);
  call.ttl_ms = 0;
  tchannel::write(call_with_ttl_0, 5, call);
  struct Row {
    const char* what;
    std::string bytes;
    const char* text;
  };
  const auto row = GENERATE_REF(values<Row>({
      {"no frame", "GET / HTTP/1.1\r\n\r\n" + std::string(70'000, ' '), ""},
      {"a size below 16", std::string("\0\1\3\0", 4), "bad frame header"},
      {"an unknown type", frame(header('\x55'), ""), "unknown frame type"},
      {"a second init", frame(header('\1'), std::string("\0\2\0\0", 4)), "second init"},
      {"a call cut short", frame(header('\3'), std::string("\0\0\0", 3)), "malformed call"},
      {"a cancel cut short", frame(header('\xc0'), "x"), "malformed cancel"},
      {"an error cut short", frame(header('\xff'), "x"), "malformed error"},
      {"an id that is still open", whole + whole, "still open"},
      {"a ttl of 0", call_with_ttl_0, "ttl"},
  }));
  INFO(row.what);
  const ScriptedApp app([](Peer& peer, int) {
    TchannelEnd end(peer);
    end.be_greeted();
    while (const auto got = end.read_call())
      if (got->second.arg3 == "other") end.send(got->first, said("fine"));
  });
  Alone alone(app.address());
  TchannelClient other(alone.host.tchannel_port()), client(alone.host.tchannel_port());
  client.send(row.bytes);
  client.peer().end_output();
  for (Frame got = client.read(); !got.ended(); got = client.read()) {
    if (got.type != FrameType::error) continue;
    const auto error = tchannel::parse_error(got.payload());
    CHECK(error->code == ErrorCode::fatal);
    CHECK_THAT(error->message, Contains(row.text));
  }
  const auto answer = other.ask(2, call_for("k", "other"));
  REQUIRE(answer.response);
  CHECK(answer.response->arg3 == "fine");
  CHECK(alone.host.counters().bad_requests.value() == 1);
}

TEST_CASE("an app that talks nonsense fails the calls it has, and is dialled anew") {
  const auto nonsense =
      GENERATE(as<std::string>{}, "HTTP/1.1 400 Bad Request\r\n\r\n", std::string("\0\1", 2),
               std::string("\0\x11\x14\0\0\0\0\1\0\0\0\0\0\0\0\0\1", 17));
  const bool greets = GENERATE(false, true);
  if (greets && nonsense.starts_with("HTTP")) return;  // looks like the beginning of a frame of 18 KB
  const ScriptedApp app([&](Peer& peer, int connection) {
    TchannelEnd end(peer);
    if (connection == 1 && !greets) {
      (void)end.read();
      return peer.send(nonsense);
    }
    end.be_greeted();
    const auto call = end.read_call();
    if (connection == 1) {
      peer.send(nonsense);
      return (void)peer.read_all();
    }
    end.send(call->first, said("sane"));
    (void)end.read();
  });
  Alone alone(app.address());
  TchannelClient client(alone.host.tchannel_port());
  const auto failed = client.ask(2, call_for("k"));
  REQUIRE(failed.error);
  CHECK(failed.error->code == (greets ? ErrorCode::network : ErrorCode::declined));
  const auto next = client.ask(3, call_for("k"));
  REQUIRE(next.response);
  CHECK(next.response->arg3 == "sane");
}

TEST_CASE(
    "calls that a Ringpop peer sent to the control thread are relayed as if they had been sent on once") {
  const ScriptedApp app_a(echoing("a")), app_b(echoing("b"));
  std::mutex mutex;
  std::string answers;
  std::size_t taken = 0;
  Pair pair(app_a.address(), app_b.address());
  const auto tell = [&](std::string frames) {
    const std::size_t size = frames.size();
    net::TunnelNews news;
    news.connection = 5;
    news.frames = std::move(frames);
    news.answer = [&](const std::string& back, std::size_t used) {
      const std::scoped_lock lock(mutex);
      answers += back;
      taken += used;
    };
    pair.a.relay(std::move(news));
    return size;
  };
  const auto answer_to = [&](std::uint32_t id) {
    std::optional<std::string> found;
    eventually([&] {
      tchannel::Assembler assembler;
      const std::scoped_lock lock(mutex);
      for (std::string_view rest = answers; !rest.empty();) {
        const auto frame = std::get<tchannel::FrameView>(tchannel::next_frame(octets(rest)));
        rest.remove_prefix(frame.size);
        if (frame.id != id) continue;
        auto result = assembler.take(frame);
        if (auto* whole = std::get_if<2>(&result)) found = whole->second.arg3;
      }
      return found.has_value();
    });
    return found;
  };
  const auto frames = [](std::uint32_t id, const tchannel::CallRequest& call) {
    std::string bytes;
    tchannel::write(bytes, id, call);
    return bytes;
  };
  const std::string large(300'000, 'x');
  std::size_t sent = tell(frames(1, call_for(std::nullopt, "own")));  // the peer has decided that it is ours
  sent += tell(frames(2, call_for(pair.key_of(pair.b), large)));
  CHECK(answer_to(1) == "a:own");
  CHECK(answer_to(2) == "b:" + large);
  const std::scoped_lock lock(mutex);
  CHECK(taken == sent);
}
