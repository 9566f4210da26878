// One dialled HTTP/2 link and the streams on it. Streams can be started before the link is open; a link that
// does not open fails them as surely not executed.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "daemon/net/connect.hpp"
#include "daemon/net/stream.hpp"
#include "daemon/worker/peer_links.hpp"
#include "proto/http2/session.hpp"

namespace ringside::worker {

// One request sent to a peer.
class PeerStream final : public Outbound {
 public:
  PeerStream(PeerLink& link, http2::StreamId id, Call& call) : link_(link), id_(id), call_(&call) {}
  void send_body(std::string_view) override;
  void send_end(const http::Trailers&) override;
  [[nodiscard]] std::size_t body_backlog() const override;
  void more_reply() override;
  void cancel() override;

 private:
  friend class PeerLink;
  PeerLink& link_;
  http2::StreamId id_;
  Call* call_;                  // nullptr: cancelled, the stream's end is awaited
  bool request_ended_ = false;  // END_STREAM is on its way
  bool replying_ = false;       // the reply's head has been passed on
  bool reply_ended_ = false;
  std::size_t unconsumed_ = 0;  // reply bytes passed on for which the window has not been opened again
};

class PeerLink final : public net::StreamEvents, public http2::Events, public Flushable, public Buried {
 public:
  PeerLink(Context&, PeerLinks&, std::string address);
  ~PeerLink() override;

  Outbound* start(Call&, bool end);
  [[nodiscard]] bool takes_streams() const { return !closed_ && !going_away_ && session_.takes_requests(); }
  void retire();  // takes no more streams and closes when the open ones have ended
  [[nodiscard]] bool unused() const { return streams_.empty(); }
  void close();

  void on_bytes() override;
  void on_eof() override;
  void on_drained() override;
  void on_broken(boost::system::error_code) override;
  void flush() override;

  void on_request(http2::StreamId, const http::RequestHead&, bool end) override;
  void on_response(http2::StreamId, const http::ResponseHead&, bool end) override;
  void on_data(http2::StreamId, std::string_view data) override;
  void on_end(http2::StreamId, const http::Trailers&) override;
  void on_close(http2::StreamId, http2::Code code, bool unprocessed) override;
  void on_writable(http2::StreamId) override;
  void on_goaway() override;

 private:
  friend class PeerStream;
  void on_connected(Result<net::Socket> socket);
  void lost(std::string_view why, bool executed_maybe);
  void wants_flush() { context_.turn.flush_link(*this); }
  PeerStream* find(http2::StreamId id);
  void end_early(http2::StreamId id, bool request_ended);

  Context& context_;
  PeerLinks& links_;
  std::string address_;
  http2::Session session_;
  net::Connector connector_;
  std::optional<net::Stream> stream_;
  std::unordered_map<http2::StreamId, std::unique_ptr<PeerStream>> streams_;
  bool going_away_ = false;
  bool closed_ = false;
};

}  // namespace ringside::worker
