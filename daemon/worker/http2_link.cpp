#include "daemon/worker/http2_link.hpp"

#include <algorithm>
#include <utility>

#include "daemon/base/limits.hpp"
#include "daemon/worker/breakers.hpp"

namespace ringside::worker {
namespace {

constexpr std::size_t kept_streams = 256;  // of one link, that wait to be used again

}  // namespace

// --- one stream

void LinkStream::begin(http2::StreamId id, Call& call, bool end) {
  id_ = id;
  call_ = &call;
  request_ended_ = end;
  replying_ = upgraded_ = reply_over_ = false;
  unanswered_ = true;
  ++link_.unanswered_;
  interim_ = 0;
  window_ =
      StreamWindow(link_.to_ == Http2Link::To::peer ? StreamWindow::Grows::yes : StreamWindow::Grows::no);
}

void LinkStream::send_body(std::string_view data) {
  link_.session_.send_data(id_, data, false);
  link_.wants_flush();
}

void LinkStream::send_end(const http::Trailers& trailers) {
  request_ended_ = true;
  link_.session_.send_end(id_, trailers);
  link_.wants_flush();
  if (reply_over_) call_ = nullptr;
}

std::size_t LinkStream::body_backlog() const {
  return link_.session_.queued(id_);
}

// The window is opened again for what the asker has taken.
void LinkStream::more_reply() {
  const std::size_t more = window_.give_back(limits::stream_window_bytes - call_->reply_room());
  if (more == 0) return;
  link_.session_.consume(id_, more);
  link_.wants_flush();
}

void LinkStream::cancel() {
  call_ = nullptr;
  link_.count_answer(*this);
  link_.session_.reset(id_, http2::Code::cancel);
  link_.wants_flush();
}

// --- the link

Http2Link::Http2Link(Context& context, To to, std::string target, const Address& address, OnClosed on_closed)
    : context_(context),
      to_(to),
      target_(std::move(target)),
      on_closed_(std::move(on_closed)),
      session_(http2::Role::client, to == To::peer ? link_settings : app_settings, *this),
      connector_(context.io, context.timers, address,
                 to == To::peer ? Duration(limits::peer_connect_time) : context.config.app.connect_timeout,
                 [this](Result<net::Socket> socket) { on_connected(std::move(socket)); }),
      handshake_timer_(context.timers, [this] { not_opened(security::TlsErrc::too_slow); }) {}

Http2Link::~Http2Link() = default;

void Http2Link::on_connected(Result<net::Socket> socket) {
  if (closed_) return;
  if (!socket) return not_opened(socket.error());
  stream_.emplace(std::move(*socket), *this, limits::link_buffer_bytes, new_tls());
  if (stream_->handshaking()) handshake_timer_.after(limits::tls_handshake_time);
  stream_->read();
  wants_flush();
}

security::TlsSessionPtr Http2Link::new_tls() const {
  const auto* tls = to_ == To::peer ? context_.security.dials_with() : nullptr;
  return tls == nullptr ? nullptr : tls->dial(security::Protocol::http2, context_.name_of(target_));
}

void Http2Link::on_secured() {
  handshake_timer_.cancel();
}

Outbound* Http2Link::start(Call& call, bool end) {
  if (!call.head().upgrade.empty()) {
    waiting_.push_back(std::make_unique<LinkStream>(*this));
    waiting_.back()->begin(0, call, false);
    wants_flush();
    return waiting_.back().get();
  }
  const auto id = session_.submit_request(call.head(), end);
  if (!id) return nullptr;
  auto& stream = streams_[*id];
  if (spent_.empty()) {
    stream = std::make_unique<LinkStream>(*this);
  } else {
    stream = std::move(spent_.back());
    spent_.pop_back();
  }
  stream->begin(*id, call, end);
  if (to_ == To::app && !end) unsent_.push_back(*id);
  wants_flush();
  return stream.get();
}

// Upgrades begin in flush(), not in start(): whether they can may be known already, and then the answer is
// no.
void Http2Link::start_waiting() {
  const auto takes = session_.takes_upgrades();
  if (!takes) return;
  for (auto& stream : std::exchange(waiting_, {})) {
    Call* call = stream->call_;
    if (call == nullptr) continue;
    if (!*takes) {
      count_answer(*stream);
      stream->call_ = nullptr;
      call->failed_for_good(api::Code::app_protocol, "the owner's ringside is too old to pass on upgrades");
    } else if (const auto id = session_.submit_request(call->head(), false)) {
      stream->id_ = *id;
      streams_[*id] = std::move(stream);
    } else {
      count_answer(*stream);
      stream->call_ = nullptr;
      call->failed(forward::Outcome::not_executed, "its link takes no more requests");
    }
  }
}

LinkStream* Http2Link::find(http2::StreamId id) {
  const auto found = streams_.find(id);
  return found == streams_.end() || found->second->call_ == nullptr ? nullptr : found->second.get();
}

void Http2Link::flush() {
  if (closed_ || !stream_) return;
  if (!waiting_.empty()) start_waiting();
  while (!closed_ && session_.wants_write() && stream_->backlog() == 0) {
    session_.take_output(stream_->out(), limits::link_buffer_bytes);
    if (stream_->out().empty()) break;
    stream_->flush();
  }
  if (!closed_) accept_sent();
  if (closed_ || !session_.finished()) return;
  lost(name() + (session_.failed() ? " does not speak HTTP/2 as it should" : " has ended the connection"));
}

// The app has these heads: from here on it may be running them.
void Http2Link::accept_sent() {
  for (const auto id : std::exchange(unsent_, {}))
    if (LinkStream* stream = find(id)) stream->call_->accepted();
}

void Http2Link::on_bytes() {
  if (closed_) return;
  const auto bytes = stream_->buffered();
  const bool good = session_.receive(bytes);
  if (closed_) return;
  stream_->consume(bytes.size());
  if (!good) {
    flush();
    return lost(name() + " does not speak HTTP/2 as it should");
  }
  wants_flush();
}

void Http2Link::on_eof() {
  flush();  // what came before the end may have been a breach, which shows only now: the better reason
  lost(name() + " closed the connection");
}
void Http2Link::on_drained() {
  wants_flush();
}
void Http2Link::on_broken(boost::system::error_code error) {
  if (handshake_timer_.pending()) return not_opened(error);  // nothing of ours has left
  lost(error.message());
}

std::vector<std::unique_ptr<LinkStream>> Http2Link::take_all() {
  auto all = std::exchange(waiting_, {});
  for (auto& [id, stream] : std::exchange(streams_, {})) all.push_back(std::move(stream));
  return all;
}

// A connection that fails is one failure of the peer, however many requests were on it. That of an app is
// none: it is refused in no time, and its health decides what follows.
void Http2Link::not_opened(boost::system::error_code error) {
  const std::string why = error.message();
  if (to_ == To::peer) {
    context_.breakers->failed(target_, why);
    if (context_.peer_lost) context_.peer_lost(target_);
  }
  const auto streams = take_all();
  close();
  for (const auto& stream : streams) {
    Call* call = std::exchange(stream->call_, nullptr);
    if (call == nullptr) continue;
    switch (to_) {
      case To::peer: call->failed(forward::Outcome::not_executed, why); break;
      case To::app: call->app_unreachable(why, net::nobody_listens(error)); break;
    }
  }
}

// All open streams fail; Calls may start new ones at once, on another connection.
void Http2Link::lost(std::string_view why) {
  if (closed_) return;
  const std::string reason(why);  // `why` may belong to something that goes away below
  const auto streams = take_all();
  close();
  const bool asked = std::ranges::any_of(
      streams, [](const auto& stream) { return stream->call_ != nullptr && !stream->replying_; });
  if (to_ == To::peer && asked) context_.breakers->failed(target_, reason);
  if (to_ == To::peer && context_.peer_lost) context_.peer_lost(target_);
  for (const auto& stream : streams) {
    Call* call = std::exchange(stream->call_, nullptr);
    if (call == nullptr) continue;
    if (stream->replying_) {
      call->reply_broken();
    } else if (stream->id_ == 0) {
      call->failed(forward::Outcome::not_executed, reason);
    } else {
      call->failed(forward::Outcome::maybe_executed, reason);
    }
  }
}

void Http2Link::retire() {
  session_.goaway();
  wants_flush();
}

void Http2Link::close() {
  if (std::exchange(closed_, true)) return;
  handshake_timer_.cancel();
  on_closed_(*this);
}

// --- events of the session

void Http2Link::on_request(http2::StreamId, const http::RequestHead&, bool) {}  // a client session has none

void Http2Link::on_response(http2::StreamId id, const http::ResponseHead& head, bool end) {
  LinkStream* stream = find(id);
  if (stream == nullptr) return;
  Call* call = stream->call_;
  if (head.status < 200 && head.status != 101) return interim(*stream, head.status);
  count_answer(*stream);
  reply_ = head;
  stream->replying_ = true;
  stream->upgraded_ = head.status == 101;
  const bool over = end || call->to_head();
  if (over) stream->call_ = nullptr;
  const bool request_ended = stream->request_ended_;
  call->reply(reply_, over);
  if (over) end_early(id, request_ended);
}

// A peer's 100: it has taken the request. Those of an app are for nobody but us.
void Http2Link::interim(LinkStream& stream, int status) {
  if (to_ == To::peer && status == 100) return stream.call_->accepted();
  if (++stream.interim_ <= limits::interim_replies) return;
  session_.reset(stream.id_, http2::Code::cancel);
  wants_flush();
  std::exchange(stream.call_, nullptr)
      ->failed_for_good(api::Code::app_error, name() + " sent too many interim replies");
}

// The reply is complete. If the request is not, nobody will finish it: the stream would stay open for good.
void Http2Link::end_early(http2::StreamId id, bool request_ended) {
  if (request_ended) return;
  session_.reset(id, http2::Code::no_error);
  wants_flush();
}

void Http2Link::on_data(http2::StreamId id, std::string_view data) {
  LinkStream* stream = find(id);
  if (stream == nullptr) return session_.consume(id, data.size());
  stream->window_.received(data.size());
  stream->call_->reply_body(data);
  if (stream->call_ != nullptr) stream->more_reply();
}

void Http2Link::on_end(http2::StreamId id, const http::Trailers& trailers) {
  LinkStream* stream = find(id);
  if (stream == nullptr) return;
  const bool request_ended = stream->request_ended_;
  if (stream->upgraded_ && !request_ended) {
    stream->reply_over_ = true;
    return stream->call_->reply_end(trailers);
  }
  Call* call = std::exchange(stream->call_, nullptr);
  call->reply_end(trailers);
  end_early(id, request_ended);
}

void Http2Link::on_close(http2::StreamId id, http2::Code code, bool unprocessed) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  Call* call = std::exchange(found->second->call_, nullptr);
  const bool replying = found->second->replying_;
  count_answer(*found->second);
  if (spent_.size() < kept_streams) spent_.push_back(std::move(found->second));
  streams_.erase(found);
  if (call == nullptr) return;
  if (replying) return call->reply_broken();
  // What a ringside says when its app's reply broke off behind the head: the app has had the request.
  if (to_ == To::peer && code == http2::Code::internal_error)
    return call->failed_for_good(api::Code::app_error, "the app's reply broke off at the owner");
  const std::string why = name() + (unprocessed ? " refused the request" : " broke off the request");
  if (!unprocessed) return call->failed(forward::Outcome::maybe_executed, why);
  switch (to_) {
    case To::peer: return call->failed(forward::Outcome::not_executed, why);
    case To::app: return call->refused_by_app(why);
  }
}

void Http2Link::on_writable(http2::StreamId id) {
  if (LinkStream* stream = find(id)) stream->call_->body_drained();
}

void Http2Link::on_goaway() {
  going_away_ = true;
}

}  // namespace ringside::worker
