#include "daemon/worker/call.hpp"

#include <algorithm>
#include <utility>

#include "daemon/api/api.hpp"
#include "daemon/base/limits.hpp"
#include "daemon/routes/decide.hpp"
#include "daemon/worker/app_links.hpp"
#include "daemon/worker/app_pool.hpp"
#include "daemon/worker/breakers.hpp"
#include "daemon/worker/grpc.hpp"
#include "daemon/worker/load.hpp"
#include "daemon/worker/peer_links.hpp"
#include "daemon/worker/proxy_calls.hpp"
#include "daemon/worker/trace_context.hpp"

namespace ringside::worker {

using config::ForwardCheck;

namespace {

// The code of an answer that another ringside made itself; nullptr: its app's answer.
const api::CodeRow* error_of_peer(std::string_view error) {
  return error.empty() ? nullptr : api::find_row(error);
}

// Not me, look again. All with `executed: no`.
bool is_look_again(api::Code code) {
  return code == api::Code::not_owner || code == api::Code::not_joined || code == api::Code::draining;
}

bool is_event_stream(std::string_view content_type) {
  return content_type.starts_with("text/event-stream");
}

void make_request_id(Rng& rng, std::string& id) {
  static constexpr char hex[] = "0123456789abcdef";
  id.assign(16, '0');
  std::uint64_t bits = rng.next();
  for (char& c : id) {
    c = hex[bits & 15];
    bits >>= 4;
  }
}

}  // namespace

std::size_t room_beside(std::size_t backlog) {
  constexpr std::size_t least = 16 * 1024;
  const std::size_t room = limits::stream_window_bytes - std::min(limits::stream_window_bytes, backlog);
  return room < least ? 0 : room;
}

Call::Call(Context& context, Inbound& inbound)
    : context_(context),
      inbound_(inbound),
      exchange_({}, {}, context.self_address, &context.retry_budget, &context.rng, &context.past_rings),
      timer_(context.timers, [this] { out_of_time(); }) {}

Call::~Call() {
  cancel();
}

// --- from the Inbound

void Call::start_from_client(const http::RequestHead& head, const Route& route, const Client& client,
                             bool end) {
  key_ = route.key;
  local_only_ = route.kind == Route::Kind::local;
  node_.clear();
  from_peer_ = false;
  head_.assign(head);
  wishes_.clear();
  // On listen.ingress, who may not say which app runs a path may not say it this way either.
  take_passport(head_.get(), false, passport_, client.forwarded != config::ForwardedFields::replace,
                client.listener == Listener::api ? &wishes_ : nullptr);
  passport_.check = wishes_.check.value_or(context_.config.forward.check);
  if (route.authorization_is_ours) remove_authorization(head_.get());
  append_forwarded(head_.get(), client, forwarded_);
  if (client.forwarded == config::ForwardedFields::replace) passport_.client = client.address;
  passport_.secured = client.secured;
  if (context_.config.observability.traceparent == config::Traceparent::make)
    ensure_traceparent(head_.get(), context_.rng, traceparent_);
  passport_.from = context_.view->name;
  if (passport_.request_id.empty()) make_request_id(context_.rng, passport_.request_id);
  head_.get().upgrade = upgrade_of(head_.get(), route.upgrades);
  entry_ = route.entry;
  if (entry_ != nullptr) {
    passport_.patience = entry_->rule.timeout;
    if (passport_.patience && passport_.timeout > patience()) passport_.timeout = {};  // the route's is less
  }
  if (route.kind == Route::Kind::any) {  // a key that nobody else has leads to some node of the ring
    make_request_id(context_.rng, key_);
    passport_.keyless = true;
  }
  if (route.kind == Route::Kind::node) seek_node(route.node);
  route_target_ = route.target;
  head_.get().target = route_target_;
  start(end);
}

void Call::start_from_peer(const http::RequestHead& head, bool end) {
  node_.clear();
  wishes_.clear();
  from_peer_ = true;
  entry_ = nullptr;
  context_.metrics.requests_received.add();
  const auto key = http::find(head.fields, http::Name::ringside_key);
  if (!key || !http::percent_decode(*key, key_)) key_.clear();
  head_.assign(head);
  take_passport(head_.get(), true, passport_);
  local_only_ = !passport_.node.empty();
  start(end || !head_.get().upgrade.empty());
}

// Its fields are those of a client that the ringpop-node passed on: nothing of Ringside-* in them is ours.
void Call::start_from_ringpop(const http::RequestHead& head, std::string key, std::string from,
                              Instant deadline, bool end) {
  local_only_ = true;
  node_.clear();
  wishes_.clear();
  from_peer_ = false;
  entry_ = nullptr;
  context_.metrics.requests_received.add();
  key_ = std::move(key);
  head_.assign(head);
  take_passport(head_.get(), false, passport_);
  passport_.from = std::move(from);
  passport_.hops = 1;
  if (passport_.request_id.empty()) make_request_id(context_.rng, passport_.request_id);
  const auto left = std::chrono::duration_cast<Millis>(deadline - Clock::now());
  const auto most = passport_.timeout > Millis::zero() ? passport_.timeout : patience();
  passport_.timeout = std::clamp(left, Millis(1), most);
  start(end);
}

void Call::start(bool end) {
  started_ = Clock::now();
  const bool patient = passport_.timeout > Millis::zero();
  deadline_ = started_ + (patient ? passport_.timeout : patience());
  replay_.clear();
  trailers_.clear();
  replayable_ = true;
  accepted_ = repeated_ = false;
  body_ended_ = end;
  last_failure_.clear();
  forward::Policy policy;
  const auto& config = context_.config.forward;
  policy.retries = retries();
  policy.max_hops = config.max_hops;
  policy.backoff = config.retry.backoff;
  policy.backoff_max = config.retry.backoff_max;
  exchange_.renew(policy, {.key = key_,
                           .hops = passport_.hops,
                           .repeatable = passport_.repeatable && node_.empty(),
                           .deadline = deadline_,
                           .pinned = local_only_ || (from_peer_ && passport_.check == ForwardCheck::none),
                           .named = {node_, node_address_},
                           .place = place()});
  encode_key(key_, encoded_key_);
  via_ = passport_.via;
  append_via(via_, version_of(head_.get()), context_.view->name);

  state_ = State::trying;
  context_.retry_budget.count_request(started_);
  if (!context_.admission->enter(*this))
    return refuse(api::Code::overloaded, context_.metrics.full_in_flight,
                  std::to_string(context_.config.forward.in_flight) +
                      " requests are under way on this worker (forward.in_flight)");
  if (entry_ != nullptr && entry_->rule.concurrency && !take_place())
    return refuse(api::Code::overloaded, context_.metrics.full_route,
                  routes::name_of(*entry_) + " has " + std::to_string(*entry_->rule.concurrency) +
                      " requests under way (its concurrency)");
  if (in_circle())
    return answer(problem(api::Code::loop, "its Via names " + context_.view->name + " " +
                                               std::to_string(limits::via_same) + " times"));
  timer_.at(deadline_);
  if (turned_down()) return;
  const bool keyed = !local_only_ && node_.empty();
  if (keyed && (key_.empty() || key_.size() > limits::key_bytes))
    return answer(problem(api::Code::bad_key, "a peer sent a request without a usable ringside-key"));
  if (keyed && context_.view->phase == api::Phase::joining)
    return answer(problem(api::Code::not_joined, context_.view->phase_reason));
  act(exchange_.start(started_, *context_.view->ring));
}

std::size_t Call::body_room() const {
  if (state_ == State::idle || body_ended_) return 0;
  if (upgrade_ != nullptr) return upgraded_room();
  if (!accepted_) return context_.replay_bytes() - std::min(context_.replay_bytes(), replay_.size());
  if (outbound_ == nullptr) return 0;
  return room_beside(outbound_->body_backlog());
}

void Call::body(std::string_view data) {
  if (state_ == State::idle || data.empty()) return;
  if (upgrade_ != nullptr) return upgraded_body(data);
  if (replayable_ && replay_.size() + data.size() <= context_.replay_bytes()) {
    replay_.append(data);
  } else if (replayable_) {
    replayable_ = false;
    replay_ = std::string();
  }
  // An upload may take longer than an answer: time counts from its last piece, unless the caller set a limit.
  if (passport_.timeout == Millis::zero() && state_ == State::trying) be_patient();
  if (outbound_ != nullptr) outbound_->send_body(data);
}

void Call::be_patient() {
  deadline_ = Clock::now() + patience();
  exchange_.extend(deadline_);
  timer_.at(deadline_);
}

void Call::body_end(const http::Trailers& trailers) {
  if (std::exchange(body_ended_, true) || state_ == State::idle) return;
  if (upgrade_ != nullptr) return upgraded_body_end();
  if (!trailers.empty()) trailers_.assign(trailers);
  if (outbound_ != nullptr) outbound_->send_end(trailers);
}

void Call::reply_drained() {
  if (outbound_ != nullptr && state_ == State::replying) outbound_->more_reply();
}

void Call::cancel() {
  if (state_ == State::idle) return;
  if (Outbound* out = std::exchange(outbound_, nullptr)) out->cancel();
  finish();
}

// --- the course of things

void Call::act(const forward::Action& action) {
  if (const auto* attempt = std::get_if<forward::Attempt>(&action)) {
    if (attempt->number > 1) context_.metrics.retries.add();
    return try_peer(attempt->to);
  }
  if (const auto* local = std::get_if<forward::Local>(&action)) {
    if (local->number > 1) context_.metrics.retries.add();
    return try_app();
  }
  if (const auto* wait = std::get_if<forward::Wait>(&action)) {
    count_away();
    if (state_ != State::waiting) context_.waiting.push_back(this);
    state_ = State::waiting;
    timer_.at(wait->until);
    return;
  }
  give_up(std::get<forward::GiveUp>(action));
}

void Call::try_app() {
  leave_waiting_list();
  state_ = State::trying;
  timer_.at(deadline_);
  if (context_.view->app_settings.address.empty())
    return answer(problem(api::Code::app_down, "this node has no app (app.address is not set)"));
  if (context_.view->app_settings.protocol == config::AppProtocol::tchannel)
    return answer(problem(api::Code::app_protocol,
                          "the app of " + context_.view->name + " is called over TChannel (app.protocol)"));
  count_at_app();
  if (context_.room->keeps(*this)) {
    if (exchange_.preferred()) return failed(forward::Outcome::not_executed, "the app restarts");
    return wait_for_app();
  }
  try_is_peer_ = accepted_ = false;
  if (!may_try()) return;
  switch (context_.admission->enter_app(*this, key_)) {
    case Admission::Entry::go: return ask_app();
    case Admission::Entry::wait:
      state_ = State::queued;
      return timer_.at(std::min(deadline_, Clock::now() + context_.config.forward.queue_wait));
    case Admission::Entry::key_full:
      return refuse(api::Code::key_queue_full, context_.metrics.full_key,
                    std::to_string(context_.config.forward.queue_per_key) +
                        " requests for the key are under way (forward.queue_per_key)");
    case Admission::Entry::queue_full:
      return refuse(api::Code::overloaded, context_.metrics.full_queue,
                    std::to_string(context_.config.app.queue) + " requests wait for the app (app.queue)");
  }
}

void Call::ask_app() {
  context_.metrics.requests_local.add();
  context_.load->count(context_.self_address, key_);
  if (context_.config.observability.server_timing) asked_app_ = Clock::now();
  compose(Towards::app);
  Outbound* out = start_at_app();
  if (out == nullptr) return answer(problem(api::Code::overloaded, "the app takes no more streams"));
  replay(out);
}

Outbound* Call::start_at_app() {
  const bool end = without_body();
  if (context_.view->app_settings.protocol == config::AppProtocol::h2c)
    return context_.app_links->start(*this, end);
  return context_.app->start(*this, end, repeated_ || exchange_.attempts() > 1);
}

void Call::try_peer(const forward::Peer& server) {
  leave_waiting_list();
  count_away();
  context_.admission->leave_app(*this);
  context_.room->leave(*this);
  const std::string address(server.address);
  if (const Fault* fault = context_.fault_towards(address)) return meet_fault(*fault, address);
  send_to(address);
}

void Call::send_to(const std::string& address) {
  const PeerKind kind = api::kind_of(*context_.view, address);
  if (kind == PeerKind::ringpop_go)
    return answer(problem(api::Code::peer_has_no_http, who() + " runs ringpop-go"));
  state_ = State::trying;
  timer_.at(deadline_);
  try_is_peer_ = true;
  accepted_ = false;
  if (!may_try()) return;
  context_.metrics.requests_forwarded.add();
  context_.load->count(address, key_);
  compose(kind == PeerKind::ringpop_node ? Towards::ringpop_node : Towards::ringside);
  const bool end = without_body();
  if (kind == PeerKind::ringpop_node) return replay(context_.proxy->start(*this, address, end));
  bool full = false;
  Outbound* out = context_.peers->start(*this, address, end, full);
  if (!full) return replay(out);
  refuse(api::Code::overloaded, context_.metrics.full_owner,
         std::to_string(context_.config.forward.in_flight_per_owner) + " requests to " + who() +
             " are under way (forward.in_flight_per_owner)");
}

// A new try starts with what is known of the body.
void Call::replay(Outbound* outbound) {
  outbound_ = outbound;
  if (outbound_ == nullptr) return failed(forward::Outcome::not_executed, "its link takes no more requests");
  if (without_body()) return;
  if (!replay_.empty()) outbound_->send_body(replay_);
  if (body_ended_) outbound_->send_end(trailers_.get());
}

void Call::ring_changed() {
  if (state_ == State::waiting) act(exchange_.on_wake(Clock::now(), *context_.view->ring));
}

void Call::out_of_time() {
  switch (state_) {
    case State::idle: return;
    case State::waiting: return act(exchange_.on_wake(Clock::now(), *context_.view->ring));
    case State::queued:
      return refuse(api::Code::overloaded, context_.metrics.full_queue_wait,
                    "no place at the app within forward.queue_wait (app.max_concurrency)");
    case State::held:
      return answer(problem(api::Code::app_down, "the app at " + context_.view->app_settings.address +
                                                     " restarts and was not back within the request's time"));
    case State::faulted: return leave_fault();
    case State::trying:
      // While it is the asker who is slow, the asker's connection keeps the time (limits::body_grace).
      if (!body_ended_ && passport_.timeout == Millis::zero() && body_room() > 0) return be_patient();
      if (Outbound* out = std::exchange(outbound_, nullptr)) out->cancel();
      if (full_time()) context_.breakers->failed(target(), "no answer in time");
      return answer(problem(api::Code::timeout, "no answer within the request's time"));
    case State::replying: return reply_stands_still();
  }
}

void Call::finish() {
  leave_waiting_list();
  context_.admission->leave(*this);
  context_.room->leave(*this);
  give_place_back();
  count_away();
  state_ = State::idle;
  timer_.cancel();
  if (upgrade_ != nullptr) leave_upgraded();
  if (replay_.capacity() > limits::replay_bytes / 4) replay_ = std::string();
}

// For the reply's head, from the last piece of the request's body.
Millis Call::patience() const {
  if (!passport_.patience) return context_.config.forward.timeout;
  return *passport_.patience > Millis::zero() ? *passport_.patience : Millis(limits::timeout_max);
}

// What may have run is repeated as often as the route or the configuration says, or less often if the caller
// wants that; a peer's word is what is left of both.
int Call::retries() const {
  if (from_peer_ && passport_.retries >= 0) return std::min(passport_.retries, limits::retries);
  const int most =
      entry_ != nullptr && entry_->rule.retry ? *entry_->rule.retry : context_.config.forward.retry.max;
  return passport_.retries >= 0 ? std::min(most, passport_.retries) : most;
}

// Other workers count for themselves and may be a moment ahead of what is read here: as many requests as
// there are workers can be let in too much.
bool Call::take_place() {
  const std::size_t index = entry_->number - 1;
  std::int64_t under_way = 0;
  for (const auto& worker : context_.all_metrics.workers) under_way += worker->route_requests[index].value();
  if (under_way >= *entry_->rule.concurrency) return false;
  context_.metrics.route_requests[index].add(1);
  has_place_ = true;
  return true;
}

void Call::give_place_back() {
  if (std::exchange(has_place_, false)) context_.metrics.route_requests[entry_->number - 1].add(-1);
}

void Call::leave_waiting_list() {
  if (state_ == State::waiting) std::erase(context_.waiting, this);
}

// --- from the Outbound

void Call::accepted() {
  if (std::exchange(accepted_, true) || body_ended_) return;
  inbound_.send_continue();
  inbound_.more_body();
}

void Call::reply(http::ResponseHead& head, bool end) {
  const ReplyNotes notes = take_reply(head);
  const api::CodeRow* refusal = try_is_peer_ ? error_of_peer(notes.error) : nullptr;
  if (refusal != nullptr && is_look_again(refusal->code) && node_.empty()) {
    last_failure_ = refusal->name;
    if (Outbound* out = std::exchange(outbound_, nullptr)) out->cancel();
    return act(exchange_.on_failure(Clock::now(), forward::Outcome::ring_differs, replayable_,
                                    *context_.view->ring));
  }
  // "executed: no" is true of this try, but not of the request.
  if (refusal != nullptr && !refusal->executed_maybe && exchange_.executed_maybe()) {
    if (Outbound* out = std::exchange(outbound_, nullptr)) out->cancel();
    return answer(problem(refusal->code, "an earlier try was lost under way, and " + exchange_.owner() +
                                             " answered the last one with " + std::string(refusal->name)));
  }
  std::string_view served_by = context_.view->name, hops = scratch_hops_;
  if (try_is_peer_) {
    served_by = notes.served_by.empty() ? exchange_.owner() : notes.served_by;
    if (!notes.hops.empty()) hops = notes.hops;
  }
  // To another ringside only what is not as it expects: that we served it, at the hop that it counted.
  if (!from_peer_ || try_is_peer_) {
    head.fields.push_back({"Ringside-Served-By", served_by, http::Name::ringside_served_by});
    head.fields.push_back({"Ringside-Hops", hops, http::Name::ringside_hops});
  }
  if (try_is_peer_ && !notes.error.empty()) {
    head.fields.push_back({"Ringside-Error", notes.error});
    head.fields.push_back({"Ringside-Executed", notes.executed.empty() ? "maybe" : notes.executed});
  }
  const std::string attempts = std::to_string(exchange_.attempts());  // too short for the heap
  tell_of_ring(head, attempts);
  if (!from_peer_ && !notes.has_request_id)
    head.fields.push_back({"X-Request-Id", passport_.request_id, http::Name::x_request_id});

  const auto now = Clock::now();
  context_.metrics.request_seconds.observe_us(static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(now - started_).count()));
  if (context_.config.observability.server_timing) {
    write_server_timing(now);
    head.fields.push_back({"Server-Timing", scratch_timing_});
  }
  if (exchange_.rerouted()) context_.metrics.reroutes.add();
  context_.breakers->answered(target());
  context_.admission->replied(*this);
  accepted_ = true;
  if (end) {
    outbound_ = nullptr;
    finish();
    return inbound_.send_reply(head, true);
  }
  context_.room->leave(*this);
  state_ = State::replying;
  const bool events = is_event_stream(notes.content_type), grpc = is_grpc_type(notes.content_type);
  const bool measured = head.framing.kind == http::BodyKind::length;
  endless_ = events || grpc || head.status == 101;
  ending_ = grpc ? Ending::grpc_status : events && !measured ? Ending::anywhere : Ending::whole;
  if (head.status == 101) begin_upgrade(head.upgrade);
  last_piece_ = now;
  stream_at_ = now + limits::stream_grace;
  timer_.at(std::min<Instant>(stream_at_, now + context_.config.forward.idle_timeout));
  inbound_.send_reply(head, false);
  if (state_ == State::replying && !body_ended_) inbound_.more_body();
}

std::size_t Call::reply_room() const {
  return room_beside(inbound_.reply_backlog());
}

void Call::reply_body(std::string_view data) {
  if (upgrade_ != nullptr) return upgraded_reply(data);
  if (!endless_) last_piece_ = Clock::now();
  inbound_.send_reply_body(data);
}

void Call::reply_end(const http::Trailers& trailers) {
  if (upgrade_ != nullptr) return upgraded_reply_end();
  outbound_ = nullptr;
  finish();
  inbound_.send_reply_end(trailers);
}

void Call::reply_broken() {
  outbound_ = nullptr;
  finish();
  inbound_.abort_reply();
}

void Call::failed(forward::Outcome outcome, std::string_view why) {
  outbound_ = nullptr;
  last_failure_ = why;
  act(exchange_.on_failure(Clock::now(), outcome, replayable_, *context_.view->ring));
}

// The app is there and is done with this connection, or has enough to do: one more try tells which.
void Call::refused_by_app(const std::string& why) {
  outbound_ = nullptr;
  last_failure_ = why;
  if (replayable_ && !std::exchange(repeated_, true)) return try_app();
  answer(problem(api::Code::overloaded, why));
}

void Call::failed_for_good(api::Code code, std::string why) {
  outbound_ = nullptr;
  answer(problem(code, std::move(why)));
}

void Call::body_drained() {
  if (!body_ended_) inbound_.more_body();
}

}  // namespace ringside::worker
