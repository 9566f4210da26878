#include "daemon/worker/http2_server.hpp"

#include <algorithm>
#include <utility>

#include "daemon/base/limits.hpp"

namespace ringside::worker {
namespace {

constexpr std::size_t kept_streams =
    64;  // of one connection, with all their memory, that wait to be used again

}  // namespace

Http2Server::Http2Server(Context& context, net::Socket socket, std::string_view first_bytes,
                         OnClosed on_closed)
    : context_(context),
      asker_(Asker::peer),
      on_closed_(std::move(on_closed)),
      session_(http2::Role::server, link_settings, *this),
      stream_(std::move(socket), *this, limits::link_buffer_bytes),
      timer_(context.timers, [this] { rest(); }) {
  context_.metrics.peer_links.add(1);
  stream_.feed(first_bytes);
  stream_.read();
}

Http2Server::Http2Server(Context& context, net::Stream&& stream, OnClosed on_closed)
    : context_(context),
      asker_(Asker::peer),
      on_closed_(std::move(on_closed)),
      session_(http2::Role::server, link_settings, *this),
      stream_(std::move(stream), *this, limits::link_buffer_bytes),
      timer_(context.timers, [this] { rest(); }) {
  context_.metrics.peer_links.add(1);
  stream_.read();
}

Http2Server::Http2Server(Context& context, net::Stream&& stream, Client client, OnClosed on_closed)
    : context_(context),
      asker_(Asker::client),
      client_(std::move(client)),
      on_closed_(std::move(on_closed)),
      session_(http2::Role::server, client_settings, *this),
      stream_(std::move(stream), *this, limits::link_buffer_bytes),
      timer_(context.timers, [this] { rest(); }) {
  context_.metrics.connections_open.add(1);
  timer_.after(context.client_limits.idle_time);
  stream_.read();
}

Http2Server::~Http2Server() {
  (asker_ == Asker::peer ? context_.metrics.peer_links : context_.metrics.connections_open).add(-1);
}

ServedStream* Http2Server::find(http2::StreamId id) {
  const auto found = streams_.find(id);
  return found == streams_.end() ? nullptr : found->second.get();
}

ServedStream& Http2Server::open(http2::StreamId id) {
  auto& place = streams_[id];
  if (spent_.empty()) {
    place = std::make_unique<ServedStream>(*this);
  } else {
    place = std::move(spent_.back());
    spent_.pop_back();
  }
  place->begin(id);
  return *place;
}

void Http2Server::drain() {
  session_.goaway();
  wants_flush();
}

void Http2Server::cut(bool all) {
  std::vector<ServedStream*> open;
  for (const auto& entry : streams_) open.push_back(entry.second.get());
  for (ServedStream* stream : open) stream->cut(all);
}

void Http2Server::flush() {
  for (auto& stream : closed_streams_)
    if (spent_.size() < kept_streams) spent_.push_back(std::move(stream));
  closed_streams_.clear();
  while (!closed_ && session_.wants_write() && stream_.backlog() == 0) {
    session_.take_output(stream_.out(), limits::link_buffer_bytes);
    if (stream_.out().empty()) break;
    stream_.flush();
  }
  if (!closed_ && session_.finished() && stream_.backlog() == 0) close();
}

void Http2Server::on_bytes() {
  if (closed_) return;
  moved_ = true;
  const auto bytes = stream_.buffered();
  if (asker_ == Asker::client) context_.metrics.bytes_in.add(bytes.size());
  const bool good = session_.receive(
      bytes, std::chrono::duration_cast<std::chrono::seconds>(Clock::now().time_since_epoch()));
  stream_.consume(bytes.size());
  if (!good) {
    flush();
    return close();
  }
  wants_flush();
}

void Http2Server::on_eof() {
  close();
}
void Http2Server::on_drained() {
  moved_ = true;
  wants_flush();
}
void Http2Server::on_broken(boost::system::error_code) {
  close();
}

// A call keeps its own time. Without one, who says nothing and reads nothing has no business here.
void Http2Server::rest() {
  const bool busy =
      std::any_of(streams_.begin(), streams_.end(), [](const auto& entry) { return entry.second->active(); });
  const bool moved = std::exchange(moved_, false);
  if (!busy && !moved && !streams_.empty()) return close();
  if (!busy && !moved) drain();
  timer_.after(context_.client_limits.idle_time);
}

void Http2Server::close() {
  if (std::exchange(closed_, true)) return;
  timer_.cancel();
  for (auto& [id, stream] : streams_) stream->gone();
  on_closed_(*this);
}

// Answers of our own are made whole: who asks and does not read gets no more of them.
bool Http2Server::crowded() const {
  std::size_t unread = stream_.backlog();
  for (const auto& [id, stream] : streams_) unread += session_.queued(id);
  return unread > limits::api_unread_bytes;
}

void Http2Server::count_out(std::size_t bytes) {
  if (asker_ == Asker::client) context_.metrics.bytes_out.add(bytes);
}

// --- events of the session

void Http2Server::on_request(http2::StreamId id, const http::RequestHead& head, bool end) {
  ServedStream& stream = open(id);
  switch (asker_) {
    case Asker::peer: return stream.begin_for_peer(head, end);
    case Asker::client: return stream.begin_for_client(head, client_, end);
  }
}

void Http2Server::on_response(http2::StreamId, const http::ResponseHead&, bool) {
}  // a server session has none

void Http2Server::on_data(http2::StreamId id, std::string_view data) {
  if (ServedStream* stream = find(id)) {
    stream->take_body(data);
  } else {
    session_.consume(id, data.size());
  }
}

void Http2Server::on_end(http2::StreamId id, const http::Trailers& trailers) {
  if (ServedStream* stream = find(id)) stream->take_end(trailers);
}

void Http2Server::on_close(http2::StreamId id, http2::Code, bool) {
  const auto found = streams_.find(id);
  if (found == streams_.end()) return;
  closed_streams_.push_back(std::move(found->second));
  streams_.erase(found);
  closed_streams_.back()->gone();
  wants_flush();
}

void Http2Server::on_writable(http2::StreamId id) {
  if (ServedStream* stream = find(id)) stream->writable();
}

void Http2Server::on_goaway() {}  // the other side closes when its requests are answered

}  // namespace ringside::worker
