// What keeps a request from being tried, or from going on: limits that are reached, and time.
#include <algorithm>
#include <utility>

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
  return try_is_peer_ ? std::string_view(exchange_.owner_address()) : Breakers::app;
}

// False: it has been answered, because who would be asked has failed again and again.
bool Call::may_try() {
  const int wait = context_.breakers->wait_s(target());
  if (wait == 0) return true;
  auto refusal = problem(api::Code::circuit_open,
                         (try_is_peer_ ? who() : "the app of " + context_.view->name) + " has failed " +
                             std::to_string(context_.config.forward.breaker.failures) +
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

// There is too much to do.
void Call::refuse(api::Code code, obs::Counter& limit, std::string detail) {
  limit.add();
  if (&limit != &context_.metrics.full_queue_wait)
    context_.metrics.refusal_seconds.observe_us(static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - started_).count()));
  answer(problem(code, std::move(detail)));
}

// The ring may have moved while we waited: the app sees only what is its own.
void Call::its_turn() {
  const auto& ring = *context_.view->ring;
  state_ = State::trying;
  timer_.at(deadline_);
  if (exchange_.is_ours(ring)) return ask_app();
  context_.admission->leave_app(*this);
  act(exchange_.on_failure(Clock::now(), forward::Outcome::not_executed, replayable_, ring));
}

// From a second after its head a reply is a stream; from then on only forward.idle_timeout counts.
void Call::reply_stands_still() {
  const auto now = Clock::now();
  const auto idle_at = upgrade_ != nullptr && upgrade_->closing ? upgrade_->hang_up_at
                       : endless_                               ? never
                                  : last_piece_ + context_.config.forward.idle_timeout;
  if (now >= idle_at) {
    if (Outbound* out = std::exchange(outbound_, nullptr)) out->cancel();
    finish();
    return inbound_.abort_reply();
  }
  const bool stream = now >= stream_at_ && context_.admission->become_stream(*this);
  if (stream) count_stream();
  if (!stream && now >= stream_at_)
    stream_at_ = now + limits::stream_grace;  // there are too many: again later
  const auto next = stream ? idle_at : std::min<Instant>(idle_at, stream_at_);
  if (next != never) timer_.at(next);
}

}  // namespace ringside::worker
