// The sending half of a TChannel link: our calls, answers to the peer's, and the write queue. See
// tchannel_link.hpp.
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "daemon/net/tchannel_link.hpp"

namespace ringside::net {
namespace {

using tchannel::ErrorCode;
using tchannel::FrameType;

constexpr std::size_t idle_buffer_bytes = 64 * 1024;
constexpr int unacknowledged_ms = 10'000;
constexpr int unsent_bytes = 128 * 1024;
constexpr std::size_t app_piece_bytes = 64 * 1024;  // at least one frame

}  // namespace

void TchannelLink::tune_socket() {
  const int on = 1;
  ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  // A host that vanished acknowledges nothing. Without a limit the kernel would go on for a quarter of an
  // hour, and calls would still be put on this connection after the host is back.
  ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged_ms,
               sizeof unacknowledged_ms);
  // What the kernel holds cannot be overtaken any more: a ping behind a large body would wait for all of it.
  ::setsockopt(socket_.native_handle(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent_bytes, sizeof unsent_bytes);
}

void TchannelLink::send_init(FrameType type, std::uint32_t id) {
  tchannel::write_init(out_, type, id, make_init(*options_));
  flush_soon();
}

void TchannelLink::call(tchannel::CallRequest request, Instant deadline, CallDone done, Lane lane) {
  if (!takes_calls())
    return fail_later(std::move(done), {Errc::connection_lost, "the connection is closing"});
  if (outbound_.size() >= options_->in_flight)
    return fail_later(std::move(done), {Errc::too_large, "too many open calls on one connection"});
  if (queued_bytes() > options_->write_bytes ||
      (lane == Lane::app && app_bytes() + request.arg3.size() > options_->app_bytes))
    return fail_later(std::move(done), {Errc::too_large, "the peer does not read: too much is queued"});
  const std::uint32_t id = take_id();
  auto& entry = outbound_.emplace(id, Outbound{std::move(done), deadline, lane, std::nullopt}).first->second;
  due_.insert({deadline, DueKind::outbound, id});
  arm();
  if (stage_ == Stage::open) return send_call(id, std::move(request), deadline, lane);
  entry.unsent = std::move(request);
}

// Ids go round; one that is still open is skipped.
std::uint32_t TchannelLink::take_id() {
  for (;;) {
    const std::uint32_t id = next_id_;
    next_id_ = next_id_ + 1 == tchannel::no_message_id ? 1 : next_id_ + 1;
    if (!outbound_.contains(id)) return id;
  }
}

void TchannelLink::send_call(std::uint32_t id, tchannel::CallRequest request, Instant deadline, Lane lane) {
  const auto left = std::chrono::ceil<Millis>(deadline - Clock::now()).count();
  request.ttl_ms = static_cast<std::uint32_t>(std::clamp<std::int64_t>(left, 1, 0x7fffffff));
  tchannel::write(lane == Lane::app ? app_out_ : out_, id, request);
  flush_soon();
}

bool TchannelLink::was_sent(std::uint32_t id) const {
  const auto call = outbound_.find(id);
  return call != outbound_.end() && !call->second.unsent;
}

void TchannelLink::finish(std::uint32_t id, CallResult result) {
  auto entry = outbound_.extract(id);
  if (entry.empty()) return;
  due_.erase({entry.mapped().deadline, DueKind::outbound, id});
  assembler_.forget(id, false);
  close_when_drained();
  entry.mapped().done(std::move(result));
}

void TchannelLink::fail_all(const CallFailure& failure) {
  for (auto& [id, call] : std::exchange(outbound_, {})) {
    due_.erase({call.deadline, DueKind::outbound, id});
    call.done(CallFailure{failure.code, failure.message, !call.unsent});
  }
}

void TchannelLink::fail_later(CallDone done, CallFailure failure) {
  boost::asio::post(socket_.get_executor(),
                    [done = std::move(done), failure = std::move(failure)] { done(failure); });
}

void TchannelLink::answer(std::uint32_t id, std::uint64_t serial, CallOutcome outcome) {
  const auto call = inbound_.find(id);
  if (call == inbound_.end() || call->second.serial != serial) return;
  const auto* answer = std::get_if<CallAnswer>(&outcome);
  const bool app_lane = answer != nullptr && answer->lane == Lane::app;
  if (app_lane && app_bytes() + answer->arg3.size() > options_->app_bytes)
    outcome = tchannel::Error{ErrorCode::unexpected, {}, "too much is queued for you: read faster"};
  write_outcome(app_lane ? app_out_ : out_, id, call->second.style, std::move(outcome));
  due_.erase({call->second.deadline, DueKind::inbound, id});
  inbound_.erase(call);
  flush_soon();
  close_when_drained();
}

void TchannelLink::send_error(std::uint32_t id, ErrorCode code, std::string message,
                              const tchannel::Tracing& tracing) {
  tchannel::write(out_, id, tchannel::Error{code, tracing, std::move(message)});
  flush_soon();
}

void TchannelLink::flush_soon() {
  if (flush_posted_ || (!writing_.empty() && out_.size() <= flood_bytes())) return;
  flush_posted_ = true;
  boost::asio::post(socket_.get_executor(), [self = shared_from_this()] { self->flush(); });
}

void TchannelLink::flush() {
  flush_posted_ = false;
  if (stage_ == Stage::closed) return;
  if (out_.size() > flood_bytes()) {
    blame("the peer does not read");
    return close({Errc::connection_lost, "the peer does not read: too much is queued"});
  }
  if (!writing_.empty()) return;
  const bool shaking = tls_ && tls_->state() == security::TlsSession::State::handshake;
  if (out_.empty() && !shaking) take_app_frames();
  if (out_.empty() && !shaking) {
    boost::system::error_code ignored;
    if (stage_ == Stage::flushing) socket_.shutdown(Socket::shutdown_send, ignored);
    return;
  }
  if (!tls_) {
    std::swap(out_, writing_);
  } else if (!seal()) {
    return;
  }
  boost::asio::async_write(
      socket_, boost::asio::buffer(writing_),
      [self = shared_from_this()](boost::system::error_code error, std::size_t) { self->on_written(error); });
}

// The frames, or what the handshake has to say before them, encrypted. False: there is nothing to write now.
bool TchannelLink::seal() {
  if (tls_->state() != security::TlsSession::State::handshake) {
    tls_->write(out_);
    out_.clear();
  }
  tls_->take_output(writing_);
  return !writing_.empty();
}

// Whole frames only: frames of different calls may stand in any order, parts of frames may not.
void TchannelLink::take_app_frames() {
  std::size_t end = app_taken_;
  while (end < app_out_.size()) {
    const auto byte = [&](std::size_t at) { return std::size_t{static_cast<unsigned char>(app_out_[at])}; };
    const std::size_t frame = byte(end) << 8 | byte(end + 1);
    if (end > app_taken_ && end + frame - app_taken_ > app_piece_bytes) break;
    end += frame;
  }
  out_.append(app_out_, app_taken_, end - app_taken_);
  foreign_writing_ = std::min(foreign_unwritten_, end - app_taken_);
  foreign_unwritten_ -= foreign_writing_;
  app_taken_ = end;
  if (app_taken_ < app_out_.size()) return;
  app_out_ = {};
  app_taken_ = 0;
}

void TchannelLink::on_written(boost::system::error_code error) {
  if (stage_ == Stage::closed) return;
  if (error) return close({Errc::connection_lost, error.message()});
  if (writing_.capacity() > idle_buffer_bytes) writing_ = {};
  writing_.clear();
  if (foreign_writing_ > 0) events_.foreign_written(*this, std::exchange(foreign_writing_, 0));
  flush();
}

}  // namespace ringside::net
