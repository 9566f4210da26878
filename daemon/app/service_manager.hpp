// What systemd is told of this process: READY=1 when the listeners are open, STATUS= with the phase,
// WATCHDOG=1 as long as the control thread runs, STOPPING=1 when leaving begins. A few words in a datagram to
// the socket that NOTIFY_SOCKET names, see sd_notify(3); nothing where nobody set that. Control thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <string>
#include <string_view>

namespace ringside::app {

class ServiceManager {
 public:
  // Reads the environment: NOTIFY_SOCKET (a path, or @ and an abstract name), WATCHDOG_USEC (microseconds)
  // and WATCHDOG_PID.
  explicit ServiceManager(boost::asio::io_context& io);

  void ready();
  void stopping();
  // What `systemctl status` shows, one line; told when it is another than before.
  void status(std::string_view text);
  // No more watchdog: the event loop ends.
  void stop();

 private:
  void tell(const std::string& words) const;
  void watch();

  std::string socket_;
  std::string status_;
  std::chrono::microseconds watchdog_{0};  // 0: none is wanted
  boost::asio::steady_timer timer_;
};

}  // namespace ringside::app
