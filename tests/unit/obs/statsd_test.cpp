// StatsD's two ways out: a socket and a file. Neither waits.
#include "daemon/obs/statsd.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "daemon/base/limits.hpp"
#include "tests/support/temp_dir.hpp"

using namespace ringside;
using namespace ringside::obs;

namespace {

constexpr WallTime noon{std::chrono::milliseconds(1'767'268'800'123)};  // 2026-01-01T12:00:00.123Z

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Server {
  Server() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port = ntohs(address.sin_port);
  }
  ~Server() { ::close(fd); }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] Address address() const { return {"127.0.0.1", port, {}}; }
  // Loopback delivers before sendto returns.
  [[nodiscard]] std::string receive() const {
    char buffer[2048];
    const auto size = ::recv(fd, buffer, sizeof buffer, 0);
    return size < 0 ? "nothing" : std::string(buffer, static_cast<std::size_t>(size));
  }

  int fd = -1;
  std::uint16_t port = 0;
};

}  // namespace

TEST_CASE("a file gets one line with the time for each statistic, behind what it holds") {
  const test::TempDir folder;
  const std::string path = folder.path("stats");
  for (int life = 0; life < 2; ++life) {
    StatsdSink sink;
    REQUIRE(sink.write_to_file(path));
    CHECK(sink.take(noon, "p.ping.send:1|c"));
    CHECK(sink.take(noon, "p.ping:0.5|ms"));
  }
  const std::string once =
      "2026-01-01T12:00:00.123Z: p.ping.send:1|c\n2026-01-01T12:00:00.123Z: p.ping:0.5|ms\n";
  CHECK(content(path) == once + once);
}

TEST_CASE("a file that cannot be written is an error with its cause") {
  const test::TempDir folder;
  StatsdSink sink;
  const auto opened = sink.write_to_file(folder.path("nowhere/stats"));
  REQUIRE(!opened);
  CHECK(opened.error() == "No such file or directory");
  CHECK_FALSE(sink.take(noon, "p.ping.send:1|c"));
}

TEST_CASE("a file at its limit grows no more") {
  const test::TempDir folder;
  const std::string path = folder.path("stats");
  std::ofstream(path).close();
  std::filesystem::resize_file(path, limits::statsd_file_bytes - 42);  // sparse
  StatsdSink sink;
  REQUIRE(sink.write_to_file(path));
  CHECK(sink.take(noon, "p.ping.send:1|c"));  // exactly 42 bytes as a line
  CHECK_FALSE(sink.take(noon, "p.ping.send:1|c"));
  CHECK(std::filesystem::file_size(path) == limits::statsd_file_bytes);
}

TEST_CASE("a server gets one datagram for each statistic, and the next server after a change") {
  const Server first, second;
  StatsdSink sink;
  CHECK_FALSE(sink.take(noon, "p.early:1|c"));
  REQUIRE(sink.send_to(first.address()));
  CHECK(sink.take(noon, "p.ping.send:1|c"));
  CHECK(sink.take(noon, "p.ping.recv:1|c"));
  REQUIRE(sink.send_to(second.address()));
  CHECK(sink.take(noon, "p.join.recv:1|c"));
  CHECK(first.receive() == "p.ping.send:1|c");
  CHECK(first.receive() == "p.ping.recv:1|c");
  CHECK(first.receive() == "nothing");
  CHECK(second.receive() == "p.join.recv:1|c");
}

TEST_CASE("a server that is not there costs nothing but its datagrams, a name is no address") {
  StatsdSink sink;
  {
    const Server gone;
    REQUIRE(sink.send_to(gone.address()));
  }
  for (int i = 0; i < 10; ++i) CHECK(sink.take(noon, "p.ping.send:1|c"));
  CHECK(!sink.send_to({"localhost", 8125, {}}));
}
