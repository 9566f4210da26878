// A server thread for one test: hands every request, whole, to a function and sends back the bytes it
// returns. A connection that brings none is closed. One connection at a time, closed after the answer. TCP on
// a free loopback port, or a unix socket.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

namespace ringside::test {

// A socket bound to a free loopback port. As long as it does not listen, whoever dials it is refused.
class BoundPort {
 public:
  BoundPort() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    if (::bind(fd_, reinterpret_cast<sockaddr*>(&at), size) != 0 ||
        ::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size) != 0)
      throw std::runtime_error("cannot bind a loopback port");
    port_ = ntohs(at.sin_port);
  }
  explicit BoundPort(const std::string& unix_path) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    std::memcpy(at.sun_path, unix_path.data(), std::min(unix_path.size(), sizeof at.sun_path - 1));
    if (::bind(fd_, reinterpret_cast<sockaddr*>(&at), sizeof at) != 0)
      throw std::runtime_error("cannot bind " + unix_path);
  }
  ~BoundPort() { ::close(fd_); }
  BoundPort(const BoundPort&) = delete;
  BoundPort& operator=(const BoundPort&) = delete;

  void listen() const { ::listen(fd_, 16); }
  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  int fd_;
  std::uint16_t port_ = 0;
};

class HttpServer {
 public:
  using Handler = std::function<std::string(const std::string& request)>;

  explicit HttpServer(Handler handler) : handler_(std::move(handler)) { start(); }
  HttpServer(const std::string& unix_path, Handler handler) : port_(unix_path), handler_(std::move(handler)) {
    start();
  }
  ~HttpServer() {
    ::shutdown(port_.fd(), SHUT_RDWR);  // accept returns
    thread_.join();
  }
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  [[nodiscard]] std::string address() const { return port_.address(); }

 private:
  void start() {
    port_.listen();
    thread_ = std::thread([this] { serve(); });
  }

  void serve() {
    for (;;) {
      const int fd = ::accept(port_.fd(), nullptr, nullptr);
      if (fd < 0) return;
      const auto request = read_request(fd);
      const std::string answer = request ? handler_(*request) : std::string();
      for (std::size_t sent = 0; sent < answer.size();) {
        const ssize_t count = ::send(fd, answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
        if (count <= 0) break;
        sent += static_cast<std::size_t>(count);
      }
      ::close(fd);
    }
  }

  // Nothing: the client has gone before all of it was there.
  static std::optional<std::string> read_request(int fd) {
    std::string request;
    std::size_t wanted = std::string::npos;
    while (request.size() < wanted) {
      char piece[4096];
      const ssize_t count = ::recv(fd, piece, sizeof piece, 0);
      if (count <= 0) return std::nullopt;
      request.append(piece, static_cast<std::size_t>(count));
      const auto end = request.find("\r\n\r\n");
      if (end == std::string::npos) continue;
      const auto length = request.find("Content-Length: ");
      wanted = end + 4 + (length < end ? std::stoul(request.substr(length + 16)) : 0);
    }
    return request;
  }

  BoundPort port_;
  Handler handler_;
  std::thread thread_;
};

}  // namespace ringside::test
