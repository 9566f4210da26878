// What a drain wants to know of a request, and what becomes of one that does not end in time.
#include <utility>

#include "daemon/worker/call.hpp"

namespace ringside::worker {

// A drain waits for what is at this node's app, or waits for it, and for nothing else.
void Call::count_at_app() {
  if (!std::exchange(at_app_, true)) context_.metrics.app_open.add(1);
}

void Call::count_away() {
  if (std::exchange(at_app_, false)) context_.metrics.app_open.add(-1);
  if (std::exchange(app_stream_, false)) context_.metrics.app_streams.add(-1);
}

void Call::count_stream() {
  if (at_app_ && !std::exchange(app_stream_, true)) context_.metrics.app_streams.add(1);
}

void Call::cut(bool all) {
  if (state_ == State::idle || !(all || at_app_)) return;
  context_.metrics.drain_cut.add();
  switch (state_) {
    case State::idle: return;
    case State::waiting:
    case State::held:
    case State::queued:
    case State::faulted:
      return answer(problem(api::Code::draining, "this member had to leave before the request's turn came"));
    case State::trying:
      if (Outbound* out = std::exchange(outbound_, nullptr)) out->cancel();
      return answer(problem(api::Code::timeout, "no answer before this member had to leave (drain.timeout)"));
    case State::replying: return end_reply_early();
  }
}

// An event stream may end anywhere: its reader drops half an event and connects again, somewhere else. A gRPC
// call has room for a status. Of any other reply half must not be taken for the whole.
void Call::end_reply_early() {
  if (upgrade_ != nullptr) return close_upgrade(UpgradeEnd::draining);
  if (Outbound* out = std::exchange(outbound_, nullptr)) out->cancel();
  const Ending ending = ending_;
  finish();
  switch (ending) {
    case Ending::anywhere: return inbound_.send_reply_end({});
    case Ending::grpc_status:
      return inbound_.send_reply_end({{"grpc-status", "14"}, {"grpc-message", "this member is leaving"}});
    case Ending::whole: return inbound_.abort_reply();
  }
}

}  // namespace ringside::worker
