// What the other side says, frame by frame. A breach that RFC 9113 calls one of a stream resets the stream;
// the others end the connection.
#include <algorithm>
#include <utility>

#include "proto/http2/session_state.hpp"

namespace ringside::http2 {
namespace {

constexpr std::size_t continuations_max = 8;  // of one head
constexpr std::size_t settings_max = 32;      // in one frame
constexpr std::size_t acks_queued_max = 1000;
constexpr std::size_t setting_bytes = 6, priority_bytes = 5;
// Frames of ours that wait while the other side does not read: above the resets and window updates that all
// streams of a link may want at once. More is what an endless question answered would come to.
constexpr std::size_t control_bytes_max = 256 * 1024;

}  // namespace

bool Allowance::use(std::chrono::seconds now) {
  if (!since_) since_ = now;
  const auto passed = now - std::exchange(*since_, now);
  left_ = std::min(burst_, left_ + static_cast<std::uint64_t>(passed.count()) * per_second_);
  if (left_ == 0) return false;
  --left_;
  return true;
}

void Session::State::take(std::string_view bytes) {
  const auto preface = bytes.substr(0, preface_left);
  if (preface != client_preface.substr(client_preface.size() - preface_left, preface.size()))
    return fail(Code::protocol_error);
  preface_left -= preface.size();
  bytes.remove_prefix(preface.size());
  while (!failed && !bytes.empty()) {
    bytes.remove_prefix(data_left > 0 ? take_data(bytes) : take_frame(bytes));
    if (control.size() > control_bytes_max) fail(Code::enhance_your_calm);
  }
}

// A whole frame, or as much of one as is there, or the header of a DATA frame. Gives what it has used of
// `bytes`.
std::size_t Session::State::take_frame(std::string_view bytes) {
  const std::size_t before = held.size();
  const auto hold_until = [&](std::size_t wanted) {  // true: that much is held
    if (held.size() < wanted) held.append(bytes.substr(held.size() - before, wanted - held.size()));
    return held.size() >= wanted;
  };
  const bool split = before > 0 || bytes.size() < frame_header_bytes;
  if (split && !hold_until(frame_header_bytes)) return held.size() - before;
  const FrameHeader header = read_frame_header(split ? held.data() : bytes.data());
  if (!settings_known && (header.type != FrameType::settings || header.has(flag::ack))) {
    fail(Code::protocol_error);  // RFC 9113 3.4
  } else if (header.length > settings.frame_bytes) {
    fail(Code::frame_size_error);
  } else if (open_head && (header.type != FrameType::continuation || header.stream != open_head->stream)) {
    fail(Code::protocol_error);  // 6.10
  }
  if (failed) return bytes.size();
  if (header.type == FrameType::data) {
    const std::size_t used = split ? held.size() - before : frame_header_bytes;
    held.clear();
    begin_data(header);
    return used;
  }
  const std::size_t whole = frame_header_bytes + header.length;
  if (!split && bytes.size() >= whole) {
    on_frame(header, bytes.substr(frame_header_bytes, header.length));
    return whole;
  }
  if (!hold_until(whole)) return held.size() - before;
  joined.swap(held);
  held.clear();
  on_frame(header, std::string_view(joined).substr(frame_header_bytes));
  return whole - before;
}

// ---- DATA

bool Session::State::is_idle(StreamId id) const {
  const bool ours = (id % 2 == 1) == (role == Role::client);
  return id > (ours ? last_sent_stream : last_peer_stream);
}

void Session::State::begin_data(const FrameHeader& header) {
  data = header;
  data_left = header.length;
  padding_left = 0;
  padding_unknown = header.has(flag::padded);
  if (header.stream == 0 || is_idle(header.stream)) return fail(Code::protocol_error);
  if (padding_unknown && header.length == 0) return fail(Code::protocol_error);
  const auto length = static_cast<std::int64_t>(header.length);
  if (length > receive_window) return fail(Code::flow_control_error);
  receive_window -= length;
  consumed += length;
  if (2 * consumed >= static_cast<std::int64_t>(settings.connection_window)) {
    append_window(0, consumed);
    receive_window += std::exchange(consumed, 0);
  }
  if (Stream* stream = live(header.stream)) {
    if (stream->remote_closed) return fail(Code::stream_closed);
    const bool too_early = role == Role::client && !stream->final_head;
    if (too_early) {
      refuse(*stream, Code::protocol_error);
    } else if (length > stream->receive_window) {
      refuse(*stream, Code::flow_control_error);
    }
    stream->receive_window -= length;
  }
  if (data_left == 0) data_done();
}

std::size_t Session::State::take_data(std::string_view bytes) {
  std::size_t used = 0;
  if (std::exchange(padding_unknown, false)) {
    padding_left = static_cast<unsigned char>(bytes.front());
    used = 1;
    --data_left;
    if (padding_left > data_left) {
      fail(Code::protocol_error);
      return used;
    }
    if (Stream* stream = live(data.stream)) give_back(*stream, 1 + padding_left);
  }
  const auto piece = bytes.substr(used, data_left - padding_left);
  data_left -= piece.size();
  used += piece.size();
  if (!piece.empty()) data_piece(piece);
  if (data_left == padding_left) {
    const auto padding = std::min(padding_left, bytes.size() - used);
    data_left -= padding;
    padding_left -= padding;
    used += padding;
  }
  if (data_left == 0 && !failed) data_done();
  return used;
}

void Session::State::data_piece(std::string_view piece) {
  Stream* stream = live(data.stream);
  if (stream == nullptr) return;
  if (stream->body_left) {
    if (piece.size() > *stream->body_left) return refuse(*stream, Code::protocol_error);
    *stream->body_left -= piece.size();
  }
  events.on_data(data.stream, piece);
}

void Session::State::data_done() {
  Stream* stream = live(data.stream);
  if (stream == nullptr || !data.has(flag::end_stream)) return;
  stream->remote_closed = true;
  if (stream->body_left.value_or(0) != 0) return refuse(*stream, Code::protocol_error);
  events.on_end(data.stream, {});
  remote_half_done(data.stream);
}

void Session::State::remote_half_done(StreamId id) {
  const Stream* stream = live(id);
  if (stream != nullptr && stream->local_closed) close(id, Code::no_error);
}

void Session::State::refuse(Stream& stream, Code code) {
  reset(stream, code);
  charge_reset();
}

void Session::State::charge_reset() {
  if (role == Role::server && !resets.use(now)) fail(Code::enhance_your_calm);
}

// ---- the other frames

void Session::State::on_frame(const FrameHeader& header, std::string_view payload) {
  switch (header.type) {
    case FrameType::headers: return on_headers(header, payload);
    case FrameType::continuation: return on_continuation(header, payload);
    case FrameType::rst_stream: return on_reset(header, payload);
    case FrameType::settings: return on_settings(header, payload);
    case FrameType::ping:
      if (header.stream != 0) return fail(Code::protocol_error);
      if (payload.size() != 8) return fail(Code::frame_size_error);
      if (!header.has(flag::ack)) acknowledge(FrameType::ping, payload);
      return;
    case FrameType::goaway: return on_goaway(header, payload);
    case FrameType::window_update: return on_window(header, payload);
    case FrameType::priority:  // says nothing to us, but must be right
      if (header.stream == 0) return fail(Code::protocol_error);
      if (payload.size() != priority_bytes) return fail(Code::frame_size_error);
      return;
    case FrameType::push_promise: return fail(Code::protocol_error);  // we let nobody push
    case FrameType::data: return;                                     // has a way of its own
  }
  // RFC 9113 5.5: what we do not know is passed over.
}

void Session::State::acknowledge(FrameType type, std::string_view payload) {
  append_frame_header(control, {payload.size(), type, flag::ack, 0});
  control.append(payload);
  if (++acks_queued > acks_queued_max) fail(Code::enhance_your_calm);
}

void Session::State::on_headers(const FrameHeader& header, std::string_view payload) {
  if (header.stream == 0 || header.stream % 2 == 0) return fail(Code::protocol_error);
  std::size_t padding = 0;
  if (header.has(flag::padded)) {
    if (payload.empty()) return fail(Code::protocol_error);
    padding = static_cast<unsigned char>(payload.front());
    payload.remove_prefix(1);
  }
  if (header.has(flag::priority)) {
    if (payload.size() < priority_bytes) return fail(Code::frame_size_error);
    payload.remove_prefix(priority_bytes);
  }
  if (padding > payload.size()) return fail(Code::protocol_error);
  payload.remove_suffix(padding);
  if (header.has(flag::end_headers)) return on_block(header, payload);
  open_head = header;
  block = payload;
  continuations = 0;
}

void Session::State::on_continuation(const FrameHeader& header, std::string_view payload) {
  if (!open_head) return fail(Code::protocol_error);
  if (++continuations > continuations_max) return fail(Code::enhance_your_calm);
  block.append(payload);
  if (!header.has(flag::end_headers)) return;
  const FrameHeader first = *std::exchange(open_head, {});
  on_block(first, block);
}

// Whatever becomes of the head: the table must have seen it.
void Session::State::on_block(const FrameHeader& header, std::string_view fields) {
  const bool fresh = is_idle(header.stream);
  if (fresh && role == Role::client) return fail(Code::protocol_error);
  const Stream* stream = live(header.stream);
  if (stream != nullptr && stream->remote_closed) return fail(Code::stream_closed);
  reader.begin();
  HpackField field;
  for (decoder.begin(fields); decoder.next(field);) reader.add(field);
  if (decoder.failed()) return fail(Code::compression_error);
  if (fresh) return on_request_block(header);
  Stream* old = live(header.stream);
  if (old == nullptr) return;  // long gone, or given up
  if (const auto code = reader.refused()) return refuse(*old, *code);
  const bool end = header.has(flag::end_stream);
  const bool trailers = role == Role::server || old->final_head;
  return trailers ? on_trailers(*old, end) : on_reply_block(*old, end);
}

void Session::State::on_request_block(const FrameHeader& header) {
  last_peer_stream = header.stream;
  // The GOAWAY calls it unprocessed, even while it waits to be sent.
  if (draining || streams.size() >= settings.streams_max) {
    append_reset(control, header.stream, Code::refused_stream);
    return charge_reset();
  }
  Stream& stream = open(header.stream);
  if (const auto code = reader.refused()) return refuse(stream, *code);
  const bool end = header.has(flag::end_stream);
  const auto* head = reader.request(end, settings.upgrades);
  if (head == nullptr) return refuse(stream, Code::protocol_error);
  stream.remote_closed = end;
  if (head->framing.kind == http::BodyKind::length) stream.body_left = head->framing.length;
  if (end && stream.body_left.value_or(0) != 0) return refuse(stream, Code::protocol_error);
  stream.known = true;
  events.on_request(header.stream, *head, end);
}

void Session::State::on_reply_block(Stream& stream, bool end) {
  const auto* head = reader.response(end, stream.to_head, stream.connect);
  if (head == nullptr) return refuse(stream, Code::protocol_error);
  const StreamId id = stream.id;
  stream.answered = true;
  stream.final_head = head->status >= 200 || head->status == 101;
  stream.remote_closed = end;
  const bool bodiless = stream.to_head || head->status == 204 || head->status == 304;
  if (stream.final_head && bodiless) {
    stream.body_left = 0;
  } else if (head->framing.kind == http::BodyKind::length) {
    stream.body_left = head->framing.length;
  }
  if (end && stream.body_left.value_or(0) != 0) return refuse(stream, Code::protocol_error);
  events.on_response(id, *head, end);
  if (end) remote_half_done(id);
}

void Session::State::on_trailers(Stream& stream, bool end) {
  const StreamId id = stream.id;
  const auto* fields = reader.trailers(settings.trailer_bytes_max);
  if (fields == nullptr || !end || stream.body_left.value_or(0) != 0)
    return refuse(stream, Code::protocol_error);
  stream.remote_closed = true;
  events.on_end(id, *fields);
  remote_half_done(id);
}

void Session::State::on_reset(const FrameHeader& header, std::string_view payload) {
  if (header.stream == 0 || is_idle(header.stream)) return fail(Code::protocol_error);
  if (payload.size() != 4) return fail(Code::frame_size_error);
  close(header.stream, static_cast<Code>(read_number(payload.data(), 4)));
  charge_reset();
}

void Session::State::on_settings(const FrameHeader& header, std::string_view payload) {
  if (header.stream != 0) return fail(Code::protocol_error);
  if (header.has(flag::ack)) return payload.empty() ? on_acknowledged() : fail(Code::frame_size_error);
  if (payload.size() % setting_bytes != 0) return fail(Code::frame_size_error);
  if (payload.size() > settings_max * setting_bytes) return fail(Code::enhance_your_calm);
  for (; !failed && !payload.empty(); payload.remove_prefix(setting_bytes))
    apply(static_cast<Setting>(read_number(payload.data(), 2)), read_number(payload.data() + 2, 4));
  if (failed) return;
  settings_known = true;
  acknowledge(FrameType::settings, {});
  if (!failed) events.on_settings();
}

void Session::State::apply(Setting setting, std::uint32_t value) {
  switch (setting) {
    case Setting::header_table_size: return encoder.limit(value);
    case Setting::enable_push:
      if (value > 1 || (value == 1 && role == Role::client)) fail(Code::protocol_error);
      return;
    case Setting::max_concurrent_streams: peer_streams_max = value; return;
    case Setting::initial_window_size: {
      if (value > window_max) return fail(Code::flow_control_error);
      const std::int64_t more = std::int64_t{value} - peer_stream_window;
      peer_stream_window = value;
      for (auto& [id, stream] : streams) {
        stream->send_window += more;
        if (stream->send_window > window_max) return fail(Code::flow_control_error);  // 6.9.2
        line_up(*stream);
      }
      return;
    }
    case Setting::max_frame_size:
      if (value < frame_bytes_least || value > frame_bytes_most) return fail(Code::protocol_error);
      peer_frame_bytes = std::min(value, settings.frame_bytes);
      return;
    case Setting::enable_connect_protocol:
      if (value > 1 || (value == 0 && peer_takes_upgrades)) return fail(Code::protocol_error);
      peer_takes_upgrades = value == 1;
      return;
    case Setting::max_header_list_size:
    case Setting::no_rfc7540_priorities: return;
  }
  // Others are passed over (6.5.2).
}

void Session::State::on_acknowledged() {
  if (std::exchange(settings_acknowledged, true)) return fail(Code::protocol_error);  // we send them once
  const std::int64_t more = std::int64_t{settings.stream_window} - window_at_first;
  for (auto& [id, stream] : streams) stream->receive_window += more;
}

void Session::State::on_goaway(const FrameHeader& header, std::string_view payload) {
  if (header.stream != 0) return fail(Code::protocol_error);
  if (payload.size() < 8) return fail(Code::frame_size_error);
  const auto last = static_cast<StreamId>(read_number(payload.data(), 4) & 0x7fffffff);
  if (last > farewell_last) return fail(Code::protocol_error);  // 6.8
  farewell_last = last;
  if (!std::exchange(farewell, true)) events.on_goaway();
  if (role == Role::server) return;
  std::vector<StreamId> unprocessed;
  for (const auto& [id, stream] : streams)
    if (id > last) unprocessed.push_back(id);
  std::sort(unprocessed.begin(), unprocessed.end());
  for (const StreamId id : unprocessed) close(id, Code::refused_stream);
}

void Session::State::on_window(const FrameHeader& header, std::string_view payload) {
  if (payload.size() != 4) return fail(Code::frame_size_error);
  const auto more = static_cast<std::int64_t>(read_number(payload.data(), 4) & 0x7fffffff);
  if (more == 0 || (header.stream != 0 && is_idle(header.stream))) return fail(Code::protocol_error);
  if (header.stream == 0) {
    const bool was_shut = send_window <= 0;
    send_window += more;
    if (send_window > window_max) return fail(Code::flow_control_error);
    if (was_shut)
      for (auto& [id, stream] : streams) line_up(*stream);
    return;
  }
  Stream* stream = live(header.stream);
  if (stream == nullptr) return;
  stream->send_window += more;
  if (stream->send_window > window_max) return refuse(*stream, Code::flow_control_error);
  line_up(*stream);
}

}  // namespace ringside::http2
