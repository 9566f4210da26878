// One dialled HTTP/2 connection, to another ringside or to this node's app, and the streams on it. Streams
// can be started before it is open; if it does not open, they were surely not executed.
//
// What differs: a ringside says with an interim 100 that it has taken a request; the app is taken to run it
// once its head is in the kernel's hands. A stream that a ringside refuses waits for the ring; the app's is
// tried again on another connection.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/net/connect.hpp"
#include "daemon/net/stream.hpp"
#include "daemon/worker/call.hpp"
#include "daemon/worker/stream_window.hpp"
#include "proto/http2/session.hpp"

namespace ringside::worker {

class Http2Link;

// One request sent over it.
class LinkStream final : public Outbound {
 public:
  explicit LinkStream(Http2Link& link) : link_(link) {}
  void begin(http2::StreamId id, Call& call, bool end);
  void send_body(std::string_view) override;
  void send_end(const http::Trailers&) override;
  [[nodiscard]] std::size_t body_backlog() const override;
  void more_reply() override;
  void cancel() override;

 private:
  friend class Http2Link;
  Http2Link& link_;
  http2::StreamId id_ = 0;
  Call* call_ = nullptr;        // nullptr: cancelled, the stream's end is awaited
  bool request_ended_ = false;  // END_STREAM is on its way
  bool replying_ = false;       // the reply's head has been passed on
  bool upgraded_ = false;       // a tunnel until both sides have ended it
  bool reply_over_ = false;     // of a tunnel: the other side has ended it, we have not
  bool unanswered_ = true;      // counted in Http2Link::unanswered_
  int interim_ = 0;
  StreamWindow window_{StreamWindow::Grows::no};
};

class Http2Link final : public net::StreamEvents, public http2::Events, public Flushable, public Buried {
 public:
  enum class To : unsigned char { peer, app };
  using OnClosed = std::function<void(Http2Link&)>;
  // `target`: the peer's address in the ring; empty for the app.
  Http2Link(Context&, To, std::string target, const Address&, OnClosed);
  ~Http2Link() override;

  Outbound* start(Call&, bool end);
  [[nodiscard]] bool takes_streams() const { return !closed_ && !going_away_ && session_.takes_requests(); }
  [[nodiscard]] bool plain() const { return stream_ && stream_->tls() == nullptr; }  // once it is connected
  void retire();  // takes no more streams and closes when the open ones have ended
  [[nodiscard]] bool unused() const { return streams_.empty() && waiting_.empty(); }
  [[nodiscard]] int unanswered() const { return unanswered_; }  // streams without the head of a reply
  void close();

  void on_bytes() override;
  void on_eof() override;
  void on_drained() override;
  void on_broken(boost::system::error_code) override;
  void on_secured() override;
  void flush() override;

  void on_request(http2::StreamId, const http::RequestHead&, bool end) override;
  void on_response(http2::StreamId, const http::ResponseHead&, bool end) override;
  void on_data(http2::StreamId, std::string_view data) override;
  void on_end(http2::StreamId, const http::Trailers&) override;
  void on_close(http2::StreamId, http2::Code code, bool unprocessed) override;
  void on_writable(http2::StreamId) override;
  void on_goaway() override;
  void on_settings() override { wants_flush(); }

 private:
  friend class LinkStream;
  void on_connected(Result<net::Socket> socket);
  [[nodiscard]] security::TlsSessionPtr new_tls() const;
  void lost(std::string_view why);
  void not_opened(boost::system::error_code);
  void accept_sent();
  void start_waiting();
  std::vector<std::unique_ptr<LinkStream>> take_all();
  [[nodiscard]] std::string name() const { return to_ == To::peer ? "the peer" : "the app"; }
  void wants_flush() { context_.turn.flush_link(*this); }
  LinkStream* find(http2::StreamId id);
  void count_answer(LinkStream& stream) {
    if (std::exchange(stream.unanswered_, false)) --unanswered_;
  }
  void end_early(http2::StreamId id, bool request_ended);
  void interim(LinkStream&, int status);

  Context& context_;
  To to_;
  std::string target_;
  OnClosed on_closed_;
  http2::Session session_;
  net::Connector connector_;
  std::optional<net::Stream> stream_;
  net::Timer handshake_timer_;  // with TLS
  boost::unordered_flat_map<http2::StreamId, std::unique_ptr<LinkStream>> streams_;
  std::vector<std::unique_ptr<LinkStream>> waiting_;  // upgrades, until the peer has said that it takes them
  std::vector<std::unique_ptr<LinkStream>> spent_;    // to be used again
  http::ResponseHead reply_;                          // the one that is being passed on
  std::vector<http2::StreamId> unsent_;               // towards the app: whose head is still to be written
  int unanswered_ = 0;
  bool going_away_ = false;
  bool closed_ = false;
};

}  // namespace ringside::worker
