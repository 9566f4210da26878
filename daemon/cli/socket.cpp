#include "daemon/cli/socket.hpp"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

namespace ringside::cli {
namespace {

namespace sys = boost::system;

sys::error_code last_error() {
  return {errno, sys::system_category()};
}

// Waits until the socket can do `events`.
sys::error_code wait_for(int fd, short events, Instant deadline) {
  for (;;) {
    const auto left = std::chrono::ceil<Millis>(deadline - Clock::now()).count();
    if (left <= 0) return Errc::timed_out;
    pollfd poll_fd{fd, events, 0};
    const int count = ::poll(&poll_fd, 1, static_cast<int>(std::min<std::int64_t>(left, 60'000)));
    if (count > 0) return {};
    if (count < 0 && errno != EINTR) return last_error();
  }
}

Result<int> connect_to(const sockaddr* to, socklen_t length, Instant deadline) {
  const int fd = ::socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return last_error();
  sys::error_code error;
  if (::connect(fd, to, length) != 0) {
    error = errno == EINPROGRESS ? wait_for(fd, POLLOUT, deadline) : last_error();
    int pending = 0;
    socklen_t size = sizeof pending;
    if (!error && ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &pending, &size) == 0 && pending != 0)
      error = {pending, sys::system_category()};
  }
  if (!error) return fd;
  ::close(fd);
  return error;
}

Result<int> connect_unix(const std::string& path, Instant deadline) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (path.size() >= sizeof to.sun_path) return sys::error_code(ENAMETOOLONG, sys::system_category());
  std::memcpy(to.sun_path, path.data(), path.size());
  return connect_to(reinterpret_cast<const sockaddr*>(&to), sizeof to, deadline);
}

Result<int> connect_tcp(const Address& address, Instant deadline) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  if (::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &list) != 0)
    return sys::error_code(EHOSTUNREACH, sys::system_category());
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> guard(list, &::freeaddrinfo);
  sys::error_code error;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    auto fd = connect_to(entry->ai_addr, entry->ai_addrlen, deadline);
    if (fd) return fd;
    error = fd.error();
  }
  return error;
}

}  // namespace

Result<Socket> Socket::dial(const Endpoint& at, Instant deadline, std::string& why) {
  const Address& address = at.address;
  auto fd = address.is_unix() ? connect_unix(address.unix_path, deadline) : connect_tcp(address, deadline);
  if (!fd) return fd.error();
  Socket socket(*fd);
  if (at.tls)
    if (const auto done = socket.shake_hands(at, deadline, why); !done) return done.error();
  return socket;
}

Socket::Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)), tls_(std::move(other.tls_)) {}

Socket::~Socket() {
  if (fd_ >= 0) ::close(fd_);
}

Result<void> Socket::shake_hands(const Endpoint& at, Instant deadline, std::string& why) {
  using State = security::TlsSession::State;
  tls_ = at.tls->dial_server(at.address.host);
  for (;;) {
    std::string output, input;
    tls_->take_output(output);  // an alert too, for a server that is not believed
    if (const auto sent = send(output, deadline); !sent) return sent;
    if (tls_->state() == State::open) return {};
    if (tls_->state() == State::failed) break;
    const auto count = receive(input, deadline);
    if (!count) return count.error();
    if (*count == 0) return make_error_code(security::TlsErrc::closed);
    tls_->receive(input);
  }
  why = tls_->why();
  return tls_->error();
}

Result<void> Socket::write(std::string_view bytes, Instant deadline) {
  if (!tls_) return send(bytes, deadline);
  tls_->write(bytes);
  std::string output;
  tls_->take_output(output);
  return send(output, deadline);
}

Result<std::size_t> Socket::read(std::string& buffer, Instant deadline) {
  if (!tls_) return receive(buffer, deadline);
  std::array<char, 16 * 1024> piece;
  for (;;) {
    if (const auto count = tls_->read(piece.data(), piece.size())) {
      buffer.append(piece.data(), count);
      return count;
    }
    if (tls_->state() == security::TlsSession::State::ended) return std::size_t{0};
    if (tls_->state() == security::TlsSession::State::failed) return tls_->error();
    std::string input;
    const auto count = receive(input, deadline);
    if (!count || *count == 0) return count;
    tls_->receive(input);
  }
}

Result<void> Socket::send(std::string_view bytes, Instant deadline) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno == EAGAIN) {
      if (const auto error = wait_for(fd_, POLLOUT, deadline)) return error;
    } else if (errno != EINTR) {
      return last_error();
    }
  }
  return {};
}

Result<std::size_t> Socket::receive(std::string& buffer, Instant deadline) {
  std::array<char, 16 * 1024> piece;
  for (;;) {
    const ssize_t count = ::recv(fd_, piece.data(), piece.size(), 0);
    if (count >= 0) {
      buffer.append(piece.data(), static_cast<std::size_t>(count));
      return static_cast<std::size_t>(count);
    }
    if (errno == EAGAIN) {
      if (const auto error = wait_for(fd_, POLLIN, deadline)) return error;
    } else if (errno != EINTR) {
      return last_error();
    }
  }
}

}  // namespace ringside::cli
