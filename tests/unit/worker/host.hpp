// A whole data plane in one process: workers with hand-made views, apps that follow a script, and a blocking
// client. What gossip would do (tell each worker its ring) the test does itself, so that it can make nodes
// disagree on purpose.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "daemon/api/events.hpp"
#include "daemon/base/limits.hpp"
#include "daemon/control/peer_port.hpp"
#include "daemon/net/io_thread.hpp"
#include "daemon/worker/worker.hpp"

namespace ringside::test {

// A blocking socket of the test's own threads; reads give up after ten seconds, so that a bug is a failure,
// not a hang.
class Peer {
 public:
  explicit Peer(int fd) : fd_(fd) {
    const timeval patience{10, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  static Peer connect(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
      throw std::runtime_error("connect failed");
    return Peer(fd);
  }
  Peer(Peer&& other) noexcept : fd_(std::exchange(other.fd_, -1)), buffer_(std::move(other.buffer_)) {}
  Peer& operator=(Peer&&) = delete;
  ~Peer() {
    if (fd_ >= 0) ::close(fd_);
  }
  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
  }
  // Up to and with `end`; what there is when the connection ends first.
  std::string read_until(std::string_view end) {
    for (;;) {
      const auto at = buffer_.find(end);
      if (at != std::string::npos) return take(at + end.size());
      if (!receive()) return take(buffer_.size());
    }
  }
  std::string read_bytes(std::size_t count) {
    while (buffer_.size() < count && receive()) {
    }
    return take(std::min(count, buffer_.size()));
  }
  std::string read_all() {
    while (receive()) {
    }
    return take(buffer_.size());
  }
  // What has come, or comes next; nothing at the end of the connection.
  std::string read_some() {
    if (buffer_.empty()) (void)receive();
    return take(buffer_.size());
  }
  [[nodiscard]] bool was_reset() const { return reset_; }
  void end_output() { ::shutdown(fd_, SHUT_WR); }

 private:
  bool receive() {
    char chunk[16384];
    const ssize_t count = ::recv(fd_, chunk, sizeof chunk, 0);
    if (count < 0) reset_ = true;
    if (count <= 0) return false;
    buffer_.append(chunk, static_cast<std::size_t>(count));
    return true;
  }
  std::string take(std::size_t count) {
    std::string taken = buffer_.substr(0, count);
    buffer_.erase(0, count);
    return taken;
  }
  int fd_;
  std::string buffer_;
  bool reset_ = false;
};

// Listens and gives each connection to the script, on a thread of its own.
class ScriptedApp {
 public:
  using Script = std::function<void(Peer&, int connection)>;  // `connection` counts from 1
  explicit ScriptedApp(Script script) : script_(std::move(script)) {
    fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (::bind(fd_, reinterpret_cast<const sockaddr*>(&at), size) != 0 || ::listen(fd_, 256) != 0 ||
        ::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size) != 0)
      throw std::runtime_error("cannot listen");
    port_ = ntohs(at.sin_port);
    acceptor_ = std::thread([this] { accept(); });
  }
  ~ScriptedApp() {
    ::shutdown(fd_, SHUT_RDWR);
    acceptor_.join();
    for (auto& thread : threads_) thread.join();
    ::close(fd_);
  }
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] int connections() const { return connections_; }

 private:
  void accept() {
    for (;;) {
      const int fd = ::accept(fd_, nullptr, nullptr);
      if (fd < 0) return;
      const int number = ++connections_;
      threads_.emplace_back([this, fd, number] {
        Peer peer(fd);
        script_(peer, number);
      });
    }
  }
  Script script_;
  int fd_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_ = 0;
  std::thread acceptor_;
  std::vector<std::thread> threads_;
};

// Reads one request (head and counted body) and answers; until the connection ends.
inline ScriptedApp::Script answering(std::string reply, std::atomic<int>* served = nullptr) {
  return [reply = std::move(reply), served](Peer& peer, int) {
    for (;;) {
      const std::string head = peer.read_until("\r\n\r\n");
      if (head.empty()) return;
      const auto at = head.find("Content-Length: ");
      if (at != std::string::npos) (void)peer.read_bytes(std::stoul(head.substr(at + 16)));
      if (served != nullptr) ++*served;
      peer.send(reply);
    }
  };
}

inline std::string ok_reply(std::string_view body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

// One ringside without its control plane.
class Host {
 public:
  Host(std::string name, std::string app_address) : name_(std::move(name)) {
    config.node.name = name_;
    config.security.api_hosts = {"a"};  // what get() and post() ask for, of any host
    config.app.address = std::move(app_address);
    metrics_.workers.push_back(std::make_unique<obs::WorkerMetrics>());
  }
  ~Host() {
    worker_.reset();
    peer_thread_.stop_and_join();
    peer_port_.reset();
  }
  void open() {
    api_.push_back(*net::ListeningSocket::open({"127.0.0.1", 0, {}}, "listen.api"));
    ingress_.push_back(*net::ListeningSocket::open({"127.0.0.1", 0, {}}, "listen.ingress"));
    tchannel_.push_back(*net::ListeningSocket::open({"127.0.0.1", 0, {}}, "listen.tchannel"));
    peer_ = std::make_unique<net::ListeningSocket>(
        *net::ListeningSocket::open({"127.0.0.1", 0, {}}, "listen.peer"));
  }
  [[nodiscard]] ring::Server server() const { return {name_, peer_->address().to_string()}; }
  [[nodiscard]] std::uint16_t port() const { return api_.front().address().port; }
  [[nodiscard]] std::uint16_t ingress_port() const { return ingress_.front().address().port; }
  [[nodiscard]] std::uint16_t tchannel_port() const { return tchannel_.front().address().port; }
  [[nodiscard]] std::uint16_t peer_port() const { return peer_->address().port; }
  void relay(net::TunnelNews news) { worker_->relay(std::move(news)); }
  void start(std::vector<ring::Server> ring) {
    worker_ = std::make_unique<worker::Worker>(
        0, config, metrics_, 1, view(std::move(ring)),
        worker::Worker::ToControl{.proxy = call_proxy,
                                  .call = [this](net::IncomingCall call) { to_control(std::move(call)); },
                                  .app_refused = app_refused,
                                  .order = order},
        nullptr, client_limits);
    peer_port_ = std::make_unique<control::PeerPort>(
        peer_thread_.context(), *peer_, limits::peer_connections, limits::tchannel_init_time,
        control::PeerPort::Events{
            .tchannel = [](const net::Socket&, const std::string&, const std::string&) {},
            .http2 = [this](int fd, std::string bytes,
                            const std::string&) { worker_->adopt_http2(fd, std::move(bytes)); },
            .calls = [this](int fd, std::string bytes) { worker_->adopt_tchannel(fd, std::move(bytes)); }});
    peer_thread_.start();
    worker_->start({api_, ingress_, tchannel_});
  }
  void set_ring(std::vector<ring::Server> ring) { worker_->set_view(view(std::move(ring))); }
  void send_app(std::string token) {
    worker_->set_security({.app_token = std::make_shared<const std::string>(std::move(token))});
  }
  void set_view(api::ViewPtr view) { worker_->set_view(std::move(view)); }
  api::ViewPtr view(std::vector<ring::Server> ring, api::Phase phase = api::Phase::ready) {
    auto made = std::make_shared<api::View>();
    made->events = std::make_shared<const api::EventLog>();
    for (const auto& each : ring)
      made->members.push_back(
          {each.name, each.address, ringpop::Status::alive, 1, {}, each.name == name_, kinds[each.address]});
    std::ranges::sort(made->members, {}, &api::MemberView::address);
    made->ring = ring::build(std::move(ring), 100, ++version_);
    made->tenure = tenure_ = std::make_shared<const ring::Tenure>(
        tenure_->after(*made->ring, server().address, first_moment + static_cast<std::int64_t>(version_), 0));
    made->phase = phase;
    made->app.state = app_state;
    made->app_settings = config.app;
    made->drain = drain_view;
    made->app_id = app_id;
    made->phase_reason = phase == api::Phase::joining ? "the test says so" : "";
    made->name = name_;
    made->address = server().address;
    made->boot_id = "b007b007";
    return made;
  }
  void drain(std::function<void()> done) { worker_->drain(std::move(done)); }
  void cut(bool all) { worker_->cut(all); }
  [[nodiscard]] const obs::WorkerMetrics& counters() const { return *metrics_.workers.front(); }

  void serve_proxied(net::ProxiedRequest request) { worker_->serve_proxied(std::move(request)); }

  // The first ring comes a millisecond behind it, each further one another millisecond.
  static constexpr std::int64_t first_moment = 1'700'000'000'000;

  config::Config config;
  worker::ClientLimits client_limits;
  std::map<std::string, PeerKind> kinds;              // by address, of members that are no ringsides
  std::function<void(net::ProxyCall)> call_proxy;     // on the worker's thread
  std::function<void(net::IncomingCall)> to_control;  // on the worker's thread
  std::function<void()> app_refused;                  // the same
  std::function<void(api::Order, std::function<void(api::Response)>)> order;  // the same
  api::AppState app_state = api::AppState::none;                              // in the next views
  api::DrainView drain_view;                                                  // the same
  std::string app_id;                                                         // the same

 private:
  std::string name_;
  obs::Metrics metrics_;
  std::vector<net::ListeningSocket> api_, ingress_, tchannel_;
  std::unique_ptr<net::ListeningSocket> peer_;
  net::IoThread peer_thread_{"peers"};
  std::unique_ptr<control::PeerPort> peer_port_;
  std::unique_ptr<worker::Worker> worker_;
  std::uint64_t version_ = 0;
  ring::TenurePtr tenure_ = std::make_shared<const ring::Tenure>();
};

// One request on a connection of its own; everything until the connection ends.
inline std::string exchange(std::uint16_t port, std::string_view request) {
  Peer client = Peer::connect(port);
  client.send(request);
  return client.read_all();
}
inline std::string get(std::string_view path, std::string_view fields = {}) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + std::string(fields) +
         "\r\n";
}
inline std::string post(std::string_view path, std::string_view body, std::string_view fields = {}) {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + std::string(fields) + "\r\n" + std::string(body);
}

}  // namespace ringside::test
