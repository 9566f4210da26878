// The connection's life: connect, handshake, frames in, calls in both tables, deadlines, the end. What leaves
// the link (write queue, answers, error frames) is in tchannel_link_out.cpp.
#include "daemon/net/tchannel_link.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <stdexcept>
#include <utility>

namespace ringside::net {
namespace {

using tchannel::Assembler;
using tchannel::ErrorCode;
using tchannel::FrameType;
using tchannel::FrameView;

constexpr std::size_t read_bytes = 4096;
constexpr std::size_t read_sealed_bytes = 64 * 1024;  // at once
constexpr std::size_t idle_buffer_bytes = 16384;

// The peer refused the call before it ran anything (spec A.6).
bool is_surely_not_executed(ErrorCode code) {
  return code == ErrorCode::busy || code == ErrorCode::declined || code == ErrorCode::bad_request;
}

}  // namespace

void throw_exception_from_error(const CallFailure& failure, const boost::source_location&) {
  throw std::runtime_error(failure.message);
}

TchannelLink::TchannelLink(boost::asio::io_context& io, std::shared_ptr<const TchannelOptions> options,
                           Events events)
    : options_(std::move(options)),
      events_(std::move(events)),
      socket_(io),
      timer_(io),
      assembler_(options_->assembler),
      last_active_(Clock::now()) {}

void TchannelLink::enter(Stage stage, Duration limit) {
  if (stage_due_ != never) due_.erase({stage_due_, DueKind::stage, 0});
  stage_ = stage;
  stage_due_ = Clock::now() + limit;
  due_.insert({stage_due_, DueKind::stage, 0});
  arm();
}

void TchannelLink::dial(const boost::asio::generic::stream_protocol::endpoint& endpoint,
                        security::TlsSessionPtr tls) {
  dialled_ = true;
  tls_ = std::move(tls);
  enter(Stage::connecting, options_->connect_time);
  socket_.async_connect(
      endpoint, [self = shared_from_this()](boost::system::error_code error) { self->on_connected(error); });
}

void TchannelLink::on_connected(boost::system::error_code error) {
  if (stage_ == Stage::closed) return;
  if (error)
    return close({error == boost::asio::error::connection_refused ? Errc::refused : Errc::connection_lost,
                  error.message()});
  tune_socket();
  enter(Stage::awaiting_init_res, options_->init_time);
  send_init(FrameType::init_req, take_id());
  read();
}

void TchannelLink::adopt(Socket socket, const std::string& first_bytes, security::TlsSessionPtr tls) {
  socket_ = std::move(socket);
  tls_ = std::move(tls);
  tune_socket();
  enter(Stage::awaiting_init_req, options_->init_time);
  in_.assign(first_bytes.begin(), first_bytes.end());
  filled_ = in_.size();
  if (tls_ && !unseal(0)) return;
  take_frames();
  if (stage_ != Stage::closed) read();
}

void TchannelLink::close(CallFailure failure) {
  if (stage_ == Stage::closed) return;
  broke_ = stage_ == Stage::open && !peer_drains_ && failure.code == Errc::connection_lost;
  stage_ = Stage::closed;
  due_.clear();
  timer_.cancel();
  boost::system::error_code ignored;
  socket_.close(ignored);
  inbound_.clear();
  foreign_.clear();
  const auto self = shared_from_this();  // the owner lets go of us in `closed`
  fail_all(failure);
  if (events_.closed) events_.closed(*this, failure.message);
}

void TchannelLink::drain(const std::string& why) {
  if (stage_ != Stage::open) return;
  enter(Stage::draining, limits::tchannel_drain_time);
  send_error(tchannel::no_message_id, ErrorCode::declined, "draining: " + why);
  close_when_drained();
}

void TchannelLink::close_when_drained() {
  if (stage_ != Stage::draining || calls_open() != 0) return;
  enter(Stage::flushing, limits::tchannel_farewell_time);
  flush_soon();
}

// The peer broke the protocol: tell it why, let that arrive, hang up.
void TchannelLink::fatal(std::uint32_t id, const std::string& message) {
  send_error(id, ErrorCode::fatal, message);
  enter(Stage::flushing, limits::tchannel_farewell_time);
  flush_soon();
  blame(message);
  fail_all({Errc::connection_lost, "the peer broke the protocol: " + message});
}

void TchannelLink::blame(const std::string& what) {
  if (events_.misbehaved) events_.misbehaved(*this, what);
}

void TchannelLink::read() {
  socket_.async_read_some(read_room(),
                          [self = shared_from_this()](boost::system::error_code error, std::size_t size) {
                            self->on_read(error, size);
                          });
}

boost::asio::mutable_buffer TchannelLink::read_room() {
  if (tls_) {
    sealed_.resize(std::max(read_bytes, std::min(wanted_, read_sealed_bytes)));
    return boost::asio::buffer(sealed_);
  }
  const std::size_t room = std::max(read_bytes, wanted_);
  if (in_.size() < filled_ + room) in_.resize(filled_ + room);
  return boost::asio::buffer(in_.data() + filled_, in_.size() - filled_);
}

void TchannelLink::on_read(boost::system::error_code error, std::size_t size) {
  if (stage_ == Stage::closed) return;
  if (error) {
    const bool ended = error == boost::asio::error::eof;
    if (ended && tls_ && tls_->state() == security::TlsSession::State::handshake)
      return fail_secured(make_error_code(security::TlsErrc::closed).message());
    if (ended && filled_ > 0) blame("the connection ended within a frame");
    return close({Errc::connection_lost, ended ? "the peer closed the connection" : error.message()});
  }
  last_active_ = Clock::now();
  if (!tls_) {
    filled_ += size;
  } else if (!unseal(size)) {
    return;
  }
  take_frames();
  if (stage_ != Stage::closed) read();
}

// What has been read becomes plaintext in in_. False: the link is closed.
bool TchannelLink::unseal(std::size_t size) {
  using State = security::TlsSession::State;
  const bool shaking = tls_->state() == State::handshake;
  tls_->receive({sealed_.data(), size});
  for (;;) {
    if (in_.size() < filled_ + read_bytes) in_.resize(filled_ + read_bytes);
    const std::size_t count = tls_->read(reinterpret_cast<char*>(in_.data()) + filled_, in_.size() - filled_);
    if (count == 0) break;
    filled_ += count;
  }
  if (shaking) flush_soon();  // our part of the handshake, and what has waited for its end
  if (tls_->state() != State::failed) return true;
  fail_secured(tls_->why());
  return false;
}

void TchannelLink::fail_secured(const std::string& why) {
  std::string alert;
  tls_->take_output(alert);
  boost::system::error_code ignored;
  if (!alert.empty() && writing_.empty()) socket_.write_some(boost::asio::buffer(alert), ignored);
  blame(why);
  close({Errc::connection_lost, why});
}

void TchannelLink::take_frames() {
  std::size_t used = 0;
  wanted_ = 0;
  const bool handshake = stage_ == Stage::awaiting_init_req || stage_ == Stage::awaiting_init_res;
  if (handshake && init_too_large({reinterpret_cast<const char*>(in_.data()), filled_}))
    fatal(tchannel::no_message_id, std::string(init_too_large_text));
  while (stage_ != Stage::closed && stage_ != Stage::flushing) {
    const auto step = tchannel::next_frame({in_.data() + used, filled_ - used});
    if (const auto* more = std::get_if<tchannel::NeedMore>(&step)) {
      wanted_ = more->bytes;
      break;
    }
    if (const auto* error = std::get_if<wire::WireError>(&step)) {
      fatal(tchannel::no_message_id, "bad frame header: " + text_of(*error));
      break;
    }
    const auto& frame = std::get<FrameView>(step);
    used += frame.size;
    on_frame(frame);
  }
  if (stage_ == Stage::flushing) used = filled_;  // nothing more is read from this peer
  std::copy(in_.begin() + static_cast<std::ptrdiff_t>(used),
            in_.begin() + static_cast<std::ptrdiff_t>(filled_), in_.begin());
  filled_ -= used;
  if (filled_ == 0 && in_.size() > idle_buffer_bytes) in_ = {};
}

void TchannelLink::on_frame(const FrameView& frame) {
  const bool is_init = frame.type == FrameType::init_req || frame.type == FrameType::init_res;
  if (stage_ == Stage::awaiting_init_req || stage_ == Stage::awaiting_init_res) {
    if (is_init) return on_init(frame);
    if (frame.type == FrameType::error && stage_ == Stage::awaiting_init_res) return on_error_frame(frame);
    return fatal(frame.id,
                 "expected an init frame, got type " + std::to_string(static_cast<unsigned>(frame.type)));
  }
  switch (frame.type) {
    case FrameType::init_req:
    case FrameType::init_res: return fatal(frame.id, "a second init frame");
    case FrameType::call_req:
    case FrameType::call_req_continue: return on_request_frame(frame);
    case FrameType::call_res:
    case FrameType::call_res_continue: return on_response_frame(frame);
    case FrameType::cancel: return on_cancel(frame);
    case FrameType::claim: return;  // a hint of no use to us (spec A.6)
    case FrameType::ping_req: tchannel::write_ping(out_, FrameType::ping_res, frame.id); return flush_soon();
    case FrameType::ping_res: return;  // we send no pings
    case FrameType::error: return on_error_frame(frame);
  }
  fatal(tchannel::no_message_id, "unknown frame type " + std::to_string(static_cast<unsigned>(frame.type)));
}

void TchannelLink::on_init(const FrameView& frame) {
  const bool accepted = stage_ == Stage::awaiting_init_req;
  const auto expected = accepted ? FrameType::init_req : FrameType::init_res;
  if (frame.type != expected) return fatal(frame.id, "init req and init res are mixed up");
  auto identity = judge_init(frame.payload);
  if (!identity) return fatal(frame.id, identity.error());
  identity_ = std::move(*identity);
  if (accepted) send_init(FrameType::init_res, frame.id);
  become_open();
}

void TchannelLink::become_open() {
  // The acceptor waits twice as long before it hangs up, so that the two do not do it at the same moment.
  enter(Stage::open, dialled_ ? options_->idle_time : 2 * options_->idle_time);
  for (auto& [id, call] : outbound_) {
    if (!call.unsent) continue;
    send_call(id, *std::exchange(call.unsent, std::nullopt), call.deadline, call.lane);
  }
  if (events_.opened) events_.opened(*this);
}

void TchannelLink::on_request_frame(const FrameView& frame) {
  if (frame.type == FrameType::call_req && (inbound_.contains(frame.id) || foreign_.contains(frame.id)))
    return fatal(frame.id, "call id " + std::to_string(frame.id) + " is still open");
  if (is_foreign(frame)) return on_foreign_frame(frame);
  auto result = assembler_.take(frame);
  if (std::holds_alternative<Assembler::Pending>(result)) {
    if (frame.type == FrameType::call_req) expect_rest(frame.id);
    return;
  }
  forget_rest(frame.id);
  if (const auto* broken = std::get_if<Assembler::Broken>(&result)) return on_broken(*broken);
  on_call(frame.id, std::move(std::get<std::pair<std::uint32_t, tchannel::CallRequest>>(result).second));
}

void TchannelLink::on_response_frame(const FrameView& frame) {
  if (!outbound_.contains(frame.id)) return;  // too late: nobody waits any more
  auto result = assembler_.take(frame);
  if (std::holds_alternative<Assembler::Pending>(result)) return;
  if (const auto* broken = std::get_if<Assembler::Broken>(&result)) return on_broken(*broken);
  finish(frame.id, std::move(std::get<std::pair<std::uint32_t, tchannel::CallResponse>>(result).second));
}

void TchannelLink::on_broken(const Assembler::Broken& broken) {
  const std::string what = "malformed call: " + text_of(broken.error);
  if (broken.fatal) return fatal(broken.id, what);
  blame(what);
  if (!broken.is_request) return finish(broken.id, CallFailure{Errc::bad_message, what, true});
  send_error(broken.id, ErrorCode::bad_request, what);
}

void TchannelLink::on_call(std::uint32_t id, tchannel::CallRequest request) {
  if (request.ttl_ms == 0) return fatal(id, "the ttl of a call must not be 0");
  if (stage_ == Stage::draining)
    return send_error(id, ErrorCode::declined, "the connection is draining", request.tracing);
  if (inbound_.size() >= options_->in_flight)
    return send_error(id, ErrorCode::busy, "too many open calls", request.tracing);
  const Instant deadline = Clock::now() + Millis(request.ttl_ms);
  const std::uint64_t serial = next_serial_++;
  inbound_.emplace(id, Inbound{serial, deadline, AnswerStyle(request)});
  due_.insert({deadline, DueKind::inbound, id});
  arm();
  const CallResponder responder([weak = weak_from_this(), id, serial](CallOutcome outcome) {
    if (const auto self = weak.lock()) self->answer(id, serial, std::move(outcome));
  });
  events_.call({.request = std::move(request),
                .responder = responder,
                .peer = identity_.host_port,
                .deadline = deadline,
                .secured = secured(),
                .peer_names = peer_names()});
}

void TchannelLink::on_error_frame(const FrameView& frame) {
  const auto error = tchannel::parse_error(frame.payload);
  if (!error) return fatal(frame.id, "malformed error frame: " + text_of(error.error()));
  const std::string message = std::string(tchannel::to_string(error->code)) + ": " + error->message;
  const bool handshake = stage_ == Stage::awaiting_init_res;
  if (handshake) blame("the peer said " + message);
  if (handshake || error->code == ErrorCode::fatal)
    return close({Errc::connection_lost, "the peer said " + message});
  if (frame.id != tchannel::no_message_id)
    return finish(frame.id, CallFailure{Errc::remote_error, message, !is_surely_not_executed(error->code)});
  if (error->code != ErrorCode::declined) return close({Errc::connection_lost, "the peer said " + message});
  peer_drains_ = true;  // open calls go on, new ones take another connection (spec A.6)
}

void TchannelLink::on_cancel(const FrameView& frame) {
  if (foreign_.contains(frame.id)) return on_foreign_frame(frame);
  const auto cancel = tchannel::parse_cancel(frame.payload);
  if (!cancel) return fatal(frame.id, "malformed cancel: " + text_of(cancel.error()));
  const auto call = inbound_.find(frame.id);
  if (call == inbound_.end()) return;  // answered already
  answer(frame.id, call->second.serial, tchannel::Error{ErrorCode::cancelled, {}, "cancelled by the caller"});
}

// A request that never gets its last frame must not hold memory for ever.
void TchannelLink::expect_rest(std::uint32_t id) {
  const Instant until = Clock::now() + options_->fragment_time;
  half_built_.emplace(id, until);
  due_.insert({until, DueKind::half_built, id});
  arm();
}

void TchannelLink::forget_rest(std::uint32_t id) {
  const auto entry = half_built_.find(id);
  if (entry == half_built_.end()) return;
  due_.erase({entry->second, DueKind::half_built, id});
  half_built_.erase(entry);
}

void TchannelLink::arm() {
  if (due_.empty() || due_.begin()->at >= armed_) return;
  armed_ = due_.begin()->at;
  timer_.expires_at(armed_);
  timer_.async_wait([self = shared_from_this()](boost::system::error_code aborted) {
    if (!aborted && self->stage_ != Stage::closed) self->on_timer();
  });
}

void TchannelLink::on_timer() {
  armed_ = never;
  const Instant now = Clock::now();
  while (!due_.empty() && due_.begin()->at <= now) {
    const Due due = *due_.begin();
    due_.erase(due_.begin());
    on_due(due);
  }
  arm();
}

void TchannelLink::on_due(const Due& due) {
  switch (due.kind) {
    case DueKind::stage: return on_stage_due();
    case DueKind::outbound:
      return finish(due.id, CallFailure{Errc::timed_out, "no answer in time", was_sent(due.id)});
    case DueKind::inbound:
      return answer(due.id, inbound_.at(due.id).serial,
                    tchannel::Error{ErrorCode::timeout, {}, "the handler took longer than the ttl"});
    case DueKind::half_built:
      forget_rest(due.id);
      assembler_.forget(due.id, true);
      blame("the rest of a call did not come");
      return send_error(due.id, ErrorCode::timeout, "the rest of the call did not come");
  }
}

void TchannelLink::on_stage_due() {
  stage_due_ = never;
  switch (stage_) {
    case Stage::connecting: return close({Errc::timed_out, "no connection in time"});
    case Stage::awaiting_init_req: blame("no init frame in time"); [[fallthrough]];
    case Stage::awaiting_init_res: return close({Errc::timed_out, "no init frame in time"});
    case Stage::open: {
      const Duration idle = dialled_ ? options_->idle_time : 2 * options_->idle_time;
      const Duration left = last_active_ + idle - Clock::now();
      if (calls_open() != 0 || left > Duration::zero())
        return enter(Stage::open, std::max<Duration>(left, idle / 4));
      return drain("idle");
    }
    case Stage::draining: return close({Errc::timed_out, "calls were still open at the end of the drain"});
    case Stage::flushing: return close({Errc::connection_lost, "the connection was ended by us"});
    case Stage::closed: return;
  }
}

}  // namespace ringside::net
