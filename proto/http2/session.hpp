// One HTTP/2 connection (RFC 9113) as a value, without I/O. Bytes received go in and come out as calls on
// Events; what we submit collects until take_output(), so that one write carries all streams of a loop turn.
//
// Flow control: the connection's window is opened again on receipt (one slow stream must not stall the
// others), a stream's when the owner calls consume() after having passed the bytes on. Events are called from
// inside receive() and take_output(); submitting from inside them is allowed, calling those two or destroying
// the session is not. Destruction is silent: no on_close for streams that are still open.
//
// Bodies: a head's Framing is {length, n} with a Content-Length, chunked without ("ends with the stream"),
// none when the head ends the stream. The reply to HEAD is {none, announced length or length_unknown}.
// Trailers come with the end; a reply that is nothing but trailers (gRPC) is a head that ends the stream.
//
// Upgrades: a request head with `upgrade` is an extended CONNECT (RFC 8441), submitted with end = false. The
// reply with status 101 and `upgrade` makes it a tunnel: :status 200 and ringside-upgrade on the wire. A
// tunnel ends when both halves have; any other reply is one, and ends the stream.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proto/http/message.hpp"
#include "proto/http2/frame.hpp"
#include "proto/http2/preface.hpp"

namespace ringside::http2 {

enum class Role : std::uint8_t { client, server };

struct Settings {
  std::uint32_t streams_max = 4096;  // streams the other side may have open
  std::uint32_t stream_window = 256 * 1024;
  std::uint32_t connection_window = 16 * 1024 * 1024;
  std::uint32_t frame_bytes =
      frame_bytes_least;  // the largest that we take (SETTINGS_MAX_FRAME_SIZE) and send
  // SETTINGS_MAX_HEADER_LIST_SIZE, enforced. It counts 32 bytes a field beyond its text (RFC 9113 6.5.2):
  // room for an HTTP/1 head at its limit and the fields we add.
  std::uint32_t head_bytes_max = 80 * 1024;
  std::size_t fields_max = 128;
  std::size_t trailer_bytes_max = 16 * 1024;  // counted the same way
  bool upgrades = false;                      // server: SETTINGS_ENABLE_CONNECT_PROTOCOL
  // A stream that is cancelled costs its sender little and us a request (CVE-2023-44487); the same goes for
  // one that we reset because it is malformed, or refuse. But a peer that has just lost its clients may
  // rightly cancel all it had open.
  std::uint32_t resets_burst = 8192;
  std::uint32_t resets_per_second = 1024;
};

class Events {
 public:
  virtual ~Events() = default;
  // Server: a request head. The views live for this call. `end`: no body follows.
  virtual void on_request(StreamId, const http::RequestHead&, bool end) = 0;
  // Client: a response head. Interim heads (1xx) come through the same call, with end = false.
  virtual void on_response(StreamId, const http::ResponseHead&, bool end) = 0;
  virtual void on_data(StreamId, std::string_view data) = 0;
  // The other side has ended its half, after its last data. The views live for this call. Not called when the
  // head came with end = true.
  virtual void on_end(StreamId, const http::Trailers&) = 0;
  // The stream is gone. `code` no_error after a clean end of both halves. Called once for each stream that
  // was submitted or announced; the id is then dead. `unprocessed`: surely no application saw it
  // (REFUSED_STREAM, above the id of a GOAWAY, or never sent).
  virtual void on_close(StreamId, Code code, bool unprocessed) = 0;
  // The send queue of a stream has dropped below its low mark: more can be given to send_data.
  virtual void on_writable(StreamId) = 0;
  virtual void on_goaway() = 0;  // the other side takes no new streams; told once
  virtual void on_settings() {}  // the other side has said, maybe anew, what it takes
};

class Session {
 public:
  Session(Role, const Settings&, Events&);
  ~Session();
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;

  // False: the other side broke the protocol; send take_output() (it holds the GOAWAY) and close. `now`,
  // since any moment, is what resets a second are counted by.
  [[nodiscard]] bool receive(std::string_view bytes, std::chrono::seconds now = {});
  // Appends what is to be sent to `out`, at most about `limit` bytes; call again when they have been written.
  void take_output(std::string& out, std::size_t limit = 256 * 1024);
  [[nodiscard]] bool wants_write() const;
  [[nodiscard]] bool failed() const;  // the other side broke the protocol
  // Neither side has anything left to say: close the connection.
  [[nodiscard]] bool finished() const;

  // Client. nullopt: no more streams here (GOAWAY, the id space, or the peer's limit is reached). The head is
  // copied.
  std::optional<StreamId> submit_request(const http::RequestHead&, bool end);
  // Whether submit_request can succeed now or later: not after GOAWAY, a failure, or the end of the id space.
  [[nodiscard]] bool takes_requests() const;
  // Client: whether the other side takes requests with `upgrade`. nullopt: it has not said yet.
  [[nodiscard]] std::optional<bool> takes_upgrades() const;
  void submit_response(StreamId, const http::ResponseHead&, bool end);
  void submit_continue(StreamId);  // an interim reply: 100
  // Queue body bytes (copied); `end` ends our half. A stream that is gone takes nothing.
  void send_data(StreamId, std::string_view data, bool end);
  void send_end(StreamId, const http::Trailers&);  // our half ends behind what is queued
  // Bytes given to send_data and not yet handed out by take_output.
  [[nodiscard]] std::size_t queued(StreamId) const;
  void consume(StreamId, std::size_t bytes);  // received bytes have been passed on
  // What has been submitted and not yet taken is lost; afterwards only on_close comes for it, once the reset
  // is taken.
  void reset(StreamId, Code);
  void goaway();  // finish the open streams, take no new ones
  [[nodiscard]] std::size_t open_streams() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ringside::http2
