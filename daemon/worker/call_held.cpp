// What a request does while the app restarts: it waits in the WaitingRoom, holding no place at the app, and
// is tried when the app is back, or goes to the next owner when it is given up.
#include <algorithm>
#include <utility>

#include "daemon/base/limits.hpp"
#include "daemon/worker/call.hpp"

namespace ringside::worker {

void Call::app_unreachable(const std::string& why, bool nobody_listens) {
  const bool may_wait = replayable_ && context_.room->may_wait(*this, nobody_listens);
  if (exchange_.preferred() && replayable_) return failed(forward::Outcome::not_executed, why);
  if (may_wait) {
    outbound_ = nullptr;
    return wait_for_app();
  }
  failed_for_good(api::Code::app_down, "the app at " + context_.view->app_settings.address +
                                           " does not accept connections: " + why);
}

// What waits is bounded by the room alone. It says a little before its time is over that it waited in vain.
void Call::wait_for_app() {
  context_.admission->leave(*this);
  const http::RequestHead& head = head_.get();
  std::size_t bytes = head.target.size() + (body_ended_ ? replay_.size() : context_.replay_bytes());
  for (const auto& field : head.fields) bytes += field.name.size() + field.value.size();
  if (!context_.room->enter(*this, bytes))
    return answer(problem(api::Code::overloaded, "too many requests wait for the app of " +
                                                     context_.view->name + ", which restarts"));
  state_ = State::held;
  try_is_peer_ = false;
  const auto now = Clock::now();
  timer_.at(deadline_ - std::min<Duration>(limits::app_wait_margin, (deadline_ - now) / 10));
}

// It has been admitted once, and is not refused for those who came meanwhile.
void Call::app_is_back() {
  (void)context_.admission->enter(*this);
  try_app();
}

void Call::ring_moved_on() {
  if (!exchange_.is_ours(*context_.view->ring)) go_elsewhere("the key has moved on");
}

void Call::app_is_gone() {
  const api::View& view = *context_.view;
  const std::string why = "the app at " + view.app_settings.address + " is down: " + view.app.reason;
  if (view.app.required) return go_elsewhere(why);
  answer(problem(api::Code::app_down, why));
}

// It waited in vain and surely was not executed: the ring names another owner, or will.
void Call::go_elsewhere(std::string why) {
  context_.room->leave(*this);
  (void)context_.admission->enter(*this);
  state_ = State::trying;
  last_failure_ = std::move(why);
  act(exchange_.on_failure(Clock::now(), forward::Outcome::not_executed, replayable_, *context_.view->ring));
}

}  // namespace ringside::worker
