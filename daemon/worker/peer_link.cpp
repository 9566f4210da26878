#include "daemon/worker/peer_link.hpp"

#include "daemon/base/limits.hpp"

namespace ringside::worker {
namespace {

Address dialled(const std::string& address) {
  auto parsed = parse_address(address);
  return parsed ? *parsed : Address{};  // members' addresses have been checked when they came in
}

}  // namespace

// --- one stream

void PeerStream::send_body(std::string_view data) {
  link_.session_.send_data(id_, data, false);
  link_.wants_flush();
}

void PeerStream::send_end(const http::Trailers& trailers) {
  request_ended_ = true;
  link_.session_.send_end(id_, trailers);
  link_.wants_flush();
}

std::size_t PeerStream::body_backlog() const {
  return link_.session_.queued(id_);
}

void PeerStream::more_reply() {
  if (unconsumed_ == 0) return;
  link_.session_.consume(id_, std::exchange(unconsumed_, 0));
  link_.wants_flush();
}

void PeerStream::cancel() {
  call_ = nullptr;
  link_.session_.reset(id_, http2::Code::cancel);
  link_.wants_flush();
}

// --- the link

PeerLink::PeerLink(Context& context, PeerLinks& links, std::string address)
    : context_(context),
      links_(links),
      address_(std::move(address)),
      session_(http2::Role::client, link_settings, *this),
      connector_(context.io, context.timers, dialled(address_), limits::peer_connect_time,
                 [this](Result<net::Socket> socket) { on_connected(std::move(socket)); }) {}

PeerLink::~PeerLink() = default;

void PeerLink::on_connected(Result<net::Socket> socket) {
  if (closed_) return;
  if (!socket) return lost(socket.error().message(), false);
  stream_.emplace(std::move(*socket), *this, limits::link_buffer_bytes);
  stream_->read();
  wants_flush();
}

Outbound* PeerLink::start(Call& call, bool end) {
  const auto id = session_.submit_request(call.head(), end);
  if (!id) return nullptr;
  auto& stream = streams_[*id];
  stream = std::make_unique<PeerStream>(*this, *id, call);
  stream->request_ended_ = end;
  wants_flush();
  return stream.get();
}

PeerStream* PeerLink::find(http2::StreamId id) {
  const auto found = streams_.find(id);
  return found == streams_.end() || found->second->call_ == nullptr ? nullptr : found->second.get();
}

void PeerLink::flush() {
  if (closed_ || !stream_) return;
  while (!closed_ && session_.wants_write() && stream_->backlog() == 0) {
    session_.take_output(stream_->out(), limits::link_buffer_bytes);
    if (stream_->out().empty()) break;
    stream_->flush();
  }
  if (!closed_ && session_.finished()) lost("the link has ended", true);
}

void PeerLink::on_bytes() {
  if (closed_) return;
  const auto bytes = stream_->buffered();
  const bool good = session_.receive(bytes);
  if (closed_) return;
  stream_->consume(bytes.size());
  if (!good) {
    flush();
    return lost("the peer does not speak HTTP/2 as it should", true);
  }
  wants_flush();
}

void PeerLink::on_eof() {
  lost("the peer closed the link", true);
}
void PeerLink::on_drained() {
  wants_flush();
}
void PeerLink::on_broken(boost::system::error_code error) {
  lost(error.message(), true);
}

// All open streams fail; Calls may start new ones at once, on another link.
void PeerLink::lost(std::string_view why, bool executed_maybe) {
  if (closed_) return;
  const std::string reason(why);  // `why` may belong to something that goes away below
  auto streams = std::move(streams_);
  streams_.clear();
  close();
  for (auto& [id, stream] : streams) {
    Call* call = std::exchange(stream->call_, nullptr);
    if (call == nullptr) continue;
    if (stream->replying_) {
      call->reply_broken();
    } else {
      call->failed(executed_maybe ? forward::Outcome::maybe_executed : forward::Outcome::not_executed,
                   reason);
    }
  }
}

void PeerLink::retire() {
  session_.goaway();
  wants_flush();
}

void PeerLink::close() {
  if (std::exchange(closed_, true)) return;
  links_.discard(*this);
}

// --- events of the session

void PeerLink::on_request(http2::StreamId, const http::RequestHead&, bool) {}  // a client session has none

void PeerLink::on_response(http2::StreamId id, const http::ResponseHead& head, bool end) {
  PeerStream* stream = find(id);
  if (stream == nullptr) return;
  Call* call = stream->call_;
  if (head.status < 200) return call->accepted();  // the peer's 100: it has taken the request
  http::ResponseHead changed = head;
  stream->replying_ = true;
  const bool over = end || call->to_head();
  if (over) stream->call_ = nullptr;
  const bool request_ended = stream->request_ended_;
  call->reply(changed, over);
  if (over) end_early(id, request_ended);
}

// The reply is complete. If the request is not, nobody will finish it: the stream would stay open for good.
void PeerLink::end_early(http2::StreamId id, bool request_ended) {
  if (request_ended) return;
  session_.reset(id, http2::Code::no_error);
  wants_flush();
}

void PeerLink::on_data(http2::StreamId id, std::string_view data) {
  PeerStream* stream = find(id);
  if (stream == nullptr) return session_.consume(id, data.size());
  stream->unconsumed_ += data.size();
  stream->call_->reply_body(data);
  if (stream->call_ != nullptr && stream->call_->reply_room() > 0) stream->more_reply();
}

void PeerLink::on_end(http2::StreamId id, const http::Trailers& trailers) {
  PeerStream* stream = find(id);
  if (stream == nullptr) return;
  const bool request_ended = stream->request_ended_;
  Call* call = std::exchange(stream->call_, nullptr);
  call->reply_end(trailers);
  end_early(id, request_ended);
}

void PeerLink::on_close(http2::StreamId id, http2::Code code, bool unprocessed) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  const auto stream = std::move(found->second);
  streams_.erase(found);
  Call* call = std::exchange(stream->call_, nullptr);
  if (call == nullptr) return;
  if (stream->replying_) return call->reply_broken();
  call->failed(unprocessed ? forward::Outcome::not_executed : forward::Outcome::maybe_executed,
               code == http2::Code::refused_stream ? "the peer refused the request"
                                                   : "the peer broke off the request");
}

void PeerLink::on_writable(http2::StreamId id) {
  if (PeerStream* stream = find(id)) stream->call_->body_drained();
}

void PeerLink::on_goaway() {
  going_away_ = true;
}

}  // namespace ringside::worker
