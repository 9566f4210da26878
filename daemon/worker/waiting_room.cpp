#include "daemon/worker/waiting_room.hpp"

#include <vector>

#include "daemon/base/limits.hpp"

namespace ringside::worker {
namespace {

constexpr std::size_t first_out = 16;  // at once, before any of them was answered

}  // namespace

using api::AppState;

WaitingRoom::WaitingRoom(Context& context)
    : context_(context), next_(context.timers, [this] { let_out(); }) {}

bool WaitingRoom::may_wait(const AppWaiter& waiter, bool nobody_listens) {
  const AppState state = context_.view->app.state;
  const bool hope = state == AppState::up || state == AppState::restarting;
  if (!hope || context_.config.app.grace == Millis::zero()) return false;
  if (nobody_listens) close();
  return closed_ || waiter.seat.where_ == AppSeat::Where::let_out;
}

void WaitingRoom::close() {
  if (closed_ && !letting_out_) return;
  closed_ = true;
  letting_out_ = false;
  answers_seen_ = context_.view->app.answers;
  if (context_.app_refused) context_.app_refused();
}

bool WaitingRoom::enter(AppWaiter& waiter, std::size_t bytes) {
  const bool again = waiter.seat.where_ == AppSeat::Where::let_out;  // it was early; nobody passes it
  if (again && letting_out_) {
    --out_;
    next_.at(Clock::now());
  }
  waiter.seat.where_ = AppSeat::Where::outside;
  if (inside_.size() >= limits::app_waiting || bytes_ + bytes > limits::app_waiting_bytes) {
    context_.metrics.app_wait_refused.add();
    return false;
  }
  if (!again) waiter.seat.ticket_ = ++last_ticket_;
  waiter.seat.where_ = AppSeat::Where::inside;
  waiter.seat.bytes_ = bytes;
  bytes_ += bytes;
  inside_.emplace(waiter.seat.ticket_, &waiter);
  context_.metrics.app_waiting.set(static_cast<std::int64_t>(inside_.size()));
  return true;
}

void WaitingRoom::give_up_seat(AppWaiter& waiter) {
  const bool was_inside = waiter.seat.where_ == AppSeat::Where::inside;
  waiter.seat.where_ = AppSeat::Where::outside;
  if (was_inside) {
    inside_.erase(waiter.seat.ticket_);
    bytes_ -= waiter.seat.bytes_;
    context_.metrics.app_waiting.set(static_cast<std::int64_t>(inside_.size()));
  } else if (letting_out_) {
    --out_;
    ++out_max_;
  }
  if (letting_out_) next_.at(Clock::now());
}

void WaitingRoom::let_out() {
  while (letting_out_ && !inside_.empty() && out_ < out_max_) {
    AppWaiter& waiter = *inside_.begin()->second;
    give_up_seat(waiter);
    waiter.seat.where_ = AppSeat::Where::let_out;
    ++out_;
    waiter.app_is_back();
  }
  if (!letting_out_ || !inside_.empty()) return;
  letting_out_ = closed_ = false;  // whoever comes now need not wait
}

// Each that is inside now; telling one may make others leave.
template <class Tell>
void WaitingRoom::for_each_inside(Tell tell) {
  std::vector<std::uint64_t> tickets;
  tickets.reserve(inside_.size());
  for (const auto& entry : inside_) tickets.push_back(entry.first);
  for (const std::uint64_t ticket : tickets) {
    const auto at = inside_.find(ticket);
    if (at != inside_.end()) tell(*at->second);
  }
}

void WaitingRoom::on_view(bool ring_moved) {
  const api::AppView& app = context_.view->app;
  if (ring_moved)  // first, so that nobody is let out to an app that is not theirs any more
    for_each_inside([](AppWaiter& waiter) { waiter.ring_moved_on(); });
  switch (app.state) {
    case AppState::up:
      if (!closed_ || letting_out_ || app.answers == answers_seen_) break;
      letting_out_ = true;
      out_ = 0;
      out_max_ = first_out;
      let_out();
      break;
    case AppState::restarting:
      if (context_.config.app.grace == Millis::zero()) break;
      closed_ = true;
      letting_out_ = false;
      answers_seen_ = app.answers;
      break;
    case AppState::down:
    case AppState::starting:
    case AppState::none: closed_ = letting_out_ = false; break;
  }
  if (!closed_ && !inside_.empty()) for_each_inside([](AppWaiter& waiter) { waiter.app_is_gone(); });
}

}  // namespace ringside::worker
