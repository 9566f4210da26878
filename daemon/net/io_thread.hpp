// One io_context on one named thread. What runs on it never runs elsewhere, so nothing on it is locked; other
// threads reach it by post() only.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <string>
#include <thread>

namespace ringside::net {

// Runs the context until it is stopped or has no work. An exception that gets here is a bug: it is logged and
// the process aborts (a sidecar restarts in milliseconds; going on with broken state would be worse).
void run_until_stopped(boost::asio::io_context&, const char* thread_name);

class IoThread {
 public:
  explicit IoThread(std::string name);
  ~IoThread();  // stops and joins
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  void start();
  void stop_and_join();  // pending handlers are dropped
  [[nodiscard]] boost::asio::io_context& context() { return context_; }

 private:
  std::string name_;
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::thread thread_;
};

}  // namespace ringside::net
