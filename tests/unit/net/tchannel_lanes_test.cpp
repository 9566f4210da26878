// Gossip and forwarded bodies on one connection: what an app sends waits behind what keeps the cluster
// together, and is bounded by itself.
#include <catch2/catch.hpp>

#include "tests/unit/net/tchannel_support.hpp"

namespace ringside::net::test {
namespace {

tchannel::CallRequest call_of(std::string endpoint, std::string body) {
  tchannel::CallRequest request;
  request.service = "test";
  request.headers = {{"as", "raw"}, {"cn", "test"}};
  request.arg1 = std::move(endpoint);
  request.arg3 = std::move(body);
  return request;
}

}  // namespace

TEST_CASE("a ping overtakes the bodies that were queued before it") {
  boost::asio::io_context io{1};
  TestHost caller(io), callee(io);
  std::vector<std::string> order;
  std::size_t bytes = 0;
  callee.on_call = [&](IncomingCall call) {
    order.push_back(call.request.arg1);
    bytes += call.request.arg3.size();
    call.responder.answer(0, {});
  };
  const auto opened = caller.call(callee.address, "");
  REQUIRE(run_until(io, [&] { return opened->times == 1; }));
  order.clear();
  int answered = 0;
  const std::size_t each = 3'000'000;
  for (int i = 0; i < 2; ++i)
    caller.peers->call(
        callee.address, call_of("body", std::string(each, 'x')), Clock::now() + 10s,
        [&](const CallResult& result) { answered += result ? 1 : 0; }, Lane::app);
  io.restart();
  io.poll_one();  // the first piece is on its way
  caller.peers->call(callee.address, call_of("ping", ""), Clock::now() + 10s,
                     [&](const CallResult& result) { answered += result ? 1 : 0; });
  REQUIRE(run_until(io, [&] { return answered == 3; }));
  CHECK(order == std::vector<std::string>{"ping", "body", "body"});
  CHECK(bytes == 2 * each);
}

TEST_CASE("an app's bytes over their cap are refused unsent, and a ping goes on") {
  boost::asio::io_context io{1};
  TchannelOptions options;
  options.app_bytes = 1000;
  TestHost caller(io, options), callee(io);
  const auto opened = caller.call(callee.address, "");
  REQUIRE(run_until(io, [&] { return opened->times == 1; }));
  std::optional<CallResult> refused;
  caller.peers->call(
      callee.address, call_of("body", std::string(1001, 'x')), Clock::now() + 5s,
      [&](CallResult result) { refused.emplace(std::move(result)); }, Lane::app);
  const auto ping = caller.call(callee.address, std::string(2000, 'x'));
  REQUIRE(run_until(io, [&] { return refused && ping->times == 1; }));
  REQUIRE(refused->has_error());
  CHECK(refused->error().code == Errc::too_large);
  CHECK_FALSE(refused->error().maybe_executed);
  CHECK(ping->result->has_value());
}

TEST_CASE("a failure says whether the call may have been executed") {
  boost::asio::io_context io{1};
  TestHost caller(io), callee(io);
  std::optional<tchannel::ErrorCode> error;
  callee.on_call = [&](IncomingCall call) {
    if (error) call.responder.fail(*error, "as the test says");  // else: no answer
  };
  const auto failure = [&](const std::string& to, Duration time) {
    const auto outcome = caller.call(to, "", time);
    REQUIRE(run_until(io, [&] { return outcome->times == 1; }));
    REQUIRE(outcome->result->has_error());
    return outcome->result->error().maybe_executed;
  };
  using tchannel::ErrorCode;
  for (const auto code : {ErrorCode::busy, ErrorCode::declined, ErrorCode::bad_request}) {
    error = code;
    CHECK_FALSE(failure(callee.address, 5s));
  }
  for (const auto code :
       {ErrorCode::timeout, ErrorCode::cancelled, ErrorCode::unexpected, ErrorCode::network}) {
    error = code;
    CHECK(failure(callee.address, 5s));
  }
  error.reset();
  CHECK(failure(callee.address, 50ms));
  CHECK_FALSE(failure("127.0.0.1:1", 5s));
  TestHost silent(io);
  silent.silent = true;  // the handshake never ends: nothing was sent
  CHECK_FALSE(failure(silent.address, 50ms));
}

}  // namespace ringside::net::test
