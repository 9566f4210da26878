#include "daemon/run/echo_app.hpp"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "daemon/base/limits.hpp"
#include "proto/http1/writer.hpp"

namespace ringside::run {
namespace {

using Json = nlohmann::ordered_json;

constexpr int backlog = 128;

Json describe(std::string_view app_name, const http::RequestHead& head) {
  Json fields = Json::object();
  for (const auto& field : head.fields) fields[std::string(field.name)] = field.value;
  return {{"app", app_name}, {"method", head.method}, {"path", head.target}, {"headers", fields}};
}

struct Served {
  int fd;
  EchoConnection connection;
};

// One turn with a connection that has something to say or to hear; false when it is over.
bool serve(Served& served, short events) {
  if ((events & (POLLIN | POLLHUP | POLLERR)) != 0) {
    std::array<char, 16 * 1024> bytes;
    const ssize_t size = ::recv(served.fd, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (size == 0 || (size < 0 && errno != EAGAIN && errno != EINTR)) return false;
    if (size > 0) served.connection.receive({bytes.data(), static_cast<std::size_t>(size)});
  }
  const std::string& output = served.connection.output();
  if (!output.empty()) {
    const ssize_t size = ::send(served.fd, output.data(), output.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (size < 0 && errno != EAGAIN && errno != EINTR) return false;
    if (size > 0) served.connection.sent(static_cast<std::size_t>(size));
  }
  return !(served.connection.closing() && served.connection.output().empty());
}

int listen_at(const Address& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found) != 0) {
    errno = EADDRNOTAVAIL;
    return -1;
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> guard(found, &::freeaddrinfo);
  const int fd = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return -1;
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd, found->ai_addr, found->ai_addrlen) == 0 && ::listen(fd, backlog) == 0) return fd;
  const int cause = errno;
  ::close(fd);
  errno = cause;
  return -1;
}

}  // namespace

void EchoConnection::receive(std::string_view bytes) {
  input_ += bytes;
  while (!closing_ && (in_body_ ? read_body() : read_head())) {
  }
}

// Both give false when more bytes are needed.
bool EchoConnection::read_head() {
  const auto step = parser_.next(input_);
  if (std::holds_alternative<http1::NeedMore>(step)) return false;
  if (const auto* refusal = std::get_if<http1::Refusal>(&step)) {
    keep_alive_ = to_head_ = false;
    respond(refusal->status, refusal->reason);
    return false;
  }
  const auto& complete = std::get<http1::Complete<http::RequestHead>>(step);
  const http::RequestHead& head = *complete.head;
  said_ = describe(app_name_, head).dump(-1, ' ', false, Json::error_handler_t::replace);
  said_.pop_back();
  keep_alive_ = head.keep_alive;
  to_head_ = head.method == "HEAD";
  to_http10_ = head.http10;
  if (head.expect_continue) output_ += "HTTP/1.1 100 Continue\r\n\r\n";
  body_ = http1::BodyReader(head.framing);
  body_bytes_ = 0;
  in_body_ = true;
  input_.erase(0, complete.length);
  return true;
}

bool EchoConnection::read_body() {
  while (!body_.finished()) {
    const auto step = body_.next(input_);
    if (const auto* refusal = std::get_if<http1::Refusal>(&step)) {
      keep_alive_ = to_head_ = false;
      respond(refusal->status, refusal->reason);
      return false;
    }
    const auto& piece = std::get<http1::BodyReader::Piece>(step);
    body_bytes_ += piece.data.size();
    const std::size_t consumed = piece.consumed;
    const bool finished = piece.finished;
    input_.erase(0, consumed);
    if (finished) break;
    if (consumed == 0) return false;
  }
  in_body_ = false;
  respond(200, said_ + ",\"body_bytes\":" + std::to_string(body_bytes_) + "}\n");
  return true;
}

void EchoConnection::respond(int status, std::string_view body) {
  http::ResponseHead head;
  head.status = status;
  head.reason = http1::reason_phrase(status);
  head.fields.push_back({"Content-Type", status == 200 ? "application/json" : "text/plain"});
  head.framing = {to_head_ ? http::BodyKind::none : http::BodyKind::length, body.size()};
  head.keep_alive = keep_alive_;
  http1::write(output_, head, to_http10_);
  if (!to_head_) output_ += body;
  closing_ = !keep_alive_;
}

std::string serve_echo(const Address& address, const std::string& app_name) {
  const int listener = listen_at(address);
  if (listener < 0)
    return "cannot listen on " + address.to_string() + ": " + std::strerror(errno) +
           "; name another with --listen";
  std::vector<std::unique_ptr<Served>> all;  // a parser moves, but does not change places
  std::vector<pollfd> sources;
  for (;;) {
    sources.clear();
    sources.push_back({all.size() < limits::echo_connections ? listener : -1, POLLIN, 0});
    for (const auto& served : all)
      sources.push_back(
          {served->fd, static_cast<short>(served->connection.output().empty() ? POLLIN : POLLOUT), 0});
    if (::poll(sources.data(), sources.size(), -1) < 0) continue;
    for (std::size_t i = all.size(); i-- > 0;) {
      if (sources[i + 1].revents == 0 || serve(*all[i], sources[i + 1].revents)) continue;
      ::close(all[i]->fd);
      all.erase(all.begin() + static_cast<std::ptrdiff_t>(i));
    }
    if (sources[0].revents == 0) continue;
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) all.push_back(std::make_unique<Served>(fd, EchoConnection(app_name)));
  }
}

}  // namespace ringside::run
