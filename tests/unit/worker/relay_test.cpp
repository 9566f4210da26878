// TChannel calls from socket to socket: real workers, scripted apps and clients, and rings that the test
// makes agree or disagree.
#include <catch2/catch.hpp>
#include <set>

#include "tests/unit/worker/tchannel_end.hpp"
#include "tests/unit/worker/tchannel_hosts.hpp"

using namespace ringside;
using namespace ringside::test;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using tchannel::ErrorCode;

TEST_CASE("a call goes to the owner of its sk, and the answer comes back as the app gave it") {
  const ScriptedApp app_a(echoing("a")), app_b(echoing("b"));
  TchannelPair pair(app_a.address(), app_b.address());
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
  TchannelPair pair(app.address(), app.address());
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
  TchannelPair pair("", app.address());
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
  TchannelAlone alone(app.address());
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
  TchannelPair pair(app.address(), app.address());
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
  TchannelPair pair(app_a.address(), app_b.address());
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
  TchannelPair pair(app.address(), app.address());
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
  TchannelPair pair(app.address(), app.address());
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
  TchannelPair pair(app.address(), app.address());
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
  TchannelPair pair("", app.address());
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
  TchannelPair pair("", app.address());
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
