// Calls between two hosts over loopback: both ways, large, many, late, to nobody.
#include <catch2/catch.hpp>

#include "tests/unit/net/tchannel_support.hpp"

namespace ringside::net::test {
namespace {

using Outcomes = std::vector<std::shared_ptr<TestHost::Outcome>>;

bool all_done(const Outcomes& outcomes) {
  return std::all_of(outcomes.begin(), outcomes.end(),
                     [](const auto& outcome) { return outcome->times > 0; });
}

TEST_CASE("both sides call over the one connection that one of them dialled") {
  boost::asio::io_context io{1};
  TestHost a(io);
  TestHost b(io);
  Outcomes outcomes{a.call(b.address, "from a")};
  REQUIRE(run_until(io, [&] { return all_done(outcomes); }));
  outcomes.push_back(b.call(a.address, "from b"));
  outcomes.push_back(a.call(b.address, "again"));
  REQUIRE(run_until(io, [&] { return all_done(outcomes); }));
  CHECK((*outcomes[0]->result)->arg3 == "from a");
  CHECK((*outcomes[1]->result)->arg3 == "from b");
  CHECK((*outcomes[2]->result)->arg3 == "again");
  CHECK(a.accepted + b.accepted == 1);
  REQUIRE(a.met.size() == 1);
  CHECK(a.met[0].host_port == b.address);
  CHECK(a.met[0].process_name == "ringside[1]");
  CHECK(a.met[0].language == "cpp");
}

TEST_CASE("arguments of every size around a frame's, up to some MiB, arrive whole both ways") {
  boost::asio::io_context io{1};
  TestHost a(io);
  TestHost b(io);
  for (const std::size_t size :
       {0UL, 1UL, 65000UL, 65519UL, 65535UL, 65536UL, 131072UL, 1UL << 20, 5UL << 20}) {
    std::string body(size, 'x');
    for (std::size_t i = 0; i < size; ++i) body[i] = static_cast<char>('a' + i % 23);
    const auto outcome = a.call(b.address, body);
    REQUIRE(run_until(io, [&] { return outcome->times > 0; }));
    REQUIRE(outcome->result->has_value());
    CHECK((*outcome->result)->arg3 == body);
  }
}

TEST_CASE("a thousand calls are in flight at once and each gets its own answer") {
  boost::asio::io_context io{1};
  TestHost a(io);
  TestHost b(io);
  std::vector<IncomingCall> held;
  b.on_call = [&](IncomingCall call) { held.push_back(std::move(call)); };
  Outcomes outcomes;
  for (int i = 0; i < 1000; ++i) outcomes.push_back(a.call(b.address, std::to_string(i)));
  REQUIRE(run_until(io, [&] { return held.size() == 1000; }));
  std::reverse(held.begin(), held.end());
  for (const auto& call : held) call.responder.answer(0, call.request.arg3);
  REQUIRE(run_until(io, [&] { return all_done(outcomes); }));
  for (int i = 0; i < 1000; ++i) {
    const auto& outcome = *outcomes[static_cast<std::size_t>(i)];
    REQUIRE(outcome.times == 1);
    REQUIRE(outcome.result->has_value());
    REQUIRE((*outcome.result)->arg3 == std::to_string(i));
  }
  CHECK(a.accepted + b.accepted == 1);
}

TEST_CASE("calls over the limit of one connection are refused at once, the others go on") {
  boost::asio::io_context io{1};
  TchannelOptions options;
  options.in_flight = 4;
  TestHost a(io, options);
  TestHost b(io);
  std::vector<IncomingCall> held;
  b.on_call = [&](IncomingCall call) { held.push_back(std::move(call)); };
  Outcomes outcomes;
  for (int i = 0; i < 5; ++i) outcomes.push_back(a.call(b.address, "x"));
  REQUIRE(run_until(io, [&] { return outcomes[4]->times > 0 && held.size() == 4; }));
  CHECK(outcomes[4]->result->error().code == Errc::too_large);
  for (const auto& call : held) call.responder.answer(0, "y");
  REQUIRE(run_until(io, [&] { return all_done(outcomes); }));
  CHECK(outcomes[0]->result->has_value());
}

TEST_CASE("an application error is an answer with its code, an error frame is a failure with its text") {
  boost::asio::io_context io{1};
  TestHost a(io);
  TestHost b(io);
  b.on_call = [](IncomingCall call) {
    if (call.request.arg3 == "app") return call.responder.answer(1, "no");
    call.responder.fail(tchannel::ErrorCode::bad_request, "never heard of it");
  };
  Outcomes outcomes{a.call(b.address, "app"), a.call(b.address, "frame")};
  REQUIRE(run_until(io, [&] { return all_done(outcomes); }));
  REQUIRE(outcomes[0]->result->has_value());
  CHECK((*outcomes[0]->result)->code == 1);
  CHECK((*outcomes[0]->result)->arg3 == "no");
  REQUIRE(outcomes[1]->result->has_error());
  CHECK(outcomes[1]->result->error().code == Errc::remote_error);
  CHECK_THAT(outcomes[1]->result->error().message, Catch::Contains("never heard of it"));
}

TEST_CASE("a call without an answer times out at its deadline, once, and a late answer is dropped") {
  boost::asio::io_context io{1};
  TestHost a(io);
  TestHost b(io);
  std::vector<IncomingCall> held;
  b.on_call = [&](IncomingCall call) { held.push_back(std::move(call)); };
  const Instant start = Clock::now();
  const auto late = a.call(b.address, "x", 100ms);
  REQUIRE(run_until(io, [&] { return late->times > 0; }));
  CHECK(Clock::now() - start >= 99ms);
  CHECK(late->result->error().code == Errc::timed_out);
  held.at(0).responder.answer(0, "too late");
  b.on_call = [](IncomingCall call) { call.responder.answer(0, "in time"); };
  const auto next = a.call(b.address, "y");
  REQUIRE(run_until(io, [&] { return next->times > 0; }));
  CHECK((*next->result)->arg3 == "in time");
  CHECK(late->times == 1);
}

TEST_CASE("an answer that stops in the middle times out, and its rest does not disturb the next call") {
  boost::asio::io_context io{1};
  TestHost a(io);
  tcp::acceptor acceptor(io, tcp::endpoint(boost::asio::ip::address_v4::loopback(), 0));
  const auto outcome = a.call("127.0.0.1:" + std::to_string(acceptor.local_endpoint().port()), "x", 300ms);
  RawPeer peer(io, acceptor.accept());
  REQUIRE(peer.wait_frames(1));
  std::string init;
  tchannel::write_init(init, tchannel::FrameType::init_res, peer.frames()[0].id,
                       {.headers = {{"host_port", "127.0.0.1:1"}, {"process_name", "raw"}}});
  peer.send(init);
  REQUIRE(peer.wait_frames(2));
  std::string answer;
  tchannel::CallResponse response;
  response.arg3 = std::string(100'000, 'z');
  tchannel::write(answer, peer.frames()[1].id, response);
  peer.send(answer.substr(0, 65535));
  REQUIRE(run_until(io, [&] { return outcome->times > 0; }));
  CHECK(outcome->result->error().code == Errc::timed_out);
  const auto next = a.call("127.0.0.1:1", "y");  // the address it announced: the same connection
  REQUIRE(peer.wait_frames(3));
  peer.send(answer.substr(65535));
  response.arg3 = "fine";
  peer.send(peer.frames()[2].id, response);
  REQUIRE(run_until(io, [&] { return next->times > 0; }));
  REQUIRE(next->result->has_value());
  CHECK((*next->result)->arg3 == "fine");
}

TEST_CASE("a call to a port where nobody listens is refused quickly") {
  boost::asio::io_context io{1};
  TestHost a(io);
  std::string nobody;
  {
    const auto listening = ListeningSocket::open(Address{"127.0.0.1", 0, {}}, "test");
    nobody = listening->address().to_string();
  }
  const auto outcome = a.call(nobody, "x");
  CHECK(outcome->times == 0);  // never from inside call()
  REQUIRE(run_until(io, [&] { return outcome->times > 0; }));
  CHECK(outcome->result->error().code == Errc::refused);  // and not timed_out: it did not wait
  CHECK(a.peers->connections() == 0);
}

TEST_CASE("an address that cannot be dialled is refused with a reason") {
  boost::asio::io_context io{1};
  TestHost a(io);
  for (const std::string address : {"", "nonsense", "a.name:1", "127.0.0.1", "127.0.0.1:0", "unix:/tmp/x"}) {
    const auto outcome = a.call(address, "x");
    REQUIRE(run_until(io, [&] { return outcome->times > 0; }));
    CHECK(outcome->result->error().code == Errc::bad_message);  // nobody has refused
    CHECK_THAT(outcome->result->error().message, Catch::Contains("'" + address + "'"));
  }
}

TEST_CASE("a host that accepts and says nothing costs the handshake's time, not more") {
  boost::asio::io_context io{1};
  TchannelOptions options;
  options.init_time = 100ms;
  TestHost a(io, options);
  TestHost b(io);
  b.silent = true;
  const auto outcome = a.call(b.address, "x", 30s);
  REQUIRE(run_until(io, [&] { return outcome->times > 0; }, 5s));
  CHECK(outcome->result->error().code == Errc::timed_out);
  CHECK(run_until(io, [&] { return a.peers->connections() == 0; }));
}

TEST_CASE("calls open on a connection that dies end with connection_lost, and the next call dials anew") {
  boost::asio::io_context io{1};
  TestHost a(io);
  auto b = std::make_unique<TestHost>(io);
  int arrived = 0;
  b->on_call = [&](IncomingCall) { ++arrived; };
  Outcomes outcomes{a.call(b->address, "x"), a.call(b->address, "y")};
  REQUIRE(run_until(io, [&] { return arrived == 2; }));
  const std::string address = b->address;
  b.reset();
  REQUIRE(run_until(io, [&] { return all_done(outcomes); }));
  CHECK(outcomes[0]->result->error().code == Errc::connection_lost);
  CHECK(outcomes[1]->result->error().code == Errc::connection_lost);
  CHECK(a.lost == std::vector{address});
  const auto next = a.call(address, "z");
  REQUIRE(run_until(io, [&] { return next->times > 0; }));
  CHECK(next->result->error().code == Errc::refused);
  CHECK(a.lost.size() == 1);  // the second connection never was one
}

TEST_CASE("the one that was called learns too that the connection broke, and whose it was") {
  boost::asio::io_context io{1};
  auto a = std::make_unique<TestHost>(io);
  TestHost b(io);
  const auto outcome = a->call(b.address, "x");
  REQUIRE(run_until(io, [&] { return outcome->times > 0; }));
  const std::string address = a->address;
  a.reset();
  CHECK(run_until(io, [&] { return b.lost == std::vector{address}; }));
}

TEST_CASE("a connection without calls is closed after the idle time, and calls work again after it") {
  boost::asio::io_context io{1};
  TchannelOptions options;
  options.idle_time = 100ms;
  TestHost a(io, options);
  TestHost b(io);
  auto outcome = a.call(b.address, "x");
  REQUIRE(run_until(io, [&] { return outcome->times > 0; }));
  CHECK(a.peers->connections() == 1);
  REQUIRE(run_until(io, [&] { return a.peers->connections() == 0 && b.peers->connections() == 0; }, 5s));
  CHECK(a.lost.empty());  // that was a farewell
  CHECK(b.lost.empty());
  outcome = a.call(b.address, "y");
  REQUIRE(run_until(io, [&] { return outcome->times > 0; }));
  CHECK(outcome->result->has_value());
}

TEST_CASE("connections over the cap are closed, both accepted and dialled") {
  boost::asio::io_context io{1};
  TestHost b(io, {}, 2);
  RawPeer first(io, b.address);
  RawPeer second(io, b.address);
  first.send_init();
  second.send_init();
  REQUIRE(first.wait_frames(1));
  REQUIRE(second.wait_frames(1));
  RawPeer third(io, b.address);
  third.send_init();
  CHECK(third.wait_closed());
  CHECK(third.frames().empty());

  TestHost c(io), d(io), e(io);  // accepted connections do not keep us from dialling
  Outcomes outcomes{b.call(c.address, "x"), b.call(d.address, "x"), b.call(e.address, "x")};
  REQUIRE(run_until(io, [&] { return all_done(outcomes); }));
  CHECK(outcomes[0]->result->has_value());
  CHECK(outcomes[1]->result->has_value());
  CHECK(outcomes[2]->result->error().code == Errc::too_large);
}

TEST_CASE("after close no callback comes any more") {
  boost::asio::io_context io{1};
  TestHost a(io);
  TestHost b(io);
  b.on_call = [](IncomingCall) {};
  const auto outcome = a.call(b.address, "x");
  REQUIRE(run_until(io, [&] { return b.met.size() == 1; }));
  a.peers->close();
  const auto after = a.call(b.address, "y");
  REQUIRE(run_until(io, [&] { return b.peers->connections() == 0; }));
  CHECK(outcome->times == 0);
  CHECK(after->times == 0);
}

}  // namespace
}  // namespace ringside::net::test
