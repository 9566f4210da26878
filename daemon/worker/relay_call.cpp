#include "daemon/worker/relay_call.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "daemon/base/limits.hpp"
#include "daemon/worker/incoming_calls.hpp"
#include "daemon/worker/relay.hpp"
#include "daemon/worker/tchannel_session.hpp"

namespace ringside::worker {
namespace {

using tchannel::ErrorCode;

static_assert(limits::replay_bytes >= tchannel::frame_bytes_max, "the first frame of a call is always kept");

// How an error of ours begins, on every TChannel connection: "ringside: not_owner: ...".
constexpr std::string_view our_prefix = "ringside: ";

std::string our_text(api::Code code, std::string_view detail) {
  return std::string(our_prefix) + std::string(api::row(code).name) + ": " + std::string(detail);
}

// Answers of another ringside that mean: not me, look again. They come before anything was executed. It is
// the entry that looks again: whoever is in between may be right about the ring already, and would wait for
// nothing.
bool is_look_again(const tchannel::Error& error) {
  static constexpr std::array codes{api::Code::not_owner, api::Code::not_joined, api::Code::draining};
  return error.code == ErrorCode::declined && std::ranges::any_of(codes, [&](api::Code code) {
           return error.message.starts_with(our_text(code, ""));
         });
}

// 4 (declined) and 3 (busy) mean to every TChannel client: not executed, may be tried elsewhere.
ErrorCode error_code(api::Code code) {
  switch (code) {
    case api::Code::overloaded: return ErrorCode::busy;
    case api::Code::not_joined:
    case api::Code::no_owner:
    case api::Code::app_down:
    case api::Code::draining:
    case api::Code::name_conflict:
    case api::Code::not_owner:
    case api::Code::peer_unreachable: return ErrorCode::declined;
    case api::Code::app_error: return ErrorCode::network;
    case api::Code::timeout: return ErrorCode::timeout;
    case api::Code::bad_request:
    case api::Code::bad_key:
    case api::Code::missing_key:
    case api::Code::app_protocol: return ErrorCode::bad_request;
    case api::Code::key_queue_full:
    case api::Code::circuit_open:
    case api::Code::wrong_host:
    case api::Code::wrong_origin:
    case api::Code::unauthorized:
    case api::Code::forbidden:
    case api::Code::not_found:
    case api::Code::method_not_allowed:
    case api::Code::body_too_large:
    case api::Code::peer_has_no_http:
    case api::Code::loop:
    case api::Code::unknown_node:
    case api::Code::unknown_app:
    case api::Code::conflict:
    case api::Code::bad_setting:
    case api::Code::keys_refused:
    case api::Code::internal: return ErrorCode::unexpected;  // answers of the HTTP side only
  }
  return ErrorCode::unexpected;
}

}  // namespace

RelayCall::RelayCall(Context& context, IncomingCalls& table, FrameSink& caller, std::uint32_t id, int hops)
    : context_(context), table_(table), caller_(caller), id_(id), hops_(hops), timer_(context.timers, [this] {
        out_of_time();
      }) {
  context_.metrics.calls_in_flight.add(1);
}

RelayCall::~RelayCall() {
  abandon();
}

// --- from the caller's connection

void RelayCall::start(std::string_view frame, const tchannel::RequestHead& head) {
  request_ended_ = !head.more;
  tracing_ = head.tracing;
  key_ = head.shard_key.value_or(std::string_view());
  const auto now = Clock::now();
  deadline_ = now + std::min<Duration>(Millis(head.ttl_ms), limits::timeout_max);
  timer_.at(deadline_);
  kept_ = frame;
  if (hops_ > 0) context_.metrics.requests_received.add();
  const auto& config = context_.config.forward;
  if (context_.draining) return refuse(api::Code::draining, context_.view->name + " is leaving");
  if (context_.metrics.in_flight.value() + context_.metrics.calls_in_flight.value() > config.in_flight)
    return refuse(api::Code::overloaded,
                  std::to_string(config.in_flight) + " requests are under way on this worker");
  if (!head.shard_key) return without_key();
  if (key_.empty()) return refuse(api::Code::bad_key, "the transport header sk is empty");
  if (context_.view->phase == api::Phase::joining)
    return refuse(api::Code::not_joined, context_.view->phase_reason);
  forward::Policy policy;
  policy.max_hops = config.max_hops;
  exchange_.emplace(policy, forward::Subject{.key = key_, .hops = hops_, .deadline = deadline_},
                    context_.self_address, nullptr, nullptr, &context_.past_rings);
  act(exchange_->start(now, *context_.view->ring));
}

// A peer that sends a call without a key has decided itself that it is for us.
void RelayCall::without_key() {
  if (hops_ > 0 || context_.config.forward.without_key == config::WithoutKey::local) return try_app();
  refuse(api::Code::missing_key,
         "the call has no transport header sk (the shard key), so it has no owner; set it, or set "
         "forward.without_key: local to have such calls answered by the app of this node");
}

bool RelayCall::takes(std::size_t bytes) {
  switch (state_) {
    case State::waiting:
    case State::faulted:
    case State::opening: return kept_.size() + bytes <= limits::replay_bytes;
    case State::relaying:
    case State::answering: return callee_->has_room();
    case State::over: return true;
  }
  return true;
}

void RelayCall::request_frame(std::string_view frame, bool more) {
  request_ended_ = !more;
  if (keeping_ && kept_.size() + frame.size() <= limits::replay_bytes) {
    kept_ += frame;
  } else {
    stop_keeping();
  }
  if (state_ != State::relaying && state_ != State::answering) return;
  context_.metrics.call_request_bytes.add(frame.size());
  tchannel::write_with_id(callee_->out(), frame, callee_id_);
  callee_->wants_flush();
}

void RelayCall::cancelled(std::string_view frame, const std::string& why) {
  if (callee_ != nullptr && (state_ == State::relaying || state_ == State::answering)) {
    tchannel::write_with_id(callee_->out(), frame, callee_id_);
    callee_->wants_flush();
    release();
  }
  context_.metrics.calls_cancelled.add();
  answer_error(ErrorCode::cancelled, why.empty() ? "cancelled by the caller" : why);
}

void RelayCall::callee_may_go_on() {
  if (callee_ != nullptr) callee_->resume();
}

// Nobody waits for the answer any more.
void RelayCall::abandon() {
  if (state_ == State::over) return;
  context_.metrics.calls_cancelled.add();
  end();
}

// --- the course of things

void RelayCall::act(const forward::Action& action) {
  if (const auto* attempt = std::get_if<forward::Attempt>(&action)) {
    context_.metrics.requests_forwarded.add();
    if (attempt->number > 1) context_.metrics.retries.add();
    callee_is_peer_ = true;
    const std::string address(attempt->to.address);
    if (const Fault* fault = context_.fault_towards(address)) return meet_fault(*fault, address);
    return try_at(context_.relay->to_peer(address, hops_ + 1));
  }
  if (std::holds_alternative<forward::Local>(action)) return try_app();
  if (const auto* wait = std::get_if<forward::Wait>(&action)) {
    if (state_ != State::waiting) context_.waiting.push_back(this);
    state_ = State::waiting;
    timer_.at(wait->until);
    return;
  }
  give_up(std::get<forward::GiveUp>(action));
}

void RelayCall::try_app() {
  const auto& app = context_.view->app_settings;
  if (app.address.empty())
    return refuse(api::Code::app_down, "this node has no app (app.address is not set)");
  if (app.protocol != config::AppProtocol::tchannel)
    return refuse(api::Code::app_protocol, "the app of " + context_.view->name +
                                               " is called over HTTP (app.protocol); a TChannel app "
                                               "needs app.protocol: tchannel");
  context_.metrics.requests_local.add();
  if (!std::exchange(at_app_, true)) context_.metrics.app_open.add(1);
  callee_is_peer_ = false;
  try_at(context_.relay->to_app());
}

void RelayCall::try_at(TchannelSession& session) {
  leave_waiting_list();
  state_ = State::opening;
  timer_.at(deadline_);
  const auto id = session.attach(*this);
  if (!id)
    return refuse(api::Code::overloaded,
                  std::to_string(limits::relay_calls) + " calls are under way on one connection");
  callee_ = &session;
  callee_id_ = *id;
  if (session.is_open()) opened();
}

void RelayCall::opened() {
  const auto left = std::chrono::floor<Millis>(deadline_ - Clock::now()).count();
  if (left <= 0) return out_of_time();
  state_ = State::relaying;
  std::string& out = callee_->out();
  const std::size_t begin = out.size();
  for (std::string_view rest = kept_; !rest.empty();) {
    const std::size_t size = tchannel::frame_size(rest);
    tchannel::write_with_id(out, rest.substr(0, size), callee_id_);
    rest.remove_prefix(size);
  }
  tchannel::patch_ttl(out, begin, static_cast<std::uint32_t>(left));
  context_.metrics.call_request_bytes.add(kept_.size());
  callee_->wants_flush();
  caller_.resume();
}

void RelayCall::give_up(const forward::GiveUp& end) {
  const auto& view = *context_.view;
  const std::string& owner = exchange_->owner();
  switch (end.why) {
    case forward::Failure::no_owner:
      return refuse(api::Code::no_owner, "none of the " + std::to_string(view.members.size()) +
                                             " members that " + view.name + " knows has a place in the ring");
    case forward::Failure::kept_here:
    case forward::Failure::not_owner:
      return refuse(api::Code::not_owner, view.name + " does not own the key and the call has been sent on " +
                                              std::to_string(hops_) + " times");
    case forward::Failure::unreachable:
      return refuse(api::Code::peer_unreachable,
                    "the owner " + owner + " cannot be reached: " + last_failure_);
    case forward::Failure::maybe_executed:
      return refuse(api::Code::app_error,
                    "the owner " + owner + " was lost with the call under way: " + last_failure_);
    case forward::Failure::timed_out: return refuse(api::Code::timeout, "the call's ttl is over");
  }
}

// As a request's (call_faults.cpp).
void RelayCall::meet_fault(const Fault& fault, const std::string& address) {
  leave_waiting_list();
  state_ = State::faulted;
  faulted_to_ = address;
  lost_ = fault.drop;
  timer_.at(std::min(deadline_, noticed_at(fault, Clock::now())));
}

void RelayCall::leave_fault() {
  state_ = State::opening;
  if (lost_) return lost(false, "lost on purpose (/v1/faults)");
  try_at(context_.relay->to_peer(faulted_to_, hops_ + 1));
}

void RelayCall::out_of_time() {
  if (state_ == State::waiting) return act(exchange_->on_wake(Clock::now(), *context_.view->ring));
  if (state_ == State::faulted && Clock::now() < deadline_) return leave_fault();
  refuse(api::Code::timeout, "no answer within the call's ttl");
}

void RelayCall::ring_changed() {
  if (state_ == State::waiting) act(exchange_->on_wake(Clock::now(), *context_.view->ring));
}

// Ends the call with an error of our own.
void RelayCall::refuse(api::Code code, const std::string& detail) {
  auto& metrics = context_.metrics;
  metrics.calls_refused.add();
  const bool executed_maybe = api::row(code).executed_maybe;
  (executed_maybe ? metrics.errors_executed_maybe : metrics.errors_executed_no).add();
  answer_error(error_code(code), our_text(code, detail));
}

void RelayCall::answer_error(ErrorCode code, const std::string& message) {
  tchannel::write(caller_.out(), id_, tchannel::Error{code, tracing_, message});
  caller_.wants_flush();
  finish();
}

// --- from the connection of the current try

bool RelayCall::response_begins(std::string_view frame, const tchannel::ResponseHead& head) {
  if (state_ != State::relaying) return false;
  state_ = State::answering;
  stop_keeping();
  if (exchange_ && exchange_->rerouted()) context_.metrics.reroutes.add();
  app_error_ = head.code != 0;
  pass_back(frame, head.more);
  return true;
}

bool RelayCall::response_goes_on(std::string_view frame, bool more) {
  if (state_ != State::answering) return false;
  pass_back(frame, more);
  return true;
}

void RelayCall::pass_back(std::string_view frame, bool more) {
  auto& metrics = context_.metrics;
  metrics.call_response_bytes.add(frame.size());
  tchannel::write_with_id(caller_.out(), frame, id_);
  caller_.wants_flush();
  if (more) return;
  answered_ = true;
  (app_error_ ? metrics.calls_app_error : metrics.calls_ok).add();
  finish();
}

void RelayCall::error_frame(std::string_view frame, const tchannel::Error& error) {
  const auto looks_again = [this] { return hops_ == 0 || exchange_->owned_lately(Clock::now()); };
  if (callee_is_peer_ && state_ == State::relaying && is_look_again(error) && looks_again()) {
    release();
    last_failure_ = error.message;
    return act(
        exchange_->on_failure(Clock::now(), forward::Outcome::ring_differs, keeping_, *context_.view->ring));
  }
  answered_ = request_ended_ = true;  // the other side is done with the call: it need not be cancelled
  context_.metrics.calls_error.add();
  tchannel::write_with_id(caller_.out(), frame, id_);
  caller_.wants_flush();
  finish();
}

void RelayCall::lost(bool maybe_executed, const std::string& why) {
  callee_ = nullptr;
  last_failure_ = why;
  const std::string app = "the app of " + context_.view->name;
  if (state_ == State::answering) return refuse(api::Code::app_error, "the answer broke off: " + why);
  if (!callee_is_peer_ && maybe_executed)
    return refuse(api::Code::app_error, app + " was lost with the call under way: " + why);
  if (!callee_is_peer_) return refuse(api::Code::app_down, app + " cannot be reached: " + why);
  const auto outcome = maybe_executed ? forward::Outcome::maybe_executed : forward::Outcome::not_executed;
  act(exchange_->on_failure(Clock::now(), outcome, keeping_, *context_.view->ring));
}

// --- the end

// The connection of the try has no more to do with this call.
void RelayCall::release() {
  TchannelSession* callee = std::exchange(callee_, nullptr);
  if (callee == nullptr) return;
  callee->detach(callee_id_);
  callee->resume();  // it may hold back a frame for us
}

// An answer that is not wanted, or a request that nobody will finish: the other side is told.
void RelayCall::end() {
  const bool sent = state_ == State::relaying || state_ == State::answering;
  leave_waiting_list();
  if (callee_ != nullptr && sent && !(answered_ && request_ended_)) {
    tchannel::write(callee_->out(), callee_id_, tchannel::Cancel{1, tracing_, "the caller does not wait"});
    callee_->wants_flush();
  }
  release();
  state_ = State::over;
  if (std::exchange(at_app_, false)) context_.metrics.app_open.add(-1);
  timer_.cancel();
  stop_keeping();
  context_.metrics.calls_in_flight.add(-1);
}

void RelayCall::finish() {
  end();
  caller_.resume();
  table_.remove(id_);
}

void RelayCall::stop_keeping() {
  keeping_ = false;
  kept_ = std::string();
}

void RelayCall::leave_waiting_list() {
  if (state_ == State::waiting) std::erase(context_.waiting, this);
}

}  // namespace ringside::worker
