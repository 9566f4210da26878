// An open loop: requests leave at a rate, however long their answers take, as those of many independent
// clients do. An answer's time counts from the moment its request was due, so that a server that stalls is
// not flattered. The load is a series of phases. Prints one line of JSON: figures of each phase, and counts
// of each tenth of a second. Keys come from standard input, one a line, and are used in turn.
//
// usage: bench_open_load PORT RATE:SECONDS... < keys
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "tests/bench/figures.hpp"
#include "tests/bench/http_answer.hpp"
#include "tests/bench/socket.hpp"

namespace {

using bench::Clock;

constexpr std::size_t connections_max = 4096;
constexpr auto slice_length = std::chrono::milliseconds(100);
constexpr auto patience = std::chrono::seconds(10);  // for the last answers

struct Phase {
  double rate, seconds;
  std::size_t sent = 0, failed = 0;
  std::vector<float> ok_us{}, refused_us{};
};

struct Slice {
  std::size_t sent = 0, ok = 0, refused = 0, failed = 0;
  float slowest_us = 0;  // of the good answers
};

struct Connection {
  int fd = -1;
  std::string input{};
  bool busy = false;
  Clock::time_point due{};
  std::size_t phase = 0, slice = 0;
};

class OpenLoad {
 public:
  OpenLoad(std::uint16_t port, std::vector<std::string> requests, std::vector<Phase> phases)
      : port_(port),
        requests_(std::move(requests)),
        phases_(std::move(phases)),
        epoll_(epoll_create1(EPOLL_CLOEXEC)) {}

  void run() {
    start_ = Clock::now();
    auto begin = start_;
    for (std::size_t phase = 0; phase < phases_.size(); ++phase) {
      const auto count = static_cast<std::size_t>(phases_[phase].rate * phases_[phase].seconds);
      for (std::size_t i = 0; i < count; ++i) {
        const auto due = begin + bench::seconds(static_cast<double>(i) / phases_[phase].rate);
        while (Clock::now() < due) receive_until(due);
        send(phase, due);
      }
      begin += bench::seconds(phases_[phase].seconds);
    }
    const auto end = Clock::now() + patience;
    while (busy_ > 0 && Clock::now() < end) receive_until(end);
    for (const auto& connection : connections_)
      if (connection->busy) failed(*connection);
  }

  void print() {
    std::string out = "{\"phases\":[";
    for (Phase& phase : phases_) {
      if (&phase != &phases_.front()) out += ',';
      out += "{\"rate\":" + std::to_string(phase.rate) + ",\"seconds\":" + std::to_string(phase.seconds) +
             ",\"sent\":" + std::to_string(phase.sent) + ",\"failed\":" + std::to_string(phase.failed);
      add_figures(out, "ok", phase.ok_us);
      add_figures(out, "refused", phase.refused_us);
      out += '}';
    }
    out += "],\"slices\":[";
    for (const Slice& slice : slices_) {
      if (&slice != &slices_.front()) out += ',';
      out += '[' + std::to_string(slice.sent) + ',' + std::to_string(slice.ok) + ',' +
             std::to_string(slice.refused) + ',' + std::to_string(slice.failed) + ',' +
             std::to_string(slice.slowest_us) + ']';
    }
    std::cout << out << "]}\n";
  }

 private:
  static void add_figures(std::string& out, const std::string& name, std::vector<float>& times) {
    std::sort(times.begin(), times.end());
    const auto percentile = [&times](std::size_t p) {
      return std::to_string(times.empty() ? 0.F : times[(times.size() - 1) * p / 100]);
    };
    out += ",\"" + name + "\":" + std::to_string(times.size()) + ",\"" + name +
           "_p50_us\":" + percentile(50) + ",\"" + name + "_p99_us\":" + percentile(99);
  }

  Slice& slice(std::size_t index) {
    if (slices_.size() <= index) slices_.resize(index + 1);
    return slices_[index];
  }

  void send(std::size_t phase, Clock::time_point due) {
    const auto index = static_cast<std::size_t>((due - start_) / slice_length);
    ++phases_[phase].sent;
    ++slice(index).sent;
    Connection* connection = idle_connection();
    const std::string& request = requests_[next_++ % requests_.size()];
    if (connection == nullptr || !bench::write_all(connection->fd, request)) {
      ++phases_[phase].failed;
      ++slice(index).failed;
      return;
    }
    connection->busy = true;
    ++busy_;
    connection->due = due;
    connection->phase = phase;
    connection->slice = index;
  }

  Connection* idle_connection() {
    if (!idle_.empty()) {
      Connection* connection = idle_.back();
      idle_.pop_back();
      return connection;
    }
    if (connections_.size() >= connections_max) return nullptr;
    const int fd = bench::connect_to(port_);
    if (fd < 0) return nullptr;
    connections_.push_back(std::make_unique<Connection>());
    connections_.back()->fd = fd;
    bench::watch(epoll_, fd, connections_.back().get());
    return connections_.back().get();
  }

  void receive_until(Clock::time_point until) {
    std::array<epoll_event, 256> events;
    const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(until - Clock::now()).count();
    const timespec wait{left > 0 ? left / 1'000'000'000 : 0, left > 0 ? left % 1'000'000'000 : 0};
    const int count = epoll_pwait2(epoll_, events.data(), static_cast<int>(events.size()), &wait, nullptr);
    for (int i = 0; i < count; ++i)
      receive(*static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr));
  }

  void receive(Connection& connection) {
    std::array<char, 16384> chunk;
    const ssize_t got = read(connection.fd, chunk.data(), chunk.size());
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) return lost(connection);
    connection.input.append(chunk.data(), static_cast<std::size_t>(got));
    const std::size_t size = bench::answer_size(connection.input);
    if (size == 0 || connection.input.size() < size) return;
    if (connection.input.size() > size || !connection.busy) bench::die("more bytes than one answer");
    answered(connection);
    connection.input.clear();
    idle_.push_back(&connection);
  }

  void answered(Connection& connection) {
    connection.busy = false;
    --busy_;
    const float us = std::chrono::duration<float, std::micro>(Clock::now() - connection.due).count();
    Phase& phase = phases_[connection.phase];
    Slice& in = slice(connection.slice);
    if (connection.input.starts_with("HTTP/1.1 200")) {
      phase.ok_us.push_back(us);
      ++in.ok;
      in.slowest_us = std::max(in.slowest_us, us);
    } else if (connection.input.starts_with("HTTP/1.1 503") || connection.input.starts_with("HTTP/1.1 429")) {
      phase.refused_us.push_back(us);
      ++in.refused;
    } else {
      ++phase.failed;
      ++in.failed;
    }
  }

  void failed(Connection& connection) {
    connection.busy = false;
    --busy_;
    ++phases_[connection.phase].failed;
    ++slice(connection.slice).failed;
  }

  void lost(Connection& connection) {
    if (connection.busy) failed(connection);
    std::erase(idle_, &connection);
    close(connection.fd);
    std::erase_if(connections_, [&connection](const auto& each) { return each.get() == &connection; });
  }

  std::uint16_t port_;
  std::vector<std::string> requests_;
  std::vector<Phase> phases_;
  std::vector<Slice> slices_;
  int epoll_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Connection*> idle_;
  std::size_t next_ = 0, busy_ = 0;
  Clock::time_point start_{};
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  std::vector<std::string> requests;
  for (const std::string& key : bench::read_keys())
    requests.push_back("GET / HTTP/1.1\r\nHost: localhost\r\nRingside-Key: " + key + "\r\n\r\n");
  std::vector<Phase> phases;
  for (int i = 2; i < argc; ++i) {
    const std::string text = argv[i];
    const auto colon = text.find(':');
    if (colon == std::string::npos) return 2;
    phases.push_back({std::atof(text.c_str()), std::atof(text.c_str() + colon + 1)});
    if (phases.back().rate <= 0 || phases.back().seconds <= 0) return 2;
  }
  if (requests.empty()) return 2;
  OpenLoad load(bench::port_of(argv[1]), std::move(requests), std::move(phases));
  load.run();
  load.print();
}
