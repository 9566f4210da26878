#include "daemon/net/timers.hpp"

namespace ringside::net {

Timers::Timers(boost::asio::io_context& io) : system_timer_(io.get_executor()) {}

Timers::~Timers() {
  *alive_ = false;
}

void Timers::arm() {
  armed_for_ = queue_.next();
  if (armed_for_ == never) return;
  system_timer_.expires_at(armed_for_);
  system_timer_.async_wait([this, alive = alive_](boost::system::error_code aborted) {
    if (!aborted && *alive) fire();
  });
}

void Timers::fire() {
  const Instant now = Clock::now();
  armed_for_ = Instant::min();  // a timer set by a callback must not arm: that is done once, below
  while (DeadlineQueue::Entry* due = queue_.pop_due(now)) {
    const auto callback = static_cast<Timer*>(due)->fire_;  // a copy: the callback may destroy its timer
    callback();
  }
  arm();
}

}  // namespace ringside::net
