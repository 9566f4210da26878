// The app behind every candidate of the benchmark: answers each request with a short fixed text, as fast as
// one thread can. usage: bench_app PORT NAME
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

// Requests without a body, which is all the load generator sends. False: the connection is over.
bool serve(Connection& connection, std::string_view answer) {
  std::array<char, 16384> chunk;
  const ssize_t got = read(connection.fd, chunk.data(), chunk.size());
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  if (got <= 0) return false;
  connection.input.append(chunk.data(), static_cast<std::size_t>(got));
  std::string output;
  std::size_t done = 0;
  for (std::size_t end; (end = connection.input.find("\r\n\r\n", done)) != std::string::npos; done = end + 4)
    output += answer;
  connection.input.erase(0, done);
  return output.empty() || bench::write_all(connection.fd, output);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string name = argv[2];
  const std::string answer =
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: " + std::to_string(name.size()) +
      "\r\n\r\n" + name;
  const int listener = bench::listen_on(bench::port_of(argv[1]));
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  bench::watch(epoll, listener, nullptr);
  std::array<epoll_event, 256> events;
  for (;;) {
    const int count = epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      auto* connection = static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
      if (connection == nullptr) {
        const int fd = accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) continue;
        bench::prepare(fd);
        bench::watch(epoll, fd, std::make_unique<Connection>(Connection{fd, {}}).release());
      } else if (!serve(*connection, answer)) {
        close(connection->fd);
        delete connection;
      }
    }
  }
}
