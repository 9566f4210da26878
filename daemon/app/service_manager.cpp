#include "daemon/app/service_manager.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>

#include "daemon/base/text.hpp"

namespace ringside::app {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

ServiceManager::ServiceManager(boost::asio::io_context& io) : socket_(variable("NOTIFY_SOCKET")), timer_(io) {
  // A child inherits these; what is said of the parent's watchdog is not for it.
  const std::string pid = variable("WATCHDOG_PID");
  const auto period = parse_integer(variable("WATCHDOG_USEC"));
  if (period && *period > 0 && (pid.empty() || pid == std::to_string(::getpid())))
    watchdog_ = std::chrono::microseconds(*period);
}

void ServiceManager::ready() {
  tell("READY=1");
  if (watchdog_.count() > 0 && !socket_.empty()) watch();
}

void ServiceManager::stopping() {
  tell("STOPPING=1");
}

void ServiceManager::status(std::string_view text) {
  if (text == status_) return;
  status_ = text;
  std::string line = "STATUS=" + status_;
  std::ranges::replace(line, '\n', ' ');  // a line is an assignment
  tell(line);
}

void ServiceManager::stop() {
  timer_.cancel();
}

// Nothing hangs on it: who does not listen is not told, and a full socket means that it is busy with others.
void ServiceManager::tell(const std::string& words) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_.empty() || socket_.size() >= sizeof address.sun_path) return;
  std::ranges::copy(socket_, address.sun_path);
  if (socket_.front() == '@') address.sun_path[0] = 0;
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  [[maybe_unused]] const auto sent = ::sendto(fd, words.data(), words.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                                              reinterpret_cast<const sockaddr*>(&address), length);
  ::close(fd);
}

// Twice as often as is asked for, as sd_watchdog_enabled(3) recommends.
void ServiceManager::watch() {
  tell("WATCHDOG=1");
  timer_.expires_after(watchdog_ / 2);
  timer_.async_wait([this](boost::system::error_code error) {
    if (!error) watch();
  });
}

}  // namespace ringside::app
