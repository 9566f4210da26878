#include "daemon/worker/incoming_calls.hpp"

#include <utility>

#include "daemon/base/limits.hpp"
#include "daemon/net/tchannel_handshake.hpp"
#include "proto/ringpop/codec.hpp"

namespace ringside::worker {

using tchannel::ErrorCode;
using tchannel::FrameType;

IncomingCalls::IncomingCalls(Context& context, FrameSink& connection, int hops)
    : context_(context), connection_(connection), hops_(hops), control_(context, connection) {}

IncomingCalls::~IncomingCalls() = default;

bool IncomingCalls::take(const tchannel::FrameView& frame) {
  if (frame.type == FrameType::call_req) return begin(frame);
  if (frame.type == FrameType::cancel) return cancel(frame);
  return go_on(frame);
}

bool IncomingCalls::begin(const tchannel::FrameView& frame) {
  if (!connection_.has_room()) return false;  // for the errors that a call may come to at once
  const auto head = tchannel::parse_request_head(frame.payload);
  if (!head) return broken(frame.id, "malformed call: " + net::text_of(head.error()));
  if (head->ttl_ms == 0) return broken(frame.id, "the ttl of a call must not be 0");
  if (calls_.contains(frame.id) || control_.contains(frame.id))
    return broken(frame.id, "call id " + std::to_string(frame.id) + " is still open");
  if (head->service == ringpop::service) {
    control_.take(frame, hops_ == 0);
    return true;
  }
  if (calls_.size() >= limits::relay_calls) {
    tchannel::write(
        connection_.out(), frame.id,
        tchannel::Error{ErrorCode::busy, head->tracing, "ringside: overloaded: too many open calls"});
    connection_.wants_flush();
    return true;
  }
  auto made = std::make_unique<RelayCall>(context_, *this, connection_, frame.id, hops_);
  RelayCall* call = made.get();
  calls_.emplace(frame.id, std::move(made));
  call->start(tchannel::bytes_of(frame), *head);
  return true;
}

// A continuation of no call is the rest of one that has been answered already: of no interest, and it costs
// nothing.
bool IncomingCalls::go_on(const tchannel::FrameView& frame) {
  if (control_.contains(frame.id)) {
    control_.take(frame, hops_ == 0);
    return true;
  }
  const auto found = calls_.find(frame.id);
  if (found == calls_.end()) return true;
  const auto more = tchannel::parse_more(frame.payload);
  if (!more) return broken(frame.id, "malformed call: " + net::text_of(more.error()));
  if (!found->second->takes(frame.size)) return false;
  found->second->request_frame(tchannel::bytes_of(frame), *more);
  return true;
}

bool IncomingCalls::cancel(const tchannel::FrameView& frame) {
  const auto cancel = tchannel::parse_cancel(frame.payload);
  if (!cancel) return broken(frame.id, "malformed cancel: " + net::text_of(cancel.error()));
  if (control_.contains(frame.id)) control_.cancel(frame.id);
  const auto found = calls_.find(frame.id);
  if (found != calls_.end()) found->second->cancelled(tchannel::bytes_of(frame), cancel->why);
  return true;
}

bool IncomingCalls::broken(std::uint32_t id, const std::string& why) {
  connection_.break_off(id, why);
  return true;
}

void IncomingCalls::resume_callees() {
  for (const auto& entry : calls_) entry.second->callee_may_go_on();
}

void IncomingCalls::drop_all() {
  for (auto& [id, call] : std::exchange(calls_, {})) {
    call->abandon();
    context_.turn.bury(std::move(call), nullptr);
  }
  control_.drop_all();
}

void IncomingCalls::remove(std::uint32_t id) {
  const auto found = calls_.find(id);
  if (found == calls_.end()) return;
  context_.turn.bury(std::move(found->second), nullptr);
  calls_.erase(found);
}

}  // namespace ringside::worker
