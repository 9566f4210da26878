// The session over nghttp2. Streams of ours live in a pool: a stream's queue keeps its memory for the next
// one. DATA frames are written straight from a stream's queue into the output buffer (NO_COPY), heads are
// copied by nghttp2.
#include "proto/http2/session.hpp"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <stdexcept>
#include <utility>

#include "proto/http2/frame_cut.hpp"
#include "proto/http2/head_codec.hpp"
#include "proto/http2/memory.hpp"

namespace ringside::http2 {
namespace {

constexpr std::size_t low_mark = 64 * 1024;    // of a send queue: below it, the owner is asked for more
constexpr std::size_t kept_queue = 32 * 1024;  // memory a pooled stream may hold on to
constexpr std::size_t kept_streams = 256;

constexpr std::size_t continuations_max = 8;
constexpr std::size_t settings_max = 32;
constexpr std::size_t acks_queued_max = 1000;

// Bytes to be sent on one stream.
class SendQueue {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size() - taken_; }
  void push(std::string_view data) {
    if (taken_ >
        bytes_.size() / 2) {  // half of it is gone: moving the rest costs no more than was sent since
      bytes_.erase(0, taken_);
      taken_ = 0;
    }
    bytes_.append(data);
  }
  void take(std::size_t count, std::string& out) {
    out.append(bytes_, taken_, count);
    taken_ += count;
    if (taken_ == bytes_.size()) clear();
  }
  void clear() noexcept {
    bytes_.clear();
    taken_ = 0;
  }
  void release() {
    clear();
    if (bytes_.capacity() > kept_queue) std::string().swap(bytes_);
  }

 private:
  std::string bytes_;
  std::size_t taken_ = 0;
};

struct Stream {
  StreamId id = 0;
  SendQueue queue;
  http::OwnedTrailers trailers;  // behind the queue
  bool known = false;            // the owner knows of it: it is told of the end
  bool to_head = false;          // client: the request was HEAD
  bool connect = false;          // client: the request was an extended CONNECT
  bool tunnel = false;           // server: and has been answered with a switch
  bool answered = false;         // client: any head has come back
  bool final_head = false;       // client: the head that is not interim has come
  bool ended = false;            // the last bytes of our half are in the queue
  bool deferred = false;         // nghttp2 waits for send_data
  bool above_mark = false;
  bool never_sent = false;    // client: the request did not leave
  std::optional<Code> reset;  // by us: events of it stop, but for on_close

  void recycle() {
    queue.release();
    auto kept = std::move(queue);
    *this = Stream{};
    queue = std::move(kept);
  }
};

struct Deleter {
  void operator()(nghttp2_session* p) const noexcept { nghttp2_session_del(p); }
  void operator()(nghttp2_session_callbacks* p) const noexcept { nghttp2_session_callbacks_del(p); }
  void operator()(nghttp2_option* p) const noexcept { nghttp2_option_del(p); }
};
template <class T>
using Owned = std::unique_ptr<T, Deleter>;

std::string_view view(nghttp2_rcbuf* buffer) noexcept {
  const auto text = nghttp2_rcbuf_get_buf(buffer);
  return {reinterpret_cast<const char*>(text.base), text.len};
}

bool ends_stream(const nghttp2_frame& frame) noexcept {
  return (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
}

}  // namespace

struct Session::State {
  State(Role role_, const Settings& settings_, Events& events_)
      : role(role_),
        settings(settings_),
        events(events_),
        cut(role_ == Role::server ? client_preface.size() : 0),
        reader(settings_.head_bytes_max, settings_.fields_max) {}

  Role role;
  Settings settings;
  Events& events;
  FrameCut cut;
  HeadReader reader;
  HeadWriter writer;
  boost::unordered_flat_map<StreamId, std::unique_ptr<Stream>> streams;
  std::vector<std::unique_ptr<Stream>> pool;
  std::string* out = nullptr;  // inside take_output
  std::size_t out_limit = 0;
  bool failed = false;
  bool draining = false;        // goaway() was called
  bool farewell_told = false;   // on_goaway() was called
  bool settings_known = false;  // the other side's SETTINGS have come
  Memory memory;
  Owned<nghttp2_session> session;  // last: it is destroyed first

  Stream* find(StreamId id) {
    const auto it = streams.find(id);
    return it == streams.end() ? nullptr : it->second.get();
  }
  Stream* live(StreamId id) {  // one that we have not given up
    Stream* stream = find(id);
    return stream != nullptr && !stream->reset ? stream : nullptr;
  }
  std::unique_ptr<Stream> fresh();
  void close(StreamId id, std::uint32_t code);
  void reset(Stream& stream, Code code);
  void head_received(Stream& stream, const nghttp2_frame& frame);
  void take_frames(std::string_view bytes);
  void submit_settings();
  nghttp2_data_provider provider(Stream& stream);

  // nghttp2's callbacks.
  static State& of(void* user) { return *static_cast<State*>(user); }
  static int on_begin_headers(nghttp2_session*, const nghttp2_frame*, void*);
  static int on_header(nghttp2_session*, const nghttp2_frame*, nghttp2_rcbuf*, nghttp2_rcbuf*, std::uint8_t,
                       void*);
  static int on_bad_header(nghttp2_session*, const nghttp2_frame*, nghttp2_rcbuf*, nghttp2_rcbuf*,
                           std::uint8_t, void*);
  static int on_frame(nghttp2_session*, const nghttp2_frame*, void*);
  static int on_chunk(nghttp2_session*, std::uint8_t, StreamId, const std::uint8_t*, std::size_t, void*);
  static int on_stream_close(nghttp2_session*, StreamId, std::uint32_t, void*);
  static int on_not_sent(nghttp2_session*, const nghttp2_frame*, int, void*);
  static int on_sent(nghttp2_session*, const nghttp2_frame*, void*);
  static ssize_t on_read(nghttp2_session*, StreamId, std::uint8_t*, std::size_t, std::uint32_t*,
                         nghttp2_data_source*, void*);
  static int on_send_data(nghttp2_session*, nghttp2_frame*, const std::uint8_t*, std::size_t,
                          nghttp2_data_source*, void*);
  static Owned<nghttp2_session_callbacks> callbacks();
  static Owned<nghttp2_option> options(const Settings&);
};

// ---- setting up

Owned<nghttp2_session_callbacks> Session::State::callbacks() {
  nghttp2_session_callbacks* raw = nullptr;
  if (nghttp2_session_callbacks_new(&raw) != 0) throw std::bad_alloc();
  nghttp2_session_callbacks_set_on_begin_headers_callback(raw, on_begin_headers);
  nghttp2_session_callbacks_set_on_header_callback2(raw, on_header);
  nghttp2_session_callbacks_set_on_invalid_header_callback2(raw, on_bad_header);
  nghttp2_session_callbacks_set_on_frame_recv_callback(raw, on_frame);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(raw, on_chunk);
  nghttp2_session_callbacks_set_on_stream_close_callback(raw, on_stream_close);
  nghttp2_session_callbacks_set_on_frame_not_send_callback(raw, on_not_sent);
  nghttp2_session_callbacks_set_on_frame_send_callback(raw, on_sent);
  nghttp2_session_callbacks_set_send_data_callback(raw, on_send_data);
  return Owned<nghttp2_session_callbacks>(raw);
}

Owned<nghttp2_option> Session::State::options(const Settings& settings) {
  nghttp2_option* raw = nullptr;
  if (nghttp2_option_new(&raw) != 0) throw std::bad_alloc();
  nghttp2_option_set_no_auto_window_update(raw, 1);
  nghttp2_option_set_no_closed_streams(raw, 1);
  nghttp2_option_set_peer_max_concurrent_streams(raw,
                                                 settings.streams_max);  // until its SETTINGS say otherwise
  nghttp2_option_set_max_send_header_block_length(raw, 2 * settings.head_bytes_max);
  nghttp2_option_set_stream_reset_rate_limit(raw, settings.resets_burst, settings.resets_per_second);
  nghttp2_option_set_max_continuations(raw, continuations_max);
  nghttp2_option_set_max_settings(raw, settings_max);
  nghttp2_option_set_max_outbound_ack(raw, acks_queued_max);
  return Owned<nghttp2_option>(raw);
}

void Session::State::submit_settings() {
  std::vector<nghttp2_settings_entry> entries = {
      {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, role == Role::server ? settings.streams_max : 0},
      {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, settings.stream_window},
      {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, settings.head_bytes_max},
  };
  if (settings.no_priorities) entries.push_back({NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1});  // RFC 9218 2.1
  if (role == Role::client) entries.push_back({NGHTTP2_SETTINGS_ENABLE_PUSH, 0});
  if (role == Role::server && settings.upgrades)
    entries.push_back({NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1});
  nghttp2_submit_settings(session.get(), NGHTTP2_FLAG_NONE, entries.data(), entries.size());
  nghttp2_session_set_local_window_size(session.get(), NGHTTP2_FLAG_NONE, 0,
                                        static_cast<std::int32_t>(settings.connection_window));
}

Session::Session(Role role, const Settings& settings, Events& events)
    : state_(std::make_unique<State>(role, settings, events)) {
  const auto callbacks = State::callbacks();
  const auto options = State::options(settings);
  nghttp2_session* raw = nullptr;
  const auto create = role == Role::client ? nghttp2_session_client_new3 : nghttp2_session_server_new3;
  if (create(&raw, callbacks.get(), state_.get(), options.get(), state_->memory.functions()) != 0)
    throw std::bad_alloc();
  state_->session.reset(raw);
  state_->submit_settings();
}

Session::~Session() = default;
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;

// ---- bytes in and out

bool Session::receive(std::string_view bytes) {
  State& state = *state_;
  state.cut.pass(bytes, [&state](std::string_view frames) { state.take_frames(frames); });
  return !state.failed;
}

void Session::State::take_frames(std::string_view bytes) {
  if (failed) return;
  const auto taken = nghttp2_session_mem_recv(
      session.get(), reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (taken >= 0) return;
  const auto code = taken == NGHTTP2_ERR_FLOODED ? NGHTTP2_ENHANCE_YOUR_CALM : NGHTTP2_PROTOCOL_ERROR;
  nghttp2_session_terminate_session(session.get(), code);
  failed = true;
}

void Session::take_output(std::string& out, std::size_t limit) {
  State& state = *state_;
  state.out = &out;
  state.out_limit = out.size() + limit;
  while (out.size() < state.out_limit) {
    const std::uint8_t* data = nullptr;
    const auto length = nghttp2_session_mem_send(state.session.get(), &data);
    if (length < 0) state.failed = true;
    if (length <= 0) break;
    out.append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(length));
  }
  state.out = nullptr;
}

bool Session::wants_write() const {
  return nghttp2_session_want_write(state_->session.get()) != 0;
}

bool Session::failed() const {
  return state_->failed;
}

bool Session::finished() const {
  const bool reads = !state_->failed && nghttp2_session_want_read(state_->session.get()) != 0;
  return !reads && !wants_write();
}

// ---- what the owner asks for

std::unique_ptr<Stream> Session::State::fresh() {
  if (pool.empty()) return std::make_unique<Stream>();
  auto stream = std::move(pool.back());
  pool.pop_back();
  return stream;
}

nghttp2_data_provider Session::State::provider(Stream& stream) {
  nghttp2_data_provider provider;
  provider.source.ptr = &stream;
  provider.read_callback = on_read;
  return provider;
}

std::optional<StreamId> Session::submit_request(const http::RequestHead& head, bool end) {
  State& state = *state_;
  nghttp2_session* session = state.session.get();
  const auto peer_max = nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  if (state.draining || state.failed || state.streams.size() >= peer_max) return std::nullopt;
  if (nghttp2_session_check_request_allowed(session) == 0) return std::nullopt;

  auto stream = state.fresh();
  stream->known = true;
  stream->to_head = head.method == "HEAD";
  stream->connect = !head.upgrade.empty();
  stream->ended = end;
  const auto& pairs = state.writer.request(head);
  const auto body = state.provider(*stream);
  const StreamId id = nghttp2_submit_request(session, nullptr, pairs.data(), pairs.size(),
                                             end ? nullptr : &body, stream.get());
  if (id < 0) return std::nullopt;
  stream->id = id;
  state.streams.emplace(id, std::move(stream));
  return id;
}

bool Session::takes_requests() const {
  const State& state = *state_;
  return !state.draining && !state.failed && nghttp2_session_check_request_allowed(state.session.get()) != 0;
}

std::optional<bool> Session::takes_upgrades() const {
  if (!state_->settings_known) return std::nullopt;
  return nghttp2_session_get_remote_settings(state_->session.get(),
                                             NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1;
}

void Session::submit_response(StreamId id, const http::ResponseHead& head, bool end) {
  State& state = *state_;
  Stream* stream = state.live(id);
  if (stream == nullptr) return;
  stream->ended = end;
  stream->tunnel = head.status == 101;
  const auto& pairs = state.writer.response(head);
  const auto body = state.provider(*stream);
  nghttp2_submit_response(state.session.get(), id, pairs.data(), pairs.size(), end ? nullptr : &body);
}

void Session::submit_interim(StreamId id, int status) {
  State& state = *state_;
  if (state.live(id) == nullptr) return;
  const auto& pairs = state.writer.interim(status);
  nghttp2_submit_headers(state.session.get(), NGHTTP2_FLAG_NONE, id, nullptr, pairs.data(), pairs.size(),
                         nullptr);
}

void Session::send_data(StreamId id, std::string_view data, bool end) {
  State& state = *state_;
  Stream* stream = state.live(id);
  if (stream == nullptr || stream->ended) return;
  stream->queue.push(data);
  stream->ended = end;
  if (stream->queue.size() > low_mark) stream->above_mark = true;
  if (!stream->deferred) return;
  stream->deferred = false;
  nghttp2_session_resume_data(state.session.get(), id);
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
  if (state_->live(id) != nullptr) nghttp2_session_consume_stream(state_->session.get(), id, bytes);
}

void Session::reset(StreamId id, Code code) {
  if (Stream* stream = state_->live(id)) state_->reset(*stream, code);
}

void Session::State::reset(Stream& stream, Code code) {
  stream.reset = code;
  nghttp2_submit_rst_stream(session.get(), NGHTTP2_FLAG_NONE, stream.id, static_cast<std::uint32_t>(code));
}

void Session::goaway() {
  State& state = *state_;
  if (state.draining) return;
  state.draining = true;
  nghttp2_session* session = state.session.get();
  nghttp2_submit_goaway(session, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session),
                        NGHTTP2_NO_ERROR, nullptr, 0);
}

std::size_t Session::open_streams() const {
  return state_->streams.size();
}

// ---- what nghttp2 tells

int Session::State::on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
  State& state = of(user);
  state.reader.begin();
  if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
  if (state.draining) {  // the GOAWAY calls it unprocessed, even while it waits to be sent
    return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_REFUSED_STREAM);
  }
  auto stream = state.fresh();
  stream->id = frame->hd.stream_id;
  state.streams.emplace(frame->hd.stream_id, std::move(stream));
  return 0;
}

int Session::State::on_header(nghttp2_session*, const nghttp2_frame*, nghttp2_rcbuf* name,
                              nghttp2_rcbuf* value, std::uint8_t, void* user) {
  of(user).reader.add(view(name), view(value));
  return 0;
}

// Left alone, nghttp2 would drop such a field and pass the message on without it.
int Session::State::on_bad_header(nghttp2_session*, const nghttp2_frame*, nghttp2_rcbuf*, nghttp2_rcbuf*,
                                  std::uint8_t, void* user) {
  of(user).reader.refuse(Code::protocol_error);
  return 0;
}

int Session::State::on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
  State& state = of(user);
  if (frame->hd.type == NGHTTP2_GOAWAY) {
    if (!std::exchange(state.farewell_told, true)) state.events.on_goaway();
    return 0;
  }
  if (frame->hd.type == NGHTTP2_SETTINGS && (frame->hd.flags & NGHTTP2_FLAG_ACK) == 0) {
    state.settings_known = true;
    state.events.on_settings();
    return 0;
  }
  if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
  Stream* stream = state.live(frame->hd.stream_id);
  if (stream == nullptr) return 0;
  if (frame->hd.type == NGHTTP2_HEADERS) {
    state.head_received(*stream, *frame);
  } else if (ends_stream(*frame)) {
    state.events.on_end(stream->id, {});
  }
  return 0;
}

void Session::State::head_received(Stream& stream, const nghttp2_frame& frame) {
  if (const auto code = reader.refused()) return reset(stream, *code);
  const bool end = ends_stream(frame);
  const bool trailers = role == Role::server ? stream.known : stream.final_head;
  if (trailers) {
    const auto* fields = reader.trailers(settings.trailer_bytes_max);
    if (fields == nullptr || !end) return reset(stream, Code::protocol_error);
    events.on_end(stream.id, *fields);
  } else if (role == Role::server) {
    const auto* head = reader.request(end);
    if (head == nullptr) return reset(stream, Code::protocol_error);
    stream.known = true;
    events.on_request(stream.id, *head, end);
  } else {
    const auto* head = reader.response(end, stream.to_head, stream.connect);
    if (head == nullptr) return reset(stream, Code::protocol_error);
    stream.answered = true;
    stream.final_head = head->status >= 200 || head->status == 101;
    events.on_response(stream.id, *head, end);
  }
}

int Session::State::on_chunk(nghttp2_session* session, std::uint8_t, StreamId id, const std::uint8_t* data,
                             std::size_t length, void* user) {
  State& state = of(user);
  nghttp2_session_consume_connection(session, length);
  if (state.live(id) != nullptr) state.events.on_data(id, {reinterpret_cast<const char*>(data), length});
  return 0;
}

int Session::State::on_stream_close(nghttp2_session*, StreamId id, std::uint32_t code, void* user) {
  of(user).close(id, code);
  return 0;
}

void Session::State::close(StreamId id, std::uint32_t code) {
  const auto it = streams.find(id);
  if (it == streams.end()) return;
  auto stream = std::move(it->second);
  streams.erase(it);
  const bool refused =
      role == Role::client && code == NGHTTP2_REFUSED_STREAM && !stream->answered && !stream->reset;
  if (stream->known) events.on_close(id, static_cast<Code>(code), refused || stream->never_sent);
  if (pool.size() == kept_streams) return;
  stream->recycle();
  pool.push_back(std::move(stream));
}

int Session::State::on_not_sent(nghttp2_session* session, const nghttp2_frame* frame, int, void* user) {
  State& state = of(user);
  if (frame->hd.type != NGHTTP2_HEADERS) return 0;
  Stream* stream = state.find(frame->hd.stream_id);
  if (stream == nullptr) return 0;
  if (state.role == Role::server) {  // a reply that does not fit: better no reply than a hanging one
    if (!stream->reset) state.reset(*stream, Code::internal_error);
    return 0;
  }
  // Cancelled before it left, or kept back by a GOAWAY. A stream that nghttp2 has opened it also closes, and
  // says so.
  stream->never_sent = true;
  if (nghttp2_session_find_stream(session, stream->id) != nullptr) return 0;
  state.close(stream->id, static_cast<std::uint32_t>(stream->reset.value_or(Code::refused_stream)));
  return 0;
}

int Session::State::on_sent(nghttp2_session* session, const nghttp2_frame* frame, void* user) {
  State& state = of(user);
  // Our own GOAWAY with an error: nghttp2 has met a breach of the protocol and is done with the connection.
  if (frame->hd.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR) state.failed = true;
  // The reply is out and the request is not whole: nobody reads the rest of it (RFC 9113 8.1).
  const bool message = frame->hd.type == NGHTTP2_DATA || frame->hd.type == NGHTTP2_HEADERS;
  if (state.role == Role::server && message && ends_stream(*frame) &&
      nghttp2_session_get_stream_remote_close(session, frame->hd.stream_id) == 0) {
    Stream* stream = state.live(frame->hd.stream_id);
    if (stream != nullptr && !stream->tunnel) state.reset(*stream, Code::no_error);
  }
  return 0;
}

// How much of a stream goes into the next DATA frame; the bytes are asked for by on_send_data.
ssize_t Session::State::on_read(nghttp2_session* session, StreamId id, std::uint8_t*, std::size_t length,
                                std::uint32_t* flags, nghttp2_data_source* source, void* user) {
  Stream& stream = *static_cast<Stream*>(source->ptr);
  const std::size_t size = std::min(length, stream.queue.size());
  if (size == 0 && !stream.ended) {
    stream.deferred = true;
    return NGHTTP2_ERR_DEFERRED;
  }
  *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
  if (!stream.ended || size < stream.queue.size()) return static_cast<ssize_t>(size);
  *flags |= NGHTTP2_DATA_FLAG_EOF;
  if (!stream.trailers.get().empty()) {
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    const auto& pairs = of(user).writer.trailers(stream.trailers.get());
    nghttp2_submit_trailer(session, id, pairs.data(), pairs.size());
  }
  return static_cast<ssize_t>(size);
}

int Session::State::on_send_data(nghttp2_session*, nghttp2_frame*, const std::uint8_t* header,
                                 std::size_t length, nghttp2_data_source* source, void* user) {
  State& state = of(user);
  if (state.out->size() >= state.out_limit) return NGHTTP2_ERR_WOULDBLOCK;
  Stream& stream = *static_cast<Stream*>(source->ptr);
  constexpr std::size_t frame_header = 9;
  state.out->append(reinterpret_cast<const char*>(header), frame_header);
  stream.queue.take(length, *state.out);
  if (stream.above_mark && stream.queue.size() < low_mark) {
    stream.above_mark = false;
    if (!stream.reset) state.events.on_writable(stream.id);
  }
  return 0;
}

}  // namespace ringside::http2
