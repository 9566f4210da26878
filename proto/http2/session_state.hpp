// What a Session is made of: its streams, and what is to be sent. Only session*.cpp look inside.
//
// Streams live in a pool: one keeps its memory for the next. Those that have something to send stand in a
// line and get a frame each in turn; what is not a stream's (SETTINGS, acknowledgements, windows) goes ahead
// of them all.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "proto/http2/frame.hpp"
#include "proto/http2/head_codec.hpp"
#include "proto/http2/hpack.hpp"
#include "proto/http2/session.hpp"

namespace ringside::http2 {

inline constexpr std::size_t low_mark = 64 * 1024;  // of a send queue: below it, its owner is asked for more

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
    if (bytes_.capacity() > kept_bytes) std::string().swap(bytes_);
  }

 private:
  static constexpr std::size_t kept_bytes = 32 * 1024;  // memory a pooled stream may hold on to
  std::string bytes_;
  std::size_t taken_ = 0;
};

struct Stream {
  StreamId id = 0;
  // To be sent, in this order: interim replies, the head, the queue, trailers.
  int interims = 0;  // 100s; the only ones we make
  PlainHead head;
  SendQueue queue;
  http::OwnedTrailers trailers;
  std::int64_t send_window = 0, receive_window = 0;
  std::int64_t consumed = 0;  // of the receive window, not yet given back
  // Of the body announced by Content-Length; nullopt: any length will do.
  std::optional<std::uint64_t> body_left;
  std::optional<Code> reset;  // by us: events of it stop, but for on_close
  bool in_line = false;
  bool head_ends = false;      // the head is all there is
  bool head_sent = false;      // client: the other side knows of the stream
  bool known = false;          // the owner knows of it: it is told of the end
  bool to_head = false;        // client: the request was HEAD
  bool connect = false;        // client: the request was an extended CONNECT
  bool tunnel = false;         // server: and has been answered with a switch
  bool answered = false;       // client: any head has come back
  bool final_head = false;     // client: the head that is not interim has come
  bool ended = false;          // the last bytes of our half are in the queue
  bool local_closed = false;   // and have been sent
  bool remote_closed = false;  // the last bytes of the other half have come
  bool above_mark = false;

  void recycle() {
    queue.release();
    auto kept_queue = std::move(queue);
    auto kept_head = std::move(head);
    *this = Stream{};
    queue = std::move(kept_queue);
    head = std::move(kept_head);
    head.clear();
  }
};

// Tokens that come back with time: `burst` at first and at most.
class Allowance {
 public:
  Allowance(std::uint32_t burst, std::uint32_t per_second)
      : burst_(burst), per_second_(per_second), left_(burst) {}
  // False: used up.
  bool use(std::chrono::seconds now);

 private:
  std::uint64_t burst_, per_second_, left_;
  std::optional<std::chrono::seconds> since_;
};

struct Session::State {
  State(Role role_, const Settings& settings_, Events& events_);

  Role role;
  Settings settings;
  Events& events;
  std::chrono::seconds now{};

  // ---- what comes in
  std::size_t preface_left;  // server
  std::string held;          // the beginning of a frame that is not all there
  std::string joined;        // one that came in pieces, while it is looked at
  // The DATA frame under way, which is passed on as it comes.
  FrameHeader data;
  std::size_t data_left = 0, padding_left = 0;
  bool padding_unknown = false;  // its first byte, which tells, is still to come
  // The head under way: its first frame, and what has come of the block.
  std::optional<FrameHeader> open_head;
  std::string block;
  std::size_t continuations = 0;
  HpackDecoder decoder;
  HeadReader reader;
  std::int64_t receive_window = window_at_first, consumed = 0;  // the connection's
  std::size_t acks_queued = 0;
  Allowance resets;
  StreamId last_peer_stream = 0;
  bool settings_known = false;         // the other side's SETTINGS have come
  bool settings_acknowledged = false;  // it knows ours
  bool farewell = false;               // its GOAWAY has come
  StreamId farewell_last = static_cast<StreamId>(window_max);

  // ---- the other side's settings
  std::int64_t peer_stream_window = window_at_first;
  std::uint32_t peer_frame_bytes = frame_bytes_least;  // that we use, at most what it takes
  std::uint32_t peer_streams_max;
  bool peer_takes_upgrades = false;

  // ---- what goes out
  std::string control;  // whole frames
  HpackEncoder encoder;
  PlainHead interim;                           // the one that we send: 100
  std::int64_t send_window = window_at_first;  // the connection's
  std::vector<std::pair<StreamId, Code>> resets_queued;
  std::vector<Stream*> line;  // from line_at on; null: it has left
  std::size_t line_at = 0;
  StreamId next_stream = 1;       // client
  StreamId last_sent_stream = 0;  // client
  bool draining = false;          // goaway() was called
  bool failed = false;            // the other side broke the protocol

  boost::unordered_flat_map<StreamId, std::unique_ptr<Stream>> streams;
  std::vector<std::unique_ptr<Stream>> pool;

  // session.cpp
  Stream* find(StreamId id) {
    const auto it = streams.find(id);
    return it == streams.end() ? nullptr : it->second.get();
  }
  Stream* live(StreamId id) {  // one that we have not given up
    Stream* stream = find(id);
    return stream != nullptr && !stream->reset ? stream : nullptr;
  }
  Stream& open(StreamId id);
  void close(StreamId id, Code code);
  void reset(Stream& stream, Code code);
  void give_back(Stream& stream, std::size_t bytes);  // of its window
  void line_up(Stream& stream);
  void leave_line(Stream& stream);
  void fail(Code code);

  // session_output.cpp
  void say_settings();
  void append_window(StreamId id, std::int64_t more);
  void append_reset(std::string& out, StreamId id, Code code);
  [[nodiscard]] bool sendable(const Stream& stream) const;
  void send_resets(std::string& out);
  void send_some(Stream& stream, std::string& out);
  void send_heads(Stream& stream, std::string& out);
  void send_block(std::string& out, StreamId id, const PlainHead& head, bool end);
  void half_sent(Stream& stream, std::string& out);

  // session_input.cpp
  void take(std::string_view bytes);
  std::size_t take_frame(std::string_view bytes);
  std::size_t take_data(std::string_view bytes);
  void begin_data(const FrameHeader& header);
  void data_piece(std::string_view piece);
  void data_done();
  void on_frame(const FrameHeader& header, std::string_view payload);
  void on_headers(const FrameHeader& header, std::string_view payload);
  void on_continuation(const FrameHeader& header, std::string_view payload);
  void on_block(const FrameHeader& header, std::string_view fields);
  void on_request_block(const FrameHeader& header);
  void on_reply_block(Stream& stream, bool end);
  void on_trailers(Stream& stream, bool end);
  void on_reset(const FrameHeader& header, std::string_view payload);
  void on_settings(const FrameHeader& header, std::string_view payload);
  void apply(Setting setting, std::uint32_t value);
  void on_acknowledged();
  void on_goaway(const FrameHeader& header, std::string_view payload);
  void on_window(const FrameHeader& header, std::string_view payload);
  void acknowledge(FrameType type, std::string_view payload);
  // Resets a stream for what the other side did, which must not do so for ever.
  void refuse(Stream& stream, Code code);
  void charge_reset();
  void remote_half_done(StreamId id);
  [[nodiscard]] bool is_idle(StreamId id) const;
};

}  // namespace ringside::http2
