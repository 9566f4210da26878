// The app behind every candidate of the benchmarks: answers each request with a short fixed text, as fast as
// one thread can; GET /bytes/N with N bytes, and nobody else meanwhile. usage: bench_app PORT NAME
// [UNIX_PATH]
#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/socket.hpp"

namespace {

struct Connection {
  int fd;
  std::string input;
};

// All of them in one go, however slowly they are taken.
bool stream(int fd, std::size_t bytes) {
  static const std::string piece(256 * 1024, 'x');
  const int flags = fcntl(fd, F_GETFL);
  fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
  bool good =
      bench::write_all(fd, "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(bytes) + "\r\n\r\n");
  for (std::size_t left = bytes; good && left > 0;) {
    const std::size_t size = std::min(left, piece.size());
    good = bench::write_all(fd, std::string_view(piece).substr(0, size));
    left -= size;
  }
  fcntl(fd, F_SETFL, flags);
  return good;
}

// Requests without a body, which is all the load generator sends. False: the connection is over.
bool serve(Connection& connection, std::string_view answer) {
  std::array<char, 16384> chunk;
  const ssize_t got = read(connection.fd, chunk.data(), chunk.size());
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (got <= 0) return false;
  connection.input.append(chunk.data(), static_cast<std::size_t>(got));
  constexpr std::string_view streamed = "GET /bytes/";
  if (connection.input.starts_with(streamed) && connection.input.ends_with("\r\n\r\n")) {
    const auto bytes = std::strtoull(connection.input.c_str() + streamed.size(), nullptr, 10);
    connection.input.clear();
    return stream(connection.fd, bytes);
  }
  std::string output;
  std::size_t done = 0;
  for (std::size_t end; (end = connection.input.find("\r\n\r\n", done)) != std::string::npos; done = end + 4)
    output += answer;
  connection.input.erase(0, done);
  return output.empty() || bench::write_all(connection.fd, output);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 && argc != 4) return 2;
  const std::string name = argv[2];
  const std::string answer =
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(name.size()) +
      "\r\n\r\n" + name;
  const int listener = bench::listen_on(bench::port_of(argv[1]));
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  bench::watch(epoll, listener, nullptr);
  // Listeners have no Connection; which of the two it was is found by accepting at both.
  const int local = argc == 4 ? bench::listen_on(argv[3]) : -1;
  if (local >= 0) bench::watch(epoll, local, nullptr);
  std::array<epoll_event, 256> events;
  for (;;) {
    const int count = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      auto* connection = static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
      if (connection == nullptr) {
        for (const int from : {listener, local}) {
          const int fd = from < 0 ? -1 : accept4(from, nullptr, nullptr, SOCK_CLOEXEC);
          if (fd < 0) continue;
          bench::prepare(fd);
          bench::watch(epoll, fd, std::make_unique<Connection>(Connection{fd, {}}).release());
        }
      } else if (!serve(*connection, answer)) {
        close(connection->fd);
        delete connection;
      }
    }
  }
}
