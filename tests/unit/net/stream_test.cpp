// One end of a socket pair read through a Stream.
#include "daemon/net/stream.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>

#include "tests/unit/net/tchannel_support.hpp"

using namespace ringside;
using namespace ringside::net;

namespace {

// Takes all that comes, and remembers in which pieces.
struct Reader final : StreamEvents {
  Reader(boost::asio::io_context& io, int fd)
      : stream(Socket(io.get_executor(), {AF_UNIX, 0}, fd), *this, 64 * 1024) {}
  void on_bytes() override {
    pieces.push_back(stream.buffered().size());
    stream.consume(pieces.back());
  }
  void on_eof() override { ended = true; }
  void on_drained() override {}
  void on_broken(boost::system::error_code) override { broken = true; }
  Stream stream;
  std::vector<std::size_t> pieces;
  bool ended = false, broken = false;
};

}  // namespace

TEST_CASE("what another has read already does not make later reads narrow") {
  boost::asio::io_context io{1};
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()) == 0);
  const std::string sent(1500, 'x');
  REQUIRE(::write(ends[1], sent.data(), sent.size()) == 1500);
  Reader reader(io, ends[0]);
  reader.stream.feed("0123456789");
  reader.stream.read();
  CHECK(test::run_until(io, [&] { return !reader.pieces.empty() && reader.pieces.back() >= 1500; }));
  CHECK(reader.pieces.size() <= 2);
  ::close(ends[1]);
}

TEST_CASE("a peer that ended its half and then went away is noticed when it is written to") {
  boost::asio::io_context io{1};
  std::array<int, 2> ends{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()) == 0);
  Reader reader(io, ends[0]);
  reader.stream.read();
  REQUIRE(::shutdown(ends[1], SHUT_WR) == 0);
  REQUIRE(test::run_until(io, [&] { return reader.ended; }));
  reader.stream.out() += "an event";
  reader.stream.flush();
  io.poll();
  CHECK_FALSE(reader.broken);
  ::close(ends[1]);
  reader.stream.out() += "another";
  reader.stream.flush();
  CHECK_FALSE(reader.broken);  // the owner is in the middle of something
  CHECK(test::run_until(io, [&] { return reader.broken; }));
}
