// TChannel calls in trouble: owners that move or cannot be reached, apps that restart or break off, members
// that drain, and whoever breaks the protocol.
#include <catch2/catch.hpp>

#include "tests/unit/worker/tchannel_end.hpp"
#include "tests/unit/worker/tchannel_hosts.hpp"

using namespace ringside;
using namespace ringside::test;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
using tchannel::ErrorCode;

TEST_CASE("a call for an owner that has moved follows the ring") {
  const ScriptedApp app_a(echoing("a")), app_b(echoing("b"));
  TchannelPair pair(app_a.address(), app_b.address());
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
  TchannelPair pair(app.address(), app.address());
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
  TchannelAlone alone(app.address());
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
  TchannelPair pair(app.address(), app.address());
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
  TchannelAlone alone(app.address());
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
  TchannelAlone alone("");
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
  TchannelAlone alone(app.address());
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
  TchannelAlone alone(app.address());
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
  TchannelPair pair(app_a.address(), app_b.address());
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
