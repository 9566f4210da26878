// Timers of one thread: any number of deadlines, one operating system timer. Setting and cancelling touch
// only a heap; the steady_timer is moved when a deadline becomes the earliest, so a request's timeout usually
// costs no system call.
#pragma once

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>

#include "daemon/base/deadline_queue.hpp"
#include "daemon/base/time.hpp"

namespace ringside::net {

class Timer;

class Timers {
 public:
  explicit Timers(boost::asio::io_context&);
  ~Timers();
  Timers(const Timers&) = delete;
  Timers& operator=(const Timers&) = delete;

 private:
  friend class Timer;
  using SystemTimer = boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>,
                                                        boost::asio::io_context::executor_type>;
  void arm();
  void fire();
  DeadlineQueue queue_;
  SystemTimer system_timer_;
  Instant armed_for_ = never;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// Calls `fire` once when its time has come, unless it is moved, cancelled or destroyed before. The callback
// may set the timer again or destroy it.
class Timer : private DeadlineQueue::Entry {
 public:
  Timer(Timers& timers, std::function<void()> fire) : timers_(timers), fire_(std::move(fire)) {}
  ~Timer() { cancel(); }
  void at(Instant when) {
    timers_.queue_.set(*this, when);
    if (when < timers_.armed_for_) timers_.arm();
  }
  void after(Duration delay) { at(Clock::now() + delay); }
  void cancel() { timers_.queue_.cancel(*this); }
  [[nodiscard]] bool pending() const { return queued(); }

 private:
  friend class Timers;
  Timers& timers_;
  std::function<void()> fire_;
};

}  // namespace ringside::net
