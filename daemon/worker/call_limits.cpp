// What keeps a request from being tried at all.
#include "daemon/base/limits.hpp"
#include "daemon/worker/breakers.hpp"
#include "daemon/worker/call.hpp"

namespace ringside::worker {

// An app that sends a request on to its own key gets it back, and again: if it passes Via on, as proxies do,
// that can be seen. An app that asks for other keys in turn may come by here a few times too.
bool Call::in_circle() const {
  const std::string_view via = passport_.via;
  const std::string_view name = context_.view->name;
  if (via.size() < limits::via_same * name.size()) return false;
  std::size_t seen = 0;
  for (std::size_t at = via.find(name); at != via.npos; at = via.find(name, at + name.size())) {
    const std::size_t end = at + name.size();
    const bool whole =
        at > 0 && via[at - 1] == ' ' && (end == via.size() || via[end] == ',' || via[end] == ' ');
    if (whole && ++seen == limits::via_same) return true;
  }
  return false;
}

// Who is asked by the current try, as Breakers knows it.
std::string_view Call::target() const {
  return try_is_peer_ ? std::string_view(exchange_->owner_address()) : Breakers::app;
}

// False: it has been answered, because who would be asked has failed again and again.
bool Call::may_try() {
  const int wait = context_.breakers->wait_s(target());
  if (wait == 0) return true;
  auto refusal =
      problem(api::Code::circuit_open,
              (try_is_peer_ ? "the owner " + exchange_->owner() : "the app of " + context_.view->name) +
                  " has failed " + std::to_string(context_.config.forward.breaker.failures) +
                  " times in a row (forward.breaker)");
  refusal.retry_after_s = wait;
  answer(refusal);
  return false;
}

// Who was asked has had all the time that it gets. A caller that waits for less, or is slow itself, says
// nothing about it.
bool Call::full_time() const {
  return body_ended_ &&
         (passport_.timeout == Millis::zero() || passport_.timeout >= context_.config.forward.timeout);
}

}  // namespace ringside::worker
