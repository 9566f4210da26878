#include "daemon/obs/statsd.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

#include "daemon/base/limits.hpp"
#include "daemon/obs/log_line.hpp"

namespace ringside::obs {
namespace {

std::string why(int error) {
  return std::error_code(error, std::generic_category()).message();
}

}  // namespace

StatsdSink::~StatsdSink() {
  close();
}

void StatsdSink::close() {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  kind_ = Kind::none;
}

Result<void, std::string> StatsdSink::write_to_file(const std::string& path) {
  close();
  // Without blocking, for the sake of pipes; a pipe that nobody reads is an error.
  fd_ = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0644);
  if (fd_ < 0) return why(errno);
  struct stat status{};
  if (::fstat(fd_, &status) == 0) file_bytes_ = static_cast<std::uint64_t>(status.st_size);
  kind_ = Kind::file;
  return {};
}

Result<void, std::string> StatsdSink::send_to(const Address& server) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  const auto port = std::to_string(server.port);
  if (const int code = ::getaddrinfo(server.host.c_str(), port.c_str(), &hints, &found); code != 0)
    return std::string(::gai_strerror(code));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> guard(found, &::freeaddrinfo);
  close();
  fd_ = ::socket(found->ai_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return why(errno);
  const auto* bytes = reinterpret_cast<const unsigned char*>(found->ai_addr);
  server_.assign(bytes, bytes + found->ai_addrlen);
  kind_ = Kind::udp;
  return {};
}

bool StatsdSink::take(WallTime time, std::string_view datagram) {
  switch (kind_) {
    case Kind::none: return false;
    case Kind::file: return append(time, datagram);
    case Kind::udp:
      // Not connected: a server that is away for a moment does not cost the datagram after the refusal.
      return ::sendto(fd_, datagram.data(), datagram.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                      reinterpret_cast<const sockaddr*>(server_.data()),
                      static_cast<socklen_t>(server_.size())) == static_cast<ssize_t>(datagram.size());
  }
  return false;
}

bool StatsdSink::append(WallTime time, std::string_view datagram) {
  std::string line = torn_ ? "\n" : "";
  append_time(line, time);
  line.append(": ").append(datagram).append("\n");
  if (file_bytes_ + line.size() > limits::statsd_file_bytes) return false;
  const ssize_t written = ::write(fd_, line.data(), line.size());
  if (written <= 0) return false;
  file_bytes_ += static_cast<std::uint64_t>(written);
  torn_ = static_cast<std::size_t>(written) < line.size();
  return !torn_;
}

}  // namespace ringside::obs
