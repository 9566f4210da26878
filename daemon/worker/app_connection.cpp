#include "daemon/worker/app_connection.hpp"

#include <algorithm>

#include "daemon/base/limits.hpp"

namespace ringside::worker {
namespace {

constexpr std::size_t buffer_max = limits::head_bytes + limits::read_ahead_bytes;

}  // namespace

AppConnection::AppConnection(Context& context, AppPool& pool)
    : context_(context), pool_(pool), parser_(http_limits) {}

AppConnection::~AppConnection() = default;

void AppConnection::connect(const Address& address, Duration timeout) {
  connector_.emplace(context_.io, context_.timers, address, timeout,
                     [this](Result<net::Socket> socket) { on_connected(std::move(socket)); });
}

void AppConnection::on_connected(Result<net::Socket> socket) {
  if (!socket) {
    Call* call = std::exchange(call_, nullptr);
    const auto error = socket.error();
    close();
    if (call != nullptr) call->app_unreachable(error.message(), net::nobody_listens(error));
    return;
  }
  stream_.emplace(std::move(*socket), *this, buffer_max);
  stream_->read();
  if (call_ == nullptr) return pool_.put_back(*this);  // the asker went away meanwhile
  stream_->out().swap(waiting_output_);
  context_.turn.flush(*this);
}

void AppConnection::start(Call& call, bool end) {
  call_ = &call;
  request_ended_ = end;
  in_body_ = reply_started_ = head_sent_ = false;
  interim_ = 0;
  const auto& head = call.head();
  chunked_request_ = head.framing.kind == http::BodyKind::chunked;
  std::string& out = stream_ ? stream_->out() : waiting_output_;
  http1::write(out, head);
  if (end && chunked_request_) http1::write_last_chunk(out);
  if (stream_) context_.turn.flush(*this);
}

void AppConnection::send_body(std::string_view data) {
  std::string& out = stream_ ? stream_->out() : waiting_output_;
  if (chunked_request_) {
    http1::write_chunk(out, data);
  } else if (head_sent_ && data.size() >= limits::long_piece_bytes) {
    stream_->send_through(data);
  } else {
    out.append(data);
  }
  if (stream_) context_.turn.flush(*this);
}

void AppConnection::send_end(const http::Trailers& trailers) {
  request_ended_ = true;
  if (upgraded_) {
    stream_->end_output();
    if (reply_over_) part();
    return;
  }
  if (!chunked_request_) return;
  http1::write_last_chunk(stream_ ? stream_->out() : waiting_output_, trailers);
  if (stream_) context_.turn.flush(*this);
}

std::size_t AppConnection::body_backlog() const {
  return stream_ ? stream_->backlog() : waiting_output_.size();
}

void AppConnection::more_reply() {
  if (in_body_ && call_ != nullptr) {
    read_reply();
    if (stream_ && !closed_) stream_->read();
  }
}

void AppConnection::cancel() {
  call_ = nullptr;
  close();  // what the app still says belongs to nobody
}

void AppConnection::flush() {
  if (!stream_ || closed_) return;
  stream_->flush();
  head_sent_ = true;
  if (upgraded_ && call_ == nullptr && !closed_) return part();
  if (closed_ || call_ == nullptr || request_ended_) return;
  call_->accepted();  // the app has the head: from here on it may be running. The body that follows may end
                      // the call
  if (!closed_ && call_ != nullptr && stream_->backlog() == 0) call_->body_drained();
}

void AppConnection::on_drained() {
  if (upgraded_ && call_ == nullptr && !closed_) return part();
  if (!closed_ && call_ != nullptr && !request_ended_) call_->body_drained();
}

void AppConnection::on_bytes() {
  if (closed_) return;
  if (call_ == nullptr) return close();  // bytes that nobody asked for must never meet a later request
  if (!head_sent_) {  // a reply to nothing: it would be paired with our request, and ours with the next
    Call* call = std::exchange(call_, nullptr);
    close();
    return call->failed_for_good(api::Code::app_error, "the app spoke before it was asked");
  }
  reply_started_ = true;
  read_reply();
}

void AppConnection::read_reply() {
  while (call_ != nullptr && !closed_) {
    const bool again = in_body_ ? read_body() : read_head();
    if (!again) return;
  }
}

// True: go on reading. False: needs more bytes, or the reply is over.
bool AppConnection::read_head() {
  auto step = parser_.next(stream_->buffered(), call_->to_head());
  if (std::holds_alternative<http1::NeedMore>(step)) return false;
  if (const auto* refusal = std::get_if<http1::Refusal>(&step)) {
    Call* call = std::exchange(call_, nullptr);
    close();
    call->failed_for_good(api::Code::app_error,
                          "the app's reply is malformed: " + std::string(refusal->reason));
    return false;
  }
  const auto& complete = std::get<http1::Complete<http::ResponseHead>>(step);
  reply_ = *complete.head;
  http::ResponseHead& head = reply_;
  if (head.status < 200) {
    if (head.status == 101 && !call_->head().upgrade.empty()) return read_switch(head, complete.length);
    stream_->consume(complete.length);
    if (head.status != 101 && ++interim_ <= limits::interim_replies) return true;
    Call* call = std::exchange(call_, nullptr);
    close();
    call->failed_for_good(api::Code::app_error, head.status == 101
                                                    ? "the app switched protocols without being asked"
                                                    : "the app sent too many interim replies");
    return false;
  }
  keep_alive_ = head.keep_alive && head.framing.kind != http::BodyKind::until_close;
  const bool empty = call_->to_head() || head.framing.kind == http::BodyKind::none ||
                     (head.framing.kind == http::BodyKind::length && head.framing.length == 0);
  // The head's views are in the buffer: pass it on before the bytes are given back.
  Call* call = call_;
  if (empty) {
    call_ = nullptr;
    call->reply(head, true);
    stream_->consume(complete.length);
    finished(keep_alive_);
    return false;
  }
  in_body_ = true;
  body_ = http1::BodyReader(head.framing, http_limits);
  call->reply(head, false);
  if (!closed_) stream_->consume(complete.length);
  return call_ != nullptr;
}

// The app has taken the upgrade that it was offered: from here on the bytes are the tunnel's.
bool AppConnection::read_switch(http::ResponseHead& head, std::size_t length) {
  Call* call = call_;
  if (!http::equals_ignore_case(head.upgrade, call->head().upgrade)) {
    call_ = nullptr;
    close();
    call->failed_for_good(api::Code::app_error, "the app switched to another protocol than it was asked for");
    return false;
  }
  upgraded_ = in_body_ = true;
  reply_over_ = request_ended_ = chunked_request_ = false;
  body_ = http1::BodyReader({http::BodyKind::until_close, 0});
  call->reply(head, false);
  if (!closed_) stream_->consume(length);
  return call_ != nullptr;
}

// Both sides have ended the tunnel; what was said last is still to be written.
void AppConnection::part() {
  call_ = nullptr;
  if (stream_->backlog() == 0) close();
}

bool AppConnection::read_body() {
  const std::size_t room = call_->reply_room();
  if (room == 0) {
    stream_->pause();
    return false;
  }
  auto step = body_.next(stream_->buffered().substr(0, room));
  const auto* piece = std::get_if<http1::BodyReader::Piece>(&step);
  if (piece == nullptr) {
    lost("the app's reply is malformed");
    return false;
  }
  if (!piece->data.empty()) call_->reply_body(piece->data);
  stream_->consume(piece->consumed);
  if (!piece->finished) return piece->consumed > 0;
  Call* call = std::exchange(call_, nullptr);
  finished(keep_alive_);
  call->reply_end(body_.trailers());
  return false;
}

// The reply is complete. Bytes behind it, or a request that the app did not read to its end, spoil the
// connection.
void AppConnection::finished(bool reusable) {
  in_body_ = false;
  if (reusable && request_ended_ && stream_->backlog() == 0 && stream_->buffered().empty() &&
      !stream_->half_closed()) {
    stream_->read();
    return pool_.put_back(*this);
  }
  close();
}

void AppConnection::on_eof() {
  if (closed_) return;
  if (call_ == nullptr) return close();
  if (upgraded_) {
    Call* call = call_;
    reply_over_ = true;
    if (request_ended_) part();
    return call->reply_end({});
  }
  if (in_body_ && body_.at_eof()) {
    Call* call = std::exchange(call_, nullptr);
    close();
    return call->reply_end({});
  }
  lost("the app closed the connection");
}

void AppConnection::on_broken(boost::system::error_code error) {
  if (!closed_) lost(error.message());
}

void AppConnection::lost(std::string_view why) {
  Call* call = std::exchange(call_, nullptr);
  const bool replying = in_body_;
  close();
  if (call == nullptr) return;
  if (replying) return call->reply_broken();
  if (reply_started_)
    return call->failed_for_good(api::Code::app_error, "the app's reply broke off: " + std::string(why));
  call->failed(forward::Outcome::maybe_executed, why);
}

void AppConnection::close() {
  if (std::exchange(closed_, true)) return;
  connector_.reset();
  pool_.discard(*this);  // the stream goes with this object, at the end of the turn
}

}  // namespace ringside::worker
