#include "daemon/net/io_thread.hpp"

#include <pthread.h>

#include <cstdlib>
#include <exception>

#include "daemon/obs/log.hpp"

namespace ringside::net {

void run_until_stopped(boost::asio::io_context& context, const char* thread_name) {
  ::pthread_setname_np(::pthread_self(), thread_name);  // at most 15 characters
  try {
    context.run();
  } catch (const std::exception& error) {
    obs::log(obs::Level::error, "unexpected_exception", {{"thread", thread_name}, {"cause", error.what()}});
    obs::stop_log();
    std::abort();
  }
}

IoThread::IoThread(std::string name) : name_(std::move(name)), work_(context_.get_executor()) {}

IoThread::~IoThread() {
  stop_and_join();
}

void IoThread::start() {
  thread_ = std::thread([this] { run_until_stopped(context_, name_.c_str()); });
}

void IoThread::stop_and_join() {
  context_.stop();
  if (thread_.joinable()) thread_.join();
}

}  // namespace ringside::net
