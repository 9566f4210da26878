#include "daemon/worker/tchannel_session.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "daemon/base/limits.hpp"

namespace ringside::worker {

using tchannel::ErrorCode;
using tchannel::FrameType;
using tchannel::FrameView;

TchannelSession::TchannelSession(Context& context, Side side, OnClosed on_closed)
    : context_(context),
      side_(side),
      on_closed_(std::move(on_closed)),
      timer_(context.timers, [this] { on_time(); }),
      stall_timer_(context.timers, [this] { on_stall(); }),
      incoming_(context, *this, 0) {}

TchannelSession::~TchannelSession() = default;

// --- the connection's life

void TchannelSession::accept(net::Socket socket, std::string_view first_bytes) {
  stage_ = Stage::awaiting_init_req;
  timer_.after(limits::tchannel_init_time);
  stream_.emplace(std::move(socket), *this, limits::link_buffer_bytes);
  stream_->feed(first_bytes);
  stream_->read();
}

void TchannelSession::accept(net::Stream&& stream) {
  stage_ = Stage::awaiting_init_req;
  timer_.after(limits::tchannel_init_time);
  stream_.emplace(std::move(stream), *this, limits::link_buffer_bytes);
  stream_->read();
}

void TchannelSession::dial(const Address& address, Duration timeout, int hop) {
  hop_ = hop;
  target_ = address.to_string();
  connector_.emplace(context_.io, context_.timers, address, timeout,
                     [this](Result<net::Socket> socket) { on_connected(std::move(socket)); });
}

void TchannelSession::on_connected(Result<net::Socket> socket) {
  if (stage_ != Stage::connecting) return;
  if (!socket) return close(false, socket.error().message());
  stage_ = Stage::awaiting_init_res;
  timer_.after(limits::tchannel_init_time);
  const auto* tls = side_ == Side::owner ? context_.security.dials_with() : nullptr;
  stream_.emplace(std::move(*socket), *this, limits::link_buffer_bytes,
                  tls == nullptr ? nullptr : tls->dial(security::Protocol::calls, context_.name_of(target_)));
  // Nobody is to call us over a connection that carries our calls: it announces no address.
  send_init(FrameType::init_req, take_id(), std::string(net::nowhere), hop_);
  stream_->read();
}

void TchannelSession::send_init(FrameType type, std::uint32_t id, std::string host_port, int hop) {
  const net::TchannelSelf self{std::move(host_port), "ringside[" + std::to_string(::getpid()) + "]",
                               RINGSIDE_VERSION, hop};
  tchannel::write_init(pending_, type, id, net::make_init(self));
  wants_flush();
}

void TchannelSession::on_init(const FrameView& frame) {
  const bool accepted = stage_ == Stage::awaiting_init_req;
  if (frame.type != (accepted ? FrameType::init_req : FrameType::init_res))
    return break_off(frame.id,
                     "expected an init frame, got type " + std::to_string(static_cast<unsigned>(frame.type)));
  const auto identity = net::judge_init(frame.payload);
  if (!identity) return break_off(frame.id, identity.error());
  incoming_.set_hops(incoming_hops(*identity));
  if (accepted) send_init(FrameType::init_res, frame.id, context_.self_address, 0);
  stage_ = Stage::open;
  timer_.cancel();
  const auto waiting = outgoing_;  // a call that begins may end at once
  for (const auto& [id, call] : waiting)
    if (outgoing_.contains(id)) call->opened();
  if (context_.draining && accepted) drain();
}

// What a client says of hops is not believed; what a member calls over a connection that we dialled has come
// to us from it.
int TchannelSession::incoming_hops(const net::TchannelIdentity& identity) const {
  switch (side_) {
    case Side::client:
    case Side::app: return 0;
    case Side::owner: return 1;
    case Side::peer: return std::max(1, identity.hop);
  }
  return 1;
}

void TchannelSession::on_time() {
  if (stage_ == Stage::leaving) return close(true, "the connection was ended by us");
  close(false, "no init frame in time");
}

void TchannelSession::drain() {
  if (ending_ || stage_ > Stage::open) return;
  ending_ = true;
  if (stage_ == Stage::open)
    tchannel::write(pending_, tchannel::no_message_id,
                    tchannel::Error{ErrorCode::declined, {}, "draining: this node is leaving"});
  wants_flush();
}

void TchannelSession::retire() {
  ending_ = true;
  wants_flush();
}

void TchannelSession::close_when_done() {
  if (ending_ && stage_ < Stage::leaving && unused() && backlog() == 0) leave();
}

// What is queued is still written, then we end our half; the other side ends its own, or has had its time.
void TchannelSession::leave() {
  if (!stream_) return close(false, "no call needs the connection any more");
  stage_ = Stage::leaving;
  timer_.after(limits::tchannel_farewell_time);
  stream_->end_output();
  stalled_ = false;
  stream_->read();  // to see its end
}

// The other side broke the protocol: it is told why, and hung up on.
void TchannelSession::break_off(std::uint32_t id, const std::string& why) {
  if (stage_ >= Stage::leaving || !stream_) return;
  context_.metrics.bad_requests.add();
  tchannel::write(pending_, id, tchannel::Error{ErrorCode::fatal, {}, why});
  const bool was_open = stage_ == Stage::open;
  stage_ = Stage::leaving;  // before anything else: the calls must not write any more
  incoming_.drop_all();
  fail_calls(was_open, "it broke the protocol: " + why);
  given_ += pending_.size();
  stream_->out() += std::exchange(pending_, {});
  leave();
}

void TchannelSession::close(bool maybe_executed, const std::string& why) {
  if (stage_ == Stage::closed) return;
  stage_ = Stage::closed;
  const std::string reason = why;  // may belong to something that goes away below
  connector_.reset();
  timer_.cancel();
  stall_timer_.cancel();
  incoming_.drop_all();
  on_closed_(*this);  // first: a call that is tried again must not find this connection
  fail_calls(maybe_executed, reason);
}

void TchannelSession::fail_calls(bool maybe_executed, const std::string& why) {
  for (const auto& [id, call] : std::exchange(outgoing_, {})) call->lost(maybe_executed, why);
}

void TchannelSession::on_eof() {
  close(stage_ >= Stage::open, "the other side closed the connection");
}

void TchannelSession::on_broken(boost::system::error_code error) {
  close(stage_ >= Stage::open, error.message());
}

// --- calls of ours

std::optional<std::uint32_t> TchannelSession::attach(RelayCall& call) {
  if (outgoing_.size() >= limits::relay_calls) return std::nullopt;
  const std::uint32_t id = take_id();
  outgoing_.emplace(id, &call);
  return id;
}

void TchannelSession::detach(std::uint32_t id) {
  outgoing_.erase(id);
  if (ending_) wants_flush();
}

// Ids go round; one that is still open is skipped.
std::uint32_t TchannelSession::take_id() {
  for (;;) {
    const std::uint32_t id = next_id_;
    next_id_ = next_id_ + 1 == tchannel::no_message_id ? 1 : next_id_ + 1;
    if (!outgoing_.contains(id)) return id;
  }
}

// --- frames in

void TchannelSession::on_bytes() {
  while (stage_ < Stage::leaving) {
    const std::string_view bytes = stream_->buffered();
    if (in_handshake() && net::init_too_large(bytes))
      return break_off(tchannel::no_message_id, std::string(net::init_too_large_text));
    const auto step =
        tchannel::next_frame({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
    if (std::holds_alternative<tchannel::NeedMore>(step)) return;
    if (const auto* error = std::get_if<wire::WireError>(&step))
      return break_off(tchannel::no_message_id, "bad frame header: " + net::text_of(*error));
    const auto& frame = std::get<FrameView>(step);
    if (!on_frame(frame)) {
      stalled_ = true;
      return stream_->pause();
    }
    stream_->consume(frame.size);
    if (side_ == Side::client) context_.metrics.bytes_in.add(frame.size);
  }
  stream_->consume(stream_->buffered().size());
}

// False: there is no room for it now; it stays where it is until resume().
bool TchannelSession::on_frame(const FrameView& frame) {
  if (in_handshake()) {
    if (frame.type == FrameType::error) {
      on_error_frame(frame);
    } else {
      on_init(frame);
    }
    return true;
  }
  switch (frame.type) {
    case FrameType::call_req:
    case FrameType::call_req_continue:
    case FrameType::cancel: return incoming_.take(frame);
    case FrameType::call_res:
    case FrameType::call_res_continue: return on_response(frame);
    case FrameType::ping_req: return on_ping(frame.id);
    case FrameType::error: on_error_frame(frame); return true;
    case FrameType::claim:     // a hint of no use to us
    case FrameType::ping_res:  // we send no pings
      return true;
    case FrameType::init_req:
    case FrameType::init_res: break_off(frame.id, "a second init frame"); return true;
  }
  break_off(tchannel::no_message_id,
            "unknown frame type " + std::to_string(static_cast<unsigned>(frame.type)));
  return true;
}

bool TchannelSession::on_ping(std::uint32_t id) {
  if (!has_room()) return false;
  tchannel::write_ping(pending_, FrameType::ping_res, id);
  wants_flush();
  return true;
}

bool TchannelSession::on_response(const FrameView& frame) {
  const auto found = outgoing_.find(frame.id);
  if (found == outgoing_.end()) return true;  // too late: nobody waits any more
  RelayCall& call = *found->second;
  if (!call.takes_response()) return false;
  const bool first = frame.type == FrameType::call_res;
  const auto head = first ? tchannel::parse_response_head(frame.payload) : tchannel::ResponseHead{};
  const auto more = tchannel::parse_more(frame.payload);
  if (!head || !more) {
    break_off(frame.id, "malformed answer: " + net::text_of(!head ? head.error() : more.error()));
    return true;
  }
  const bool fits = first ? call.response_begins(tchannel::bytes_of(frame), *head)
                          : call.response_goes_on(tchannel::bytes_of(frame), *more);
  if (!fits) break_off(frame.id, first ? "an answer began twice" : "an answer goes on that has not begun");
  return true;
}

void TchannelSession::on_error_frame(const FrameView& frame) {
  const auto error = tchannel::parse_error(frame.payload);
  if (!error) return break_off(frame.id, "malformed error frame: " + net::text_of(error.error()));
  const std::string message = std::string(tchannel::to_string(error->code)) + ": " + error->message;
  if (in_handshake() || error->code == ErrorCode::fatal)
    return close(!in_handshake(), "the other side said " + message);
  if (frame.id == tchannel::no_message_id) {
    if (error->code != ErrorCode::declined) return close(true, "the other side said " + message);
    return retire();  // it drains: open calls go on, new ones take another connection
  }
  const auto found = outgoing_.find(frame.id);
  if (found != outgoing_.end()) found->second->error_frame(tchannel::bytes_of(frame), *error);
}

// --- frames out

void TchannelSession::wants_flush() {
  if (stage_ == Stage::closed) return;
  if (side_ == Side::owner || side_ == Side::peer) return context_.turn.flush_link(*this);
  context_.turn.flush(*this);
}

bool TchannelSession::has_room() {
  if (backlog() < limits::relay_queue_bytes) return true;
  crowded_ = true;
  return false;
}

void TchannelSession::flush() {
  if (stage_ == Stage::closed) return;
  if (stream_ && stage_ < Stage::leaving && !pending_.empty()) {
    given_ += pending_.size();
    if (side_ == Side::client) context_.metrics.bytes_out.add(pending_.size());
    if (stream_->out().empty()) {
      std::swap(stream_->out(), pending_);
    } else {
      stream_->out() += pending_;
    }
    pending_.clear();
    stream_->flush();
  }
  if (backlog() > 0 && stream_ && !stall_timer_.pending()) {
    taken_ = given_ - stream_->backlog();
    stall_timer_.after(patience());
  }
  if (backlog() == 0) room_again();
}

void TchannelSession::on_drained() {
  room_again();
}

// Everything queued has been taken.
void TchannelSession::room_again() {
  stall_timer_.cancel();
  if (std::exchange(crowded_, false)) {
    incoming_.resume_callees();
    for (const auto& entry : outgoing_) entry.second->caller_may_go_on();
    resume();
  }
  close_when_done();
}

void TchannelSession::on_stall() {
  const std::uint64_t taken = given_ - stream_->backlog();
  if (std::exchange(taken_, taken) == taken) return close(true, "it takes nothing of what is queued for it");
  stall_timer_.after(patience());
}

Duration TchannelSession::patience() const {
  return std::min<Duration>(limits::relay_stall_time, context_.config.forward.idle_timeout);
}

void TchannelSession::resume() {
  if (!std::exchange(stalled_, false) || stage_ == Stage::closed) return;
  stream_->read();
}

}  // namespace ringside::worker
