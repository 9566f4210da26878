// Every odd thing a peer can do to a TChannel link, as bytes: daemon/decisions/0002-tchannel-edges.md, row by
// row. The rows that need Ringpop's own endpoints are in tests/unit/control/control_edges_test.cpp.
#include <catch2/catch.hpp>

#include "tests/unit/net/tchannel_support.hpp"

namespace ringside::net::test {
namespace {

using tchannel::ErrorCode;
using tchannel::FrameType;

int code_of(ErrorCode code) {
  return static_cast<int>(code);
}

tchannel::CallRequest request(std::string body = "x", std::uint32_t ttl_ms = 5000) {
  tchannel::CallRequest call;
  call.ttl_ms = ttl_ms;
  call.service = "test";
  call.headers = {{"as", "raw"}, {"cn", "test"}};
  call.arg1 = "echo";
  call.arg3 = std::move(body);
  return call;
}

std::string bytes_of(std::uint32_t id, const tchannel::CallRequest& call) {
  std::string bytes;
  tchannel::write(bytes, id, call);
  return bytes;
}

tchannel::CallResponse answer_in(const RawPeer::Frame& frame) {
  tchannel::Assembler assembler;
  const std::vector<std::uint8_t> payload(frame.payload.begin(), frame.payload.end());
  auto result = assembler.take({frame.type, frame.id, payload, payload.size() + 16});
  return std::get<std::pair<std::uint32_t, tchannel::CallResponse>>(std::move(result)).second;
}

struct Fixture {
  explicit Fixture(TchannelOptions options = {}) : host(io, options), peer(io, host.address) {}
  boost::asio::io_context io{1};
  TestHost host;
  RawPeer peer;

  void open() {
    peer.send_init();
    REQUIRE(peer.wait_frames(1));
    REQUIRE(peer.frames()[0].type == FrameType::init_res);
  }
  // The last frame is a fatal error on this id, and the connection is closed.
  void check_fatal(std::uint32_t id) {
    REQUIRE(peer.wait_closed());
    REQUIRE(!peer.frames().empty());
    CHECK(peer.frames().back().type == FrameType::error);
    CHECK(peer.frames().back().id == id);
    CHECK(peer.frames().back().first_byte() == code_of(ErrorCode::fatal));
    CHECK(run_until(io, [&] { return host.peers->connections() == 0; }));
    CHECK(host.complaints.size() == 1);
  }
  void check_error(std::size_t index, std::uint32_t id, ErrorCode code) {
    REQUIRE(peer.wait_frames(index + 1));
    CHECK(peer.frames()[index].type == FrameType::error);
    CHECK(peer.frames()[index].id == id);
    CHECK(peer.frames()[index].first_byte() == code_of(code));
  }
  // The connection is still good: a ping is answered.
  void check_alive() {
    const std::size_t before = peer.frames().size();
    std::string ping;
    tchannel::write_ping(ping, FrameType::ping_req, 77);
    peer.send(ping);
    REQUIRE(peer.wait_frames(before + 1));
    CHECK(peer.frames().back().type == FrameType::ping_res);
    CHECK(peer.frames().back().id == 77);
  }
};

TEST_CASE("a handshake that is not one ends with a fatal error") {
  struct Row {
    const char* what;
    std::string bytes;
    std::uint32_t id;
  };
  std::string second_init;
  tchannel::Init init;
  init.headers = {{"host_port", "0.0.0.0:0"}};
  std::string res;
  tchannel::write_init(res, FrameType::init_res, 5, init);
  init.version = 1;
  std::string old;
  tchannel::write_init(old, FrameType::init_req, 6, init);
  const Row row =
      GENERATE_COPY(Row{"a call before init", bytes_of(9, request()), 9}, Row{"an init res", res, 5},
                    Row{"version 1", old, 6},
                    Row{"no host_port",
                        from_hex("00140100000000010000000000000000"
                                 "00020000"),
                        1},
                    Row{"a TLS hello", from_hex("16030102000100"), tchannel::no_message_id},
                    Row{"HTTP/1", "GET / HTTP/1.1\r\nHost: x\r\n\r\n", tchannel::no_message_id},
                    Row{"an init of more than 4 KiB", from_hex("10010100"), tchannel::no_message_id},
                    Row{"an init cut short within",
                        from_hex("00130100000000010000000000000000"
                                 "000200"),
                        1},
                    Row{"a frame size below 16", from_hex("000f0100"), tchannel::no_message_id});
  INFO(row.what);
  Fixture f;
  f.peer.send(row.bytes);
  f.check_fatal(row.id);
}

TEST_CASE("version 3 is accepted and answered with ours, on the same id") {
  Fixture f;
  std::string bytes;
  tchannel::write_init(bytes, FrameType::init_req, 31,
                       {.version = 3, .headers = {{"host_port", "0.0.0.0:0"}}});
  f.peer.send(bytes);
  REQUIRE(f.peer.wait_frames(1));
  CHECK(f.peer.frames()[0].type == FrameType::init_res);
  CHECK(f.peer.frames()[0].id == 31);
  const auto& payload = f.peer.frames()[0].payload;
  const auto init =
      tchannel::parse_init({reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size()});
  REQUIRE(init.has_value());
  CHECK(init->version == 2);
  CHECK(tchannel::find(init->headers, "host_port") == f.host.address);
  CHECK(tchannel::find(init->headers, "tchannel_language") == "cpp");
  CHECK(tchannel::find(init->headers, "tchannel_language_version") == "20");
}

TEST_CASE("after the handshake, what breaks the framing ends the connection with a fatal error") {
  struct Row {
    const char* what;
    std::string bytes;
    std::uint32_t id;
  };
  std::string init;
  tchannel::write_init(init, FrameType::init_req, 4, {.headers = {{"host_port", "0.0.0.0:0"}}});
  auto no_ttl = request();
  no_ttl.ttl_ms = 0;
  const Row row = GENERATE_COPY(
      Row{"a second init", init, 4}, Row{"a call with ttl 0", bytes_of(3, no_ttl), 3},
      Row{"an unknown type", from_hex("00105500000000090000000000000000"), tchannel::no_message_id},
      Row{"a frame size below 16", from_hex("000301"), tchannel::no_message_id},
      Row{"a continuation of nothing",
          from_hex("00121300000000080000000000000000"
                   "0000"),
          8},
      Row{"a call cut short within",
          from_hex("00140300000000080000000000000000"
                   "00000000"),
          8},
      Row{"a malformed error frame",
          from_hex("0011ff00000000080000000000000000"
                   "01"),
          8},
      Row{"a malformed cancel",
          from_hex("0011c000000000080000000000000000"
                   "01"),
          8});
  INFO(row.what);
  Fixture f;
  f.open();
  f.peer.send(row.bytes);
  f.check_fatal(row.id);
}

TEST_CASE("frames that need no answer are taken in silence") {
  std::string cancel;
  tchannel::write(cancel, 99, tchannel::Cancel{100, {}, "why"});
  std::string claim = cancel.substr(0, 16 + 4 + 25);
  claim[1] = 45;
  claim[2] = static_cast<char>(FrameType::claim);
  std::string pong;  // to a ping we never sent
  tchannel::write_ping(pong, FrameType::ping_res, 99);
  std::string answer;  // to a call we never made
  tchannel::write(answer, 99, tchannel::CallResponse{});
  const std::string frame = GENERATE_COPY(cancel, claim, pong, answer);
  Fixture f;
  f.open();
  f.peer.send(frame);
  f.check_alive();
  CHECK(f.peer.frames().size() == 2);
  CHECK(f.host.complaints.empty());
}

TEST_CASE("answers echo the request's checksum type, `as` and tracing") {
  Fixture f;
  f.open();
  std::uint32_t id = 10;
  for (const auto type :
       {tchannel::ChecksumType::none, tchannel::ChecksumType::crc32, tchannel::ChecksumType::crc32c}) {
    auto call = request();
    call.checksum = type;
    call.headers = {{"as", type == tchannel::ChecksumType::none ? "thrift" : "json"}};
    call.tracing = {11, 22, 33, 1};
    f.peer.send(++id, call);
    REQUIRE(f.peer.wait_frames(id - 9));
    const auto answer = answer_in(f.peer.frames().back());
    CHECK(answer.checksum == type);
    CHECK(tchannel::find(answer.headers, "as") == call.headers[0].second);
    CHECK(answer.tracing == call.tracing);
    CHECK(answer.arg3 == "x");
  }
}

TEST_CASE("checksum type 2 is answered with none, and a call without `as` with raw") {
  Fixture f;
  f.open();
  auto call = request();
  call.checksum = tchannel::ChecksumType::none;
  call.headers = {};
  std::string bytes = bytes_of(7, call);
  // The writer never makes type 2: put it in by hand, with four bytes that are no checksum.
  const std::size_t at = bytes.size() - (2 + 4 + 2 + 2 + 1) - 1;
  REQUIRE(bytes[at] == 0);
  bytes.replace(at, 1, from_hex("0200000000"));
  bytes[1] = static_cast<char>(bytes[1] + 4);
  f.peer.send(bytes);
  REQUIRE(f.peer.wait_frames(2));
  REQUIRE(f.peer.frames()[1].type == FrameType::call_res);
  const auto answer = answer_in(f.peer.frames()[1]);
  CHECK(answer.checksum == tchannel::ChecksumType::none);
  CHECK(tchannel::find(answer.headers, "as") == "raw");
}

TEST_CASE("a wrong checksum is a bad request for that call alone, and the rest of the call is skipped") {
  Fixture f;
  f.open();
  std::string bytes = bytes_of(5, request(std::string(100'000, 'x')));
  bytes[2000] = 'y';
  f.peer.send(bytes);
  f.check_error(1, 5, ErrorCode::bad_request);
  f.peer.send(5, request("again"));  // the id may be used again
  REQUIRE(f.peer.wait_frames(3));
  CHECK(answer_in(f.peer.frames()[2]).arg3 == "again");
}

TEST_CASE("a call over the size limit is refused by itself") {
  TchannelOptions options;
  options.assembler.message_bytes = 100'000;
  Fixture f(options);
  f.open();
  f.peer.send(5, request(std::string(300'000, 'x')));
  f.check_error(1, 5, ErrorCode::bad_request);
  f.check_alive();
}

TEST_CASE("a call whose last frame does not come is answered with a timeout, and its late rest is skipped") {
  TchannelOptions options;
  options.fragment_time = 100ms;
  Fixture f(options);
  f.open();
  const std::string bytes = bytes_of(5, request(std::string(100'000, 'x')));
  f.peer.send(bytes.substr(0, 65535));
  f.check_error(1, 5, ErrorCode::timeout);
  f.peer.send(bytes.substr(65535));
  f.check_alive();
  CHECK(f.host.complaints == std::vector<std::string>{"the rest of a call did not come"});
}

TEST_CASE("a handler that takes longer than the ttl is answered for with a timeout, once") {
  Fixture f;
  std::vector<IncomingCall> held;
  f.host.on_call = [&](IncomingCall call) { held.push_back(std::move(call)); };
  f.open();
  f.peer.send(5, request("x", 50));
  f.check_error(1, 5, ErrorCode::timeout);
  f.host.on_call = [&](IncomingCall call) { held.push_back(std::move(call)); };
  f.peer.send(5, request("second", 5000));
  REQUIRE(run_until(f.io, [&] { return held.size() == 2; }));
  held[0].responder.answer(0, "late answer to the first");
  held[1].responder.answer(0, "second");
  REQUIRE(f.peer.wait_frames(3));
  CHECK(answer_in(f.peer.frames()[2]).arg3 == "second");
}

TEST_CASE("a cancelled call is answered with cancelled, and its answer is dropped") {
  Fixture f;
  std::vector<IncomingCall> held;
  f.host.on_call = [&](IncomingCall call) { held.push_back(std::move(call)); };
  f.open();
  f.peer.send(5, request());
  REQUIRE(run_until(f.io, [&] { return held.size() == 1; }));
  f.peer.send(5, tchannel::Cancel{100, {}, "changed my mind"});
  f.check_error(1, 5, ErrorCode::cancelled);
  held[0].responder.answer(0, "too late");
  f.check_alive();
  CHECK(f.peer.frames().size() == 3);
}

TEST_CASE("an id that is still open cannot be used again; one that was answered can") {
  Fixture f;
  std::vector<IncomingCall> held;
  f.host.on_call = [&](IncomingCall call) { held.push_back(std::move(call)); };
  f.open();
  f.peer.send(5, request());
  REQUIRE(run_until(f.io, [&] { return held.size() == 1; }));
  held[0].responder.answer(0, "one");
  f.peer.send(5, request());
  REQUIRE(run_until(f.io, [&] { return held.size() == 2; }));
  CHECK(f.host.complaints.empty());
  f.peer.send(5, request());
  f.check_fatal(5);
}

TEST_CASE("more open calls than a connection may have are answered with busy") {
  TchannelOptions options;
  options.in_flight = 2;
  Fixture f(options);
  f.host.on_call = [](IncomingCall) {};
  f.open();
  for (std::uint32_t id = 5; id < 8; ++id) f.peer.send(id, request());
  f.check_error(1, 7, ErrorCode::busy);
}

TEST_CASE("a peer that drains gets no new call on that connection, but may answer the open ones") {
  Fixture f;
  f.peer.send_init("127.0.0.1:1");
  REQUIRE(f.peer.wait_frames(1));
  const auto open_call = f.host.call("127.0.0.1:1", "x");
  REQUIRE(f.peer.wait_frames(2));
  f.peer.send(tchannel::no_message_id, tchannel::Error{ErrorCode::declined, {}, "draining: bye"});
  f.check_alive();
  const auto next = f.host.call("127.0.0.1:1", "y");  // dials: nobody is there
  REQUIRE(run_until(f.io, [&] { return next->times > 0; }));
  CHECK(next->result->error().code == Errc::refused);
  tchannel::CallResponse response;
  response.arg3 = "still here";
  f.peer.send(f.peer.frames()[1].id, response);
  REQUIRE(run_until(f.io, [&] { return open_call->times > 0; }));
  CHECK((*open_call->result)->arg3 == "still here");
}

TEST_CASE("a fatal error from the peer ends the connection and its calls, with the peer's words") {
  Fixture f;
  f.peer.send_init("127.0.0.1:1");
  REQUIRE(f.peer.wait_frames(1));
  const auto call = f.host.call("127.0.0.1:1", "x");
  REQUIRE(f.peer.wait_frames(2));
  f.peer.send(tchannel::no_message_id, tchannel::Error{ErrorCode::fatal, {}, "I give up"});
  REQUIRE(run_until(f.io, [&] { return call->times > 0; }));
  CHECK(call->result->error().code == Errc::connection_lost);
  CHECK_THAT(call->result->error().message, Catch::Contains("I give up"));
  CHECK(f.host.peers->connections() == 0);
}

TEST_CASE("a link that drains declines new calls, finishes the open ones and closes") {
  boost::asio::io_context io{1};
  auto options = std::make_shared<TchannelOptions>();
  options->host_port = "127.0.0.1:9";
  std::vector<IncomingCall> held;
  std::string closed;
  TchannelLink::Events events;
  events.call = [&](IncomingCall call) { held.push_back(std::move(call)); };
  events.closed = [&](TchannelLink&, const std::string& why) { closed = why; };
  std::shared_ptr<TchannelLink> link;
  const auto listening = ListeningSocket::open(Address{"127.0.0.1", 0, {}}, "test");
  Acceptor acceptor(io, *listening, [&](Socket socket, std::string) {
    link = std::make_shared<TchannelLink>(io, options, events);
    link->adopt(std::move(socket), {});
  });
  RawPeer peer(io, listening->address().to_string());
  peer.send_init();
  peer.send(5, request());
  REQUIRE(run_until(io, [&] { return held.size() == 1; }));
  link->drain("going home");
  peer.send(6, request());
  REQUIRE(peer.wait_frames(3));
  CHECK(peer.frames()[1].id == tchannel::no_message_id);
  CHECK(peer.frames()[1].first_byte() == code_of(ErrorCode::declined));
  CHECK(peer.frames()[2].id == 6);
  CHECK(peer.frames()[2].first_byte() == code_of(ErrorCode::declined));
  held[0].responder.answer(0, "done");
  REQUIRE(peer.wait_frames(4));
  CHECK(answer_in(peer.frames()[3]).arg3 == "done");
  REQUIRE(peer.wait_closed());
  peer.close();
  CHECK(run_until(io, [&] { return !closed.empty(); }));
  CHECK(link->stage() == TchannelLink::Stage::closed);
}

TEST_CASE("a peer that says nothing is dropped when the handshake's time is over") {
  TchannelOptions options;
  options.init_time = 100ms;
  Fixture f(options);
  CHECK(f.peer.wait_closed());
  CHECK(run_until(f.io, [&] { return f.host.peers->connections() == 0; }));
}

TEST_CASE("a peer that calls and never reads the answers is dropped at the queue's limit") {
  TchannelOptions options;
  options.write_bytes = 1 << 20;
  boost::asio::io_context io{1};
  TestHost host(io, options);
  host.on_call = [](IncomingCall call) { call.responder.answer(0, std::string(1 << 20, 'z')); };
  tcp::socket socket(io);
  socket.connect(tcp::endpoint(boost::asio::ip::address_v4::loopback(), host.listening.address().port));
  std::string bytes;
  tchannel::write_init(bytes, FrameType::init_req, 1, {.headers = {{"host_port", "0.0.0.0:0"}}});
  for (std::uint32_t id = 2; id < 100; ++id) bytes += bytes_of(id, request());
  boost::asio::write(socket, boost::asio::buffer(bytes));
  REQUIRE(run_until(io, [&] { return host.met.size() == 1; }));
  CHECK(run_until(io, [&] { return host.peers->connections() == 0; }));
}

TEST_CASE("a handshake and calls may come in one write, cut at any byte") {
  std::string bytes;
  tchannel::write_init(bytes, FrameType::init_req, 1, {.headers = {{"host_port", "0.0.0.0:0"}}});
  bytes += bytes_of(2, request("first")) + bytes_of(3, request("second"));
  boost::asio::io_context io{1};
  TestHost host(io);
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    RawPeer peer(io, host.address);
    peer.send(std::string_view(bytes).substr(0, cut));
    io.restart();
    io.poll();
    peer.send(std::string_view(bytes).substr(cut));
    REQUIRE(peer.wait_frames(3));
    CHECK(answer_in(peer.frames()[1]).arg3 == "first");
    CHECK(answer_in(peer.frames()[2]).arg3 == "second");
  }
  CHECK(host.complaints.empty());
}

TEST_CASE("garbage is never more than a closed connection, at any stage") {
  Rng rng(20261122);
  boost::asio::io_context io{1};
  TestHost host(io);
  for (int round = 0; round < 200; ++round) {
    RawPeer peer(io, host.address);
    std::string bytes;
    if (rng.chance(1, 2))
      tchannel::write_init(bytes, FrameType::init_req, 1, {.headers = {{"host_port", "0.0.0.0:0"}}});
    std::string call = bytes_of(2, request(std::string(rng.below(300), 'q')));
    for (std::uint64_t i = rng.below(6) + 1; i > 0; --i)
      call[rng.below(call.size())] = static_cast<char>(rng.below(256));
    bytes += call;
    for (std::uint64_t i = rng.below(64); i > 0; --i) bytes += static_cast<char>(rng.below(256));
    peer.send(bytes);
    io.restart();
    io.poll();
  }
  RawPeer peer(io, host.address);  // the host lives
  peer.send_init();
  peer.send(2, request("fine"));
  REQUIRE(peer.wait_frames(2));
  CHECK(answer_in(peer.frames()[1]).arg3 == "fine");
}

}  // namespace
}  // namespace ringside::net::test
