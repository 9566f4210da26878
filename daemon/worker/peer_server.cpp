#include "daemon/worker/peer_server.hpp"

#include <algorithm>
#include <utility>

#include "daemon/base/limits.hpp"

namespace ringside::worker {

// --- one stream

ServedStream::ServedStream(PeerServer& link, http2::StreamId id)
    : link_(link), id_(id), call_(link.context_, *this) {}

void ServedStream::send_continue() {
  if (gone_ || body_ended_) return;
  link_.session_.submit_interim(id_, 100);
  link_.wants_flush();
}

void ServedStream::send_reply(const http::ResponseHead& head, bool end) {
  if (gone_) return;
  link_.session_.submit_response(id_, head, end);
  link_.wants_flush();
}

void ServedStream::send_reply_body(std::string_view data) {
  if (gone_) return;
  link_.session_.send_data(id_, data, false);
  link_.wants_flush();
}

void ServedStream::send_reply_end(const http::Trailers& trailers) {
  if (gone_) return;
  link_.session_.send_end(id_, trailers);
  link_.wants_flush();
}

void ServedStream::abort_reply() {
  if (gone_) return;
  link_.session_.reset(id_, http2::Code::internal_error);
  link_.wants_flush();
}

std::size_t ServedStream::reply_backlog() const {
  return gone_ ? 0 : link_.session_.queued(id_);
}

void ServedStream::more_body() {
  if (gone_) return;
  const std::size_t count = std::min(call_.body_room(), pending_.size());
  if (count > 0) {
    call_.body(std::string_view(pending_).substr(0, count));
    pending_.erase(0, count);
    link_.session_.consume(id_, count);
    link_.wants_flush();
  }
  if (pending_.empty() && body_ended_ && !call_.body_finished()) call_.body_end(trailers_.get());
}

void ServedStream::take_body(std::string_view data) {
  if (!call_.active()) {  // answered already: what is left of the request is of no interest
    link_.session_.consume(id_, data.size());
    return;
  }
  pending_.append(data);  // bounded by the stream's window
  more_body();
}

void ServedStream::take_end(const http::Trailers& trailers) {
  trailers_.assign(trailers);
  body_ended_ = true;
  more_body();
}

// --- the link

PeerServer::PeerServer(Context& context, net::Socket socket, std::string first_bytes, OnClosed on_closed)
    : context_(context),
      on_closed_(std::move(on_closed)),
      session_(http2::Role::server, link_settings, *this),
      stream_(std::move(socket), *this, limits::link_buffer_bytes) {
  context_.metrics.peer_links.add(1);
  stream_.feed(first_bytes);
  stream_.read();
}

PeerServer::~PeerServer() {
  context_.metrics.peer_links.add(-1);
}

ServedStream* PeerServer::find(http2::StreamId id) {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second.get();
}

void PeerServer::drain() {
  session_.goaway();
  wants_flush();
}

void PeerServer::flush() {
  while (!closed_ && session_.wants_write() && stream_.backlog() == 0) {
    session_.take_output(stream_.out(), limits::link_buffer_bytes);
    if (stream_.out().empty()) break;
    stream_.flush();
  }
  if (!closed_ && session_.finished() && stream_.backlog() == 0) close();
}

void PeerServer::on_bytes() {
  if (closed_) return;
  const auto bytes = stream_.buffered();
  const bool good = session_.receive(bytes);
  stream_.consume(bytes.size());
  if (!good) {
    flush();
    return close();
  }
  wants_flush();
}

void PeerServer::on_eof() {
  close();
}
void PeerServer::on_drained() {
  wants_flush();
}
void PeerServer::on_broken(boost::system::error_code) {
  close();
}

void PeerServer::close() {
  if (std::exchange(closed_, true)) return;
  for (auto& [id, stream] : streams_) {
    stream->gone_ = true;
    stream->call_.cancel();
  }
  on_closed_(*this);
}

void PeerServer::on_request(http2::StreamId id, const http::RequestHead& head, bool end) {
  auto& stream = streams_[id];
  stream = std::make_unique<ServedStream>(*this, id);
  stream->body_ended_ = end;
  stream->call_.start_from_peer(head, end);
}

void PeerServer::on_response(http2::StreamId, const http::ResponseHead&, bool) {
}  // a server session has none

void PeerServer::on_data(http2::StreamId id, std::string_view data) {
  if (ServedStream* stream = find(id)) {
    stream->take_body(data);
  } else {
    session_.consume(id, data.size());
  }
}

void PeerServer::on_end(http2::StreamId id, const http::Trailers& trailers) {
  if (ServedStream* stream = find(id)) stream->take_end(trailers);
}

void PeerServer::on_close(http2::StreamId id, http2::Code, bool) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  auto stream = std::move(found->second);
  streams_.erase(found);
  stream->gone_ = true;
  stream->call_.cancel();
  context_.turn.bury(std::move(stream), nullptr);
}

void PeerServer::on_writable(http2::StreamId id) {
  if (ServedStream* stream = find(id)) stream->call_.reply_drained();
}

void PeerServer::on_goaway() {}  // the peer closes when its requests are answered

}  // namespace ringside::worker
