// What a Session has to say, as frames.
#include <algorithm>
#include <utility>

#include "proto/http2/session_state.hpp"

namespace ringside::http2 {
namespace {

constexpr std::size_t line_slack = 1024;  // places of streams that have been served, before the line moves up

void append_setting(std::string& out, Setting setting, std::uint32_t value) {
  append_number(out, static_cast<std::uint32_t>(setting), 2);
  append_number(out, value, 4);
}

}  // namespace

void Session::State::say_settings() {
  if (role == Role::client) control.append(client_preface);
  std::string entries;
  append_setting(entries, Setting::max_concurrent_streams, role == Role::server ? settings.streams_max : 0);
  append_setting(entries, Setting::initial_window_size, settings.stream_window);
  append_setting(entries, Setting::max_header_list_size, settings.head_bytes_max);
  append_setting(entries, Setting::no_rfc7540_priorities, 1);  // they are not looked at
  if (settings.frame_bytes != frame_bytes_least)
    append_setting(entries, Setting::max_frame_size, settings.frame_bytes);
  if (role == Role::client) append_setting(entries, Setting::enable_push, 0);
  if (role == Role::server && settings.upgrades) append_setting(entries, Setting::enable_connect_protocol, 1);
  append_frame_header(control, {entries.size(), FrameType::settings, 0, 0});
  control.append(entries);
  const std::int64_t more = static_cast<std::int64_t>(settings.connection_window) - receive_window;
  if (more <= 0) return;
  append_window(0, more);
  receive_window += more;
}

void Session::State::append_window(StreamId id, std::int64_t more) {
  append_frame_header(control, {4, FrameType::window_update, 0, id});
  append_number(control, static_cast<std::uint32_t>(more), 4);
}

void Session::State::append_reset(std::string& out, StreamId id, Code code) {
  append_frame_header(out, {4, FrameType::rst_stream, 0, id});
  append_number(out, static_cast<std::uint32_t>(code), 4);
}

bool Session::wants_write() const {
  const State& state = *state_;
  return !state.control.empty() || !state.resets_queued.empty() || state.line_at < state.line.size();
}

void Session::take_output(std::string& out, std::size_t limit) {
  State& state = *state_;
  const std::size_t enough = out.size() + limit;
  do {
    out.append(state.control);  // what closing a stream leads to may add to it
    state.control.clear();
    state.acks_queued = 0;
    state.send_resets(out);
    while (out.size() < enough && state.line_at < state.line.size()) {
      Stream* stream = state.line[state.line_at++];
      if (stream == nullptr) continue;
      stream->in_line = false;
      state.send_some(*stream, out);
    }
    if (state.line_at == state.line.size() || state.line_at > line_slack) {
      state.line.erase(state.line.begin(), state.line.begin() + static_cast<std::ptrdiff_t>(state.line_at));
      state.line_at = 0;
    }
  } while (out.size() < enough && wants_write());
}

// A stream that the other side never heard of ends in silence.
void Session::State::send_resets(std::string& out) {
  for (std::size_t i = 0; i < resets_queued.size(); ++i) {  // closing may add more
    const auto [id, code] = resets_queued[i];
    const Stream* stream = find(id);
    if (stream != nullptr && (role == Role::server || stream->head_sent)) append_reset(out, id, code);
    close(id, code);
  }
  resets_queued.clear();
}

bool Session::State::sendable(const Stream& stream) const {
  if (failed || stream.local_closed || stream.reset) return false;
  if (stream.interims > 0 || !stream.head.empty()) return true;
  if (!stream.head_sent) return false;
  if (stream.queue.size() > 0) return stream.send_window > 0 && send_window > 0;
  return stream.ended;
}

// Heads at once, then one DATA frame; who has more stands behind the others again.
void Session::State::send_some(Stream& stream, std::string& out) {
  send_heads(stream, out);
  if (stream.reset) return;  // a head that does not fit
  if (stream.head_sent && !stream.local_closed) {
    const std::size_t window =
        static_cast<std::size_t>(std::max<std::int64_t>(0, std::min(stream.send_window, send_window)));
    const std::size_t size = std::min({stream.queue.size(), window, std::size_t{peer_frame_bytes}});
    const bool last = stream.ended && size == stream.queue.size();
    const bool trailers = !stream.trailers.get().empty();
    if (size > 0 || (last && !trailers)) {
      const std::uint8_t flags = last && !trailers ? flag::end_stream : 0;
      append_frame_header(out, {size, FrameType::data, flags, stream.id});
      stream.queue.take(size, out);
      stream.send_window -= static_cast<std::int64_t>(size);
      send_window -= static_cast<std::int64_t>(size);
    }
    if (last && trailers) {
      stream.head.assign(stream.trailers.get());
      send_block(out, stream.id, stream.head, true);
      stream.head.clear();
    }
    stream.local_closed = last;
  }
  if (stream.local_closed) return half_sent(stream, out);
  line_up(stream);
  if (stream.above_mark && stream.queue.size() < low_mark) {
    stream.above_mark = false;
    events.on_writable(stream.id);
  }
}

void Session::State::send_heads(Stream& stream, std::string& out) {
  for (; stream.interims > 0; --stream.interims) {
    send_block(out, stream.id, interim, false);
  }
  if (stream.head.empty()) return;
  // What the other side would not take anyway. Better no reply than a hanging one; a request was not sent.
  if (stream.head.bytes() > 2 * std::size_t{settings.head_bytes_max})
    return reset(stream, role == Role::server ? Code::internal_error : Code::refused_stream);
  if (role == Role::client) last_sent_stream = stream.id;
  send_block(out, stream.id, stream.head, stream.head_ends);
  stream.head.clear();
  stream.head_sent = true;
  stream.local_closed = stream.head_ends;
}

// A block that is larger than a frame goes on in others.
void Session::State::send_block(std::string& out, StreamId id, const PlainHead& head, bool end) {
  const std::size_t start = out.size();
  out.resize(start + frame_header_bytes);
  head.encode(encoder, out);
  const std::uint8_t ends = end ? flag::end_stream : std::uint8_t{0};
  const std::size_t size = out.size() - start - frame_header_bytes;
  if (size <= peer_frame_bytes) {
    write_frame_header(out.data() + start,
                       {size, FrameType::headers, static_cast<std::uint8_t>(ends | flag::end_headers), id});
    return;
  }
  write_frame_header(out.data() + start, {peer_frame_bytes, FrameType::headers, ends, id});
  std::string rest = out.substr(start + frame_header_bytes + peer_frame_bytes);
  out.resize(start + frame_header_bytes + peer_frame_bytes);
  for (std::string_view left = rest; !left.empty();) {
    const auto piece = left.substr(0, peer_frame_bytes);
    left.remove_prefix(piece.size());
    append_frame_header(
        out, {piece.size(), FrameType::continuation, left.empty() ? flag::end_headers : std::uint8_t{0}, id});
    out.append(piece);
  }
}

// When the reply is out and the request is not whole, nobody reads the rest of it (RFC 9113 8.1).
void Session::State::half_sent(Stream& stream, std::string& out) {
  if (!stream.remote_closed) {
    if (role == Role::client || stream.tunnel) return;
    append_reset(out, stream.id, Code::no_error);
  }
  close(stream.id, Code::no_error);
}

}  // namespace ringside::http2
