#include "daemon/net/listener.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <cstring>
#include <utility>

#include "daemon/base/limits.hpp"
#include "daemon/obs/log.hpp"

namespace ringside::net {
namespace {

constexpr int backlog = 1024;

std::string cannot_listen(const Address& address, std::string_view option, int error) {
  std::string text =
      "cannot listen on " + address.to_string() + " (" + std::string(option) + "): " + std::strerror(error);
  switch (error) {
    case EADDRINUSE:
      text +=
          "; is another ringside running here? stop it or choose another address with " + std::string(option);
      break;
    case EADDRNOTAVAIL: text += "; no interface of this host has that address"; break;
    case EACCES:
    case EPERM:
      text += "; ports below 1024 and foreign folders need more rights, choose another address";
      break;
    case ENOENT: text += "; the folder of the socket does not exist"; break;
    default: break;
  }
  return text;
}

// A socket file without a listener is what a killed daemon leaves behind; one with a listener is in use.
bool is_stale_socket(const sockaddr_un& name) {
  struct stat info{};
  if (::lstat(name.sun_path, &info) != 0 || !S_ISSOCK(info.st_mode)) return false;
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (probe < 0) return false;
  const bool refused =
      ::connect(probe, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0 && errno == ECONNREFUSED;
  ::close(probe);
  return refused;
}

Result<int, std::string> open_unix(const Address& address, std::string_view option) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  address.unix_path.copy(name.sun_path, sizeof name.sun_path - 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return cannot_listen(address, option, errno);
  if (is_stale_socket(name)) ::unlink(name.sun_path);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0 ||
      ::chmod(name.sun_path, 0660) != 0 || ::listen(fd, backlog) != 0) {
    const int error = errno;
    ::close(fd);
    return cannot_listen(address, option, error);
  }
  return fd;
}

Result<int, std::string> open_tcp(Address& address, std::string_view option) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int code =
          ::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
      code != 0)
    return "cannot listen on " + address.to_string() + " (" + std::string(option) +
           "): " + ::gai_strerror(code);
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> guard(found, &::freeaddrinfo);
  const int fd = ::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return cannot_listen(address, option, errno);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (found->ai_family == AF_INET6) ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (::bind(fd, found->ai_addr, found->ai_addrlen) != 0 || ::listen(fd, backlog) != 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
    const int error = errno;
    ::close(fd);
    return cannot_listen(address, option, error);
  }
  address.port = ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(bound).sin6_port
                                                   : reinterpret_cast<const sockaddr_in&>(bound).sin_port);
  return fd;
}

}  // namespace

void tune(Socket& socket) {
  const int fd = socket.native_handle();
  const int on = 1;
  const int idle_s = 15;
  const int interval_s = 5;
  const int probes = 3;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof interval_s);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

Result<ListeningSocket, std::string> ListeningSocket::open(const Address& wanted, std::string_view option) {
  Address address = wanted;
  auto fd = address.is_unix() ? open_unix(address, option) : open_tcp(address, option);
  if (!fd) return std::move(fd).error();
  return ListeningSocket(*fd, std::move(address));
}

ListeningSocket::~ListeningSocket() {
  if (fd_ < 0) return;
  ::close(fd_);
  if (address_.is_unix()) ::unlink(address_.unix_path.c_str());
}

ListeningSocket::ListeningSocket(ListeningSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), address_(std::move(other.address_)) {}

ListeningSocket& ListeningSocket::operator=(ListeningSocket&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(address_, other.address_);
  return *this;
}

int ListeningSocket::duplicate() const {
  return ::fcntl(fd_, F_DUPFD_CLOEXEC, 0);
}

struct Acceptor::State : std::enable_shared_from_this<State> {
  State(boost::asio::io_context& io, const ListeningSocket& listening, OnAccept callback)
      : acceptor(io), pause(io), on_accept(std::move(callback)), address(listening.address()) {
    const int family = address.is_unix()                             ? AF_UNIX
                       : address.host.find(':') == std::string::npos ? AF_INET
                                                                     : AF_INET6;
    acceptor.assign(boost::asio::generic::stream_protocol(family, 0), listening.duplicate());
    acceptor.non_blocking(true);
  }

  void accept() {
    acceptor.async_accept(peer, [self = shared_from_this()](boost::system::error_code error, Socket socket) {
      if (!self->on_accept) return;
      if (!error) {
        self->hand_over(std::move(socket));
        self->accept();
        return;
      }
      if (error == boost::asio::error::operation_aborted) return;
      const bool exhausted = error == boost::asio::error::no_descriptors || error.value() == ENFILE ||
                             error.value() == ENOBUFS || error.value() == ENOMEM;
      if (!exhausted) return self->accept();  // the client gave up in the queue: next one
      obs::log(obs::Level::warn, "accept_paused",
               {{"listener", self->address.to_string()}, {"cause", error.message()}});
      self->pause.expires_after(limits::out_of_descriptors_pause);
      self->pause.async_wait([self](boost::system::error_code aborted) {
        if (!aborted && self->on_accept) self->accept();
      });
    });
  }

  void take_waiting() {
    for (;;) {
      boost::system::error_code error;
      Socket socket = acceptor.accept(peer, error);
      if (error) return;
      hand_over(std::move(socket));
    }
  }

  void hand_over(Socket socket) {
    std::string remote = "unix";
    if (!address.is_unix()) {
      tune(socket);
      char host[NI_MAXHOST];
      char service[NI_MAXSERV];
      if (::getnameinfo(peer.data(), static_cast<socklen_t>(peer.size()), host, sizeof host, service,
                        sizeof service, NI_NUMERICHOST | NI_NUMERICSERV) == 0)
        remote = host;
    }
    boost::system::error_code ignored;
    socket.non_blocking(true, ignored);
    on_accept(std::move(socket), std::move(remote));
  }

  boost::asio::basic_socket_acceptor<boost::asio::generic::stream_protocol,
                                     boost::asio::io_context::executor_type>
      acceptor;
  boost::asio::generic::stream_protocol::endpoint peer;
  boost::asio::steady_timer pause;
  OnAccept on_accept;
  Address address;
};

Acceptor::Acceptor(boost::asio::io_context& io, const ListeningSocket& listening, OnAccept on_accept)
    : state_(std::make_shared<State>(io, listening, std::move(on_accept))) {
  state_->accept();
}

void Acceptor::take_waiting() {
  state_->take_waiting();
}

Acceptor::~Acceptor() {
  state_->on_accept = nullptr;
  boost::system::error_code ignored;
  state_->acceptor.close(ignored);
  state_->pause.cancel();
}

}  // namespace ringside::net
