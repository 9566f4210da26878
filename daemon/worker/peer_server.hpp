// One accepted HTTP/2 link: another ringside sends requests here whose keys it believes to be ours. Each
// stream has its own Call, which looks at the ring again.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "daemon/net/stream.hpp"
#include "daemon/worker/call.hpp"
#include "proto/http2/session.hpp"

namespace ringside::worker {

class PeerServer;

class ServedStream final : public Inbound, public Buried {
 public:
  ServedStream(PeerServer& link, http2::StreamId id);
  void send_continue() override;
  void send_reply(const http::ResponseHead&, bool end) override;
  void send_reply_body(std::string_view) override;
  void send_reply_end(const http::Trailers&) override;
  void abort_reply() override;
  [[nodiscard]] std::size_t reply_backlog() const override;
  void more_body() override;

 private:
  friend class PeerServer;
  void take_body(std::string_view data);
  void take_end(const http::Trailers&);

  PeerServer& link_;
  http2::StreamId id_;
  std::string pending_;           // body bytes that the call had no room for
  http::OwnedTrailers trailers_;  // behind `pending_`
  bool body_ended_ = false;       // the peer has sent all of it
  bool gone_ = false;             // the stream has been closed
  Call call_;
};

class PeerServer final : public net::StreamEvents, public http2::Events, public Flushable, public Buried {
 public:
  using OnClosed = std::function<void(PeerServer&)>;
  PeerServer(Context&, net::Socket, std::string first_bytes, OnClosed);
  ~PeerServer() override;

  void drain();  // GOAWAY: finish what is here, take nothing new

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
  friend class ServedStream;
  void close();
  void wants_flush() { context_.turn.flush_link(*this); }
  ServedStream* find(http2::StreamId id);

  Context& context_;
  OnClosed on_closed_;
  http2::Session session_;
  net::Stream stream_;
  std::unordered_map<http2::StreamId, std::unique_ptr<ServedStream>> streams_;
  bool closed_ = false;
};

}  // namespace ringside::worker
