// A closed loop of TChannel calls: on each connection a number of them is under way, and each answer is
// followed by the next call under the same id. Prints one line of JSON. Keys come from standard input, one a
// line, and are used in turn as `sk`.
//
// usage: bench_tchannel_load PORT CONNECTIONS CALLS_ON_EACH WARMUP_SECONDS SECONDS < keys
#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "tests/bench/figures.hpp"
#include "tests/bench/tchannel.hpp"

namespace {

using bench::Clock;
using bench::tchannel::FrameType;
using bench::tchannel::FrameView;

struct Connection {
  bench::TchannelEnd end;
  std::vector<Clock::time_point> sent;  // of the call with id 1, 2, ...
};

class Load {
 public:
  Load(std::vector<std::string> requests, std::size_t calls)
      : requests_(std::move(requests)), calls_(calls) {}

  void open(std::uint16_t port, std::size_t connections) {
    connections_.resize(connections);
    for (Connection& connection : connections_) {
      connection.sent.resize(calls_);
      connection.end.fd = bench::connect_to(port);
      if (connection.end.fd < 0) bench::die("connect");
      bench::watch(epoll_, connection.end.fd, &connection);
      connection.end.say_init(FrameType::init_req, 1);
      if (!connection.end.send()) bench::die("write");
    }
  }

  void run(Clock::time_point measure_from, Clock::time_point end) {
    std::array<epoll_event, 256> events;
    figures_.measure_from(measure_from);
    while (Clock::now() < end) {
      const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 100);
      for (int i = 0; i < count; ++i) {
        auto& connection = *static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
        if (!connection.end.turn([&](const FrameView& frame) { receive(connection, frame); }))
          bench::die("the server closed a connection");
      }
    }
  }

  void print(double seconds) { figures_.print(seconds); }

 private:
  void receive(Connection& connection, const FrameView& frame) {
    if (frame.type == FrameType::init_res) {
      for (std::uint32_t id = 1; id <= calls_; ++id) call(connection, id);
      return;
    }
    if (frame.id == 0 || frame.id > calls_) bench::die("an answer to no call");
    const auto head = bench::tchannel::parse_response_head(frame.payload);
    figures_.add(connection.sent[frame.id - 1], frame.type == FrameType::call_res && head && head->code == 0);
    call(connection, frame.id);
  }

  void call(Connection& connection, std::uint32_t id) {
    connection.sent[id - 1] = Clock::now();
    bench::tchannel::write_with_id(connection.end.output, requests_[next_++ % requests_.size()], id);
  }

  std::vector<std::string> requests_;
  std::size_t calls_;
  int epoll_ = epoll_create1(EPOLL_CLOEXEC);
  std::vector<Connection> connections_;
  std::size_t next_ = 0;
  bench::Figures figures_;
};

std::vector<std::string> read_requests() {
  std::vector<std::string> requests;
  for (const std::string& key : bench::read_keys()) {
    bench::tchannel::CallRequest request;
    request.ttl_ms = 5000;
    request.service = "counter";
    request.headers = {{"as", "raw"}, {"cn", "bench"}, {"sk", key}};
    request.arg1 = "GET";
    bench::tchannel::write(requests.emplace_back(), 1, request);
  }
  return requests;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) return 2;
  std::vector<std::string> requests = read_requests();
  if (requests.empty()) return 2;
  Load load(std::move(requests), static_cast<std::size_t>(std::max(1, std::atoi(argv[3]))));
  load.open(bench::port_of(argv[1]), static_cast<std::size_t>(std::max(1, std::atoi(argv[2]))));
  const double warmup = std::atof(argv[4]), seconds = std::atof(argv[5]);
  const auto from = Clock::now() + bench::seconds(warmup);
  load.run(from, from + bench::seconds(seconds));
  load.print(seconds);
}
