// Streams and TChannel links with TLS on them, over real sockets.
#include <sys/socket.h>

#include <array>
#include <catch2/catch.hpp>

#include "daemon/net/stream.hpp"
#include "tests/unit/net/tchannel_support.hpp"

using namespace ringside;
using namespace ringside::net;

namespace {

security::TlsPtr tls_of(char digit) {
  return security::Tls::with_keys(*security::parse_cluster_keys(std::string(64, digit)));
}

struct End final : StreamEvents {
  End(boost::asio::io_context& io, int fd, security::TlsSessionPtr tls)
      : stream(Socket(io.get_executor(), {AF_UNIX, 0}, fd), *this, 64 * 1024, std::move(tls)) {}
  void on_bytes() override {
    got += stream.buffered();
    stream.consume(stream.buffered().size());
  }
  void on_eof() override { ended = true; }
  void on_drained() override { ++drained; }
  void on_broken(boost::system::error_code why) override { error = why; }
  void on_secured() override { secured = true; }
  void send(std::string_view bytes) {
    stream.out() += bytes;
    stream.flush();
  }
  Stream stream;
  std::string got;
  bool ended = false, secured = false;
  int drained = 0;
  boost::system::error_code error;
};

struct Two {
  Two(security::TlsSessionPtr client_tls, security::TlsSessionPtr server_tls) {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()) == 0);
    client.emplace(io, ends[0], std::move(client_tls));
    server.emplace(io, ends[1], std::move(server_tls));
    client->stream.read();
    server->stream.read();
  }
  bool until(const std::function<bool()>& condition) { return net::test::run_until(io, condition); }
  boost::asio::io_context io{1};
  std::optional<End> client, server;
};

struct Secured : Two {
  Secured() : Two(tls_of('1')->dial(security::Protocol::http2), tls_of('1')->accept()) {}
};

}  // namespace

TEST_CASE(
    "what is written before the handshake is over arrives after it, and the writer hears that it has left") {
  Secured two;
  two.client->send("first words");
  CHECK(two.client->stream.backlog() >= 11);
  CHECK(two.client->stream.handshaking());
  REQUIRE(two.until([&] { return two.server->got == "first words"; }));
  CHECK(two.client->secured);
  CHECK(two.server->secured);
  CHECK(two.client->drained == 1);
  CHECK(two.client->stream.backlog() == 0);
  CHECK_FALSE(two.client->stream.handshaking());
}

TEST_CASE("megabytes go both ways at once, with a reader that stops now and then") {
  Secured two;
  std::string many;
  for (int i = 0; i < 300'000; ++i) many += std::to_string(i) + ",";
  two.client->send(many);
  two.server->send(many);
  bool paused = false;
  REQUIRE(two.until([&] {
    if (!paused && two.server->got.size() > many.size() / 2) {
      paused = true;
      two.server->stream.pause();
      boost::asio::post(two.io, [&] { two.server->stream.read(); });
    }
    return two.server->got.size() == many.size() && two.client->got.size() == many.size();
  }));
  CHECK((two.server->got == many));
  CHECK((two.client->got == many));
  CHECK(paused);
}

TEST_CASE("an end of output is an end with TLS too, and the other half goes on") {
  Secured two;
  two.client->send("all");
  two.client->stream.end_output();
  REQUIRE(two.until([&] { return two.server->ended; }));
  CHECK(two.server->got == "all");
  two.server->send("answer");
  CHECK(two.until([&] { return two.client->got == "answer"; }));
}

TEST_CASE("another key breaks both ends, each with its reason, and nothing is read") {
  Two two(tls_of('1')->dial(security::Protocol::http2), tls_of('2')->accept());
  two.client->send("secret");
  REQUIRE(two.until([&] { return two.client->error && two.server->error; }));
  CHECK(two.server->error == security::TlsErrc::unknown_key);
  CHECK(two.client->error == security::TlsErrc::refused);
  CHECK(two.server->got.empty());
}

TEST_CASE("who hangs up within the handshake is an error, not an end") {
  Two two(tls_of('1')->dial(security::Protocol::http2), nullptr);
  REQUIRE(two.until([&] { return !two.server->got.empty(); }));
  CHECK(two.server->got[0] == 0x16);
  two.server.reset();
  REQUIRE(two.until([&] { return bool(two.client->error); }));
  CHECK(two.client->error == security::TlsErrc::closed);
  CHECK_FALSE(two.client->ended);
}

TEST_CASE("a stream can be handed over with what is unread, in the middle of a connection") {
  Secured two;
  two.client->send("one");
  REQUIRE(two.until([&] { return two.server->got == "one"; }));
  auto released = two.server->stream.release();
  two.server.reset();
  two.client->send("two");
  End next(two.io, released.fd, std::move(released.tls));
  next.stream.read();
  REQUIRE(two.until([&] { return next.got == "two"; }));
  next.send("three");
  CHECK(two.until([&] { return two.client->got == "three"; }));
}

TEST_CASE("members with one key call each other over TChannel, and calls wait for the handshake") {
  boost::asio::io_context io{1};
  net::test::TestHost caller(io);
  std::array<security::TlsPtr, 2> tls{tls_of('1'), tls_of('1')};
  caller.peers->set_security({.tls = tls[0], .takes_plain = false, .dials_plain = false});
  // A listener that does what the peer port and a worker's door do: the handshake first.
  const auto listening = *ListeningSocket::open(Address{"127.0.0.1", 0, {}}, "test");
  net::test::TestHost callee(io);
  std::optional<End> door;
  Acceptor acceptor(io, listening, [&](Socket socket, const std::string&) {
    door.emplace(io, socket.release(), tls[1]->accept());
    door->stream.read();
  });
  const auto outcome = caller.call(listening.address().to_string(), std::string(100'000, 'x'));
  REQUIRE(net::test::run_until(io, [&] { return door && door->secured; }));
  CHECK(door->stream.tls()->protocol() == security::Protocol::gossip);
  auto released = door->stream.release();
  Socket socket(io.get_executor());
  socket.assign(boost::asio::generic::stream_protocol(AF_INET, 0), released.fd);
  callee.peers->adopt(std::move(socket), door->got + released.bytes, "127.0.0.1", std::move(released.tls));
  REQUIRE(net::test::run_until(io, [&] { return outcome->times == 1; }));
  REQUIRE(outcome->result->has_value());
  CHECK((**outcome->result).arg3.ends_with('x'));
}

TEST_CASE("once only TLS may be spoken, plain connections say goodbye, whichever side has changed") {
  const bool at_the_caller = GENERATE(true, false);
  boost::asio::io_context io{1};
  net::test::TestHost caller(io), callee(io);
  const auto outcome = caller.call(callee.address, "x");
  REQUIRE(net::test::run_until(io, [&] { return outcome->times == 1; }));
  REQUIRE(outcome->result->has_value());
  REQUIRE(callee.peers->connections() == 1);
  auto& peers = at_the_caller ? caller.peers : callee.peers;
  peers->set_security({.tls = tls_of('1'), .takes_plain = at_the_caller, .dials_plain = !at_the_caller});
  CHECK(net::test::run_until(io,
                             [&] { return caller.peers->connections() + callee.peers->connections() == 0; }));
  CHECK(caller.complaints.empty());
  CHECK(callee.complaints.empty());
}

TEST_CASE("a plain connection that was still being opened then does what it was opened for, and goes too") {
  boost::asio::io_context io{1};
  net::test::TestHost caller(io), callee(io);
  const auto outcome = caller.call(callee.address, "x");
  caller.peers->set_security({.tls = tls_of('1'), .takes_plain = true, .dials_plain = false});
  REQUIRE(net::test::run_until(io, [&] { return outcome->times == 1; }));
  CHECK(outcome->result->has_value());
  CHECK(net::test::run_until(io, [&] { return caller.peers->connections() == 0; }));
}

TEST_CASE("a member that dials TLS where none is spoken says so and what to do") {
  boost::asio::io_context io{1};
  net::test::TestHost caller(io), plain(io);
  caller.peers->set_security({.tls = tls_of('1'), .takes_plain = false, .dials_plain = false});
  const auto outcome = caller.call(plain.address, "x");
  REQUIRE(net::test::run_until(io, [&] { return outcome->times == 1; }));
  REQUIRE_FALSE(outcome->result->has_value());
  CHECK_FALSE(outcome->result->error().maybe_executed);
  REQUIRE_FALSE(caller.complaints.empty());
  CHECK_THAT(caller.complaints.front(), Catch::Contains("security.cluster_key_file"));
}
