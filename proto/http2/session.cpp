#include "proto/http2/session.hpp"

#include <algorithm>
#include <utility>

#include "proto/http2/session_state.hpp"

namespace ringside::http2 {
namespace {

constexpr std::size_t kept_streams = 256;

}  // namespace

Session::State::State(Role role_, const Settings& settings_, Events& events_)
    : role(role_),
      settings(settings_),
      events(events_),
      preface_left(role_ == Role::server ? client_preface.size() : 0),
      reader(settings_.head_bytes_max, settings_.fields_max),
      resets(settings_.resets_burst, settings_.resets_per_second),
      peer_streams_max(settings_.streams_max) {  // until its SETTINGS say otherwise
  interim.assign_interim(100);
  say_settings();
}

Session::Session(Role role, const Settings& settings, Events& events)
    : state_(std::make_unique<State>(role, settings, events)) {}

Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

bool Session::receive(std::string_view bytes, std::chrono::seconds now) {
  state_->now = now;
  state_->take(bytes);
  return !state_->failed;
}

bool Session::failed() const {
  return state_->failed;
}

bool Session::finished() const {
  if (wants_write()) return false;
  return state_->failed || ((state_->draining || state_->farewell) && state_->streams.empty());
}

// ---- what the owner asks for

std::optional<StreamId> Session::submit_request(const http::RequestHead& head, bool end) {
  State& state = *state_;
  if (!takes_requests() || state.streams.size() >= state.peer_streams_max) return std::nullopt;
  const StreamId id = state.next_stream;
  state.next_stream += 2;
  Stream& stream = state.open(id);
  stream.known = true;
  stream.to_head = head.method == "HEAD";
  stream.connect = !head.upgrade.empty();
  stream.ended = stream.head_ends = end;
  stream.head.assign(head);
  state.line_up(stream);
  return id;
}

bool Session::takes_requests() const {
  const State& state = *state_;
  return state.role == Role::client && !state.draining && !state.failed && !state.farewell &&
         state.next_stream > 0;
}

std::optional<bool> Session::takes_upgrades() const {
  if (!state_->settings_known) return std::nullopt;
  return state_->peer_takes_upgrades;
}

void Session::submit_response(StreamId id, const http::ResponseHead& head, bool end) {
  Stream* stream = state_->live(id);
  if (stream == nullptr || !stream->head.empty() || stream->head_sent) return;
  stream->ended = stream->head_ends = end;
  stream->tunnel = head.status == 101;
  stream->head.assign(head);
  state_->line_up(*stream);
}

void Session::submit_continue(StreamId id) {
  Stream* stream = state_->live(id);
  if (stream == nullptr || !stream->head.empty() || stream->head_sent) return;
  ++stream->interims;
  state_->line_up(*stream);
}

void Session::send_data(StreamId id, std::string_view data, bool end) {
  Stream* stream = state_->live(id);
  if (stream == nullptr || stream->ended) return;
  stream->queue.push(data);
  stream->ended = end;
  if (stream->queue.size() > low_mark) stream->above_mark = true;
  state_->line_up(*stream);
}

void Session::send_end(StreamId id, const http::Trailers& trailers) {
  Stream* stream = state_->live(id);
  if (stream == nullptr || stream->ended) return;
  if (!trailers.empty()) stream->trailers.assign(trailers);
  send_data(id, {}, true);
}

std::size_t Session::queued(StreamId id) const {
  const Stream* stream = state_->find(id);
  return stream == nullptr ? 0 : stream->queue.size();
}

void Session::consume(StreamId id, std::size_t bytes) {
  Stream* stream = state_->live(id);
  if (stream != nullptr && !stream->remote_closed) state_->give_back(*stream, bytes);
}

void Session::reset(StreamId id, Code code) {
  if (Stream* stream = state_->live(id)) state_->reset(*stream, code);
}

void Session::goaway() {
  State& state = *state_;
  if (std::exchange(state.draining, true)) return;
  append_frame_header(state.control, {8, FrameType::goaway, 0, 0});
  append_number(state.control, static_cast<std::uint32_t>(state.last_peer_stream), 4);
  append_number(state.control, static_cast<std::uint32_t>(Code::no_error), 4);
}

std::size_t Session::open_streams() const {
  return state_->streams.size();
}

// ---- streams

Stream& Session::State::open(StreamId id) {
  std::unique_ptr<Stream> stream;
  if (pool.empty()) {
    stream = std::make_unique<Stream>();
  } else {
    stream = std::move(pool.back());
    pool.pop_back();
  }
  stream->id = id;
  stream->send_window = peer_stream_window;
  stream->receive_window = settings_acknowledged ? settings.stream_window : window_at_first;
  return *streams.emplace(id, std::move(stream)).first->second;
}

void Session::State::close(StreamId id, Code code) {
  const auto it = streams.find(id);
  if (it == streams.end()) return;
  auto stream = std::move(it->second);
  streams.erase(it);
  leave_line(*stream);
  const bool refused = code == Code::refused_stream && !stream->answered && !stream->reset;
  const bool unprocessed = role == Role::client && (refused || !stream->head_sent);
  if (stream->known) events.on_close(id, code, unprocessed);
  if (pool.size() == kept_streams) return;
  stream->recycle();
  pool.push_back(std::move(stream));
}

void Session::State::reset(Stream& stream, Code code) {
  stream.reset = code;
  leave_line(stream);
  resets_queued.emplace_back(stream.id, code);
}

// The window is opened again when half of it is used up: an update for each piece would be traffic of its
// own.
void Session::State::give_back(Stream& stream, std::size_t bytes) {
  stream.consumed += static_cast<std::int64_t>(bytes);
  if (2 * stream.consumed < static_cast<std::int64_t>(settings.stream_window)) return;
  append_window(stream.id, stream.consumed);
  stream.receive_window += std::exchange(stream.consumed, 0);
}

void Session::State::line_up(Stream& stream) {
  if (stream.in_line || !sendable(stream)) return;
  stream.in_line = true;
  line.push_back(&stream);
}

void Session::State::leave_line(Stream& stream) {
  if (!std::exchange(stream.in_line, false)) return;
  *std::find(line.begin() + static_cast<std::ptrdiff_t>(line_at), line.end(), &stream) = nullptr;
}

// All that was to be sent is lost but for the farewell.
void Session::State::fail(Code code) {
  if (std::exchange(failed, true)) return;
  for (Stream* stream : line)
    if (stream != nullptr) stream->in_line = false;
  line.clear();
  line_at = 0;
  resets_queued.clear();
  append_frame_header(control, {8, FrameType::goaway, 0, 0});
  append_number(control, static_cast<std::uint32_t>(last_peer_stream), 4);
  append_number(control, static_cast<std::uint32_t>(code), 4);
}

}  // namespace ringside::http2
