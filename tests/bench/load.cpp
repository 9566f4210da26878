// A closed loop of keep-alive connections: each sends its next request when the answer to its last one has
// come. Prints one line of JSON. Keys come from standard input, one a line, and are used in turn.
//
// usage: bench_load PORT CONNECTIONS WARMUP_SECONDS SECONDS < keys
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "tests/bench/figures.hpp"
#include "tests/bench/http_answer.hpp"
#include "tests/bench/socket.hpp"

namespace {

using bench::Clock;

struct Connection {
  int fd = -1;
  std::string input;
  Clock::time_point sent;
};

class Load {
 public:
  Load(std::uint16_t port, std::vector<std::string> requests)
      : port_(port), requests_(std::move(requests)), epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

  void open(std::size_t connections) {
    connections_.resize(connections);
    for (Connection& connection : connections_) {
      connection.fd = bench::connect_to(port_);
      if (connection.fd < 0) bench::die("connect");
      bench::watch(epoll_, connection.fd, &connection);
      send(connection);
    }
  }

  void run(Clock::time_point measure_from, Clock::time_point end) {
    std::array<epoll_event, 256> events;
    figures_.measure_from(measure_from);
    while (Clock::now() < end) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 100);
      for (int i = 0; i < count; ++i)
        receive(*static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr));
    }
  }

  void print(double seconds) { figures_.print(seconds); }

 private:
  void send(Connection& connection) {
    connection.sent = Clock::now();
    if (!bench::write_all(connection.fd, requests_[next_++ % requests_.size()])) bench::die("write");
  }

  void receive(Connection& connection) {
    std::array<char, 16384> chunk;
    const ssize_t got = read(connection.fd, chunk.data(), chunk.size());
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) bench::die("the server closed a connection");
    connection.input.append(chunk.data(), static_cast<std::size_t>(got));
    const std::size_t size = bench::answer_size(connection.input);
    if (size == 0 || connection.input.size() < size) return;
    if (connection.input.size() > size) bench::die("more bytes than one answer");
    figures_.add(connection.sent, connection.input.starts_with("HTTP/1.1 200"));
    connection.input.clear();
    send(connection);
  }

  std::uint16_t port_;
  std::vector<std::string> requests_;
  int epoll_;
  std::vector<Connection> connections_;
  std::size_t next_ = 0;
  bench::Figures figures_;
};

std::vector<std::string> read_requests() {
  std::vector<std::string> requests;
  for (const std::string& key : bench::read_keys())
    requests.push_back("GET /counter HTTP/1.1\r\nHost: localhost\r\nRingside-Key: " + key +
                       "\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n");
  return requests;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  std::vector<std::string> requests = read_requests();
  if (requests.empty()) return 2;
  Load load(bench::port_of(argv[1]), std::move(requests));
  load.open(static_cast<std::size_t>(std::max(1, std::atoi(argv[2]))));
  const double warmup = std::atof(argv[3]), seconds = std::atof(argv[4]);
  const auto from = Clock::now() + bench::seconds(warmup);
  load.run(from, from + bench::seconds(seconds));
  load.print(seconds);
}
