// One accepted HTTP/2 connection. Another ringside sends requests whose keys it believes to be ours; a client
// sends what it likes (RFC 9113, cleartext with prior knowledge), under tighter limits. Each stream has its
// own Call.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/net/stream.hpp"
#include "daemon/worker/served_stream.hpp"
#include "proto/http2/session.hpp"

namespace ringside::worker {

enum class Asker : std::uint8_t { peer, client };

class Http2Server final : public net::StreamEvents, public http2::Events, public Flushable, public Buried {
 public:
  using OnClosed = std::function<void(Http2Server&)>;
  // Another ringside's; `first_bytes` were read to find out.
  Http2Server(Context&, net::Socket, std::string_view first_bytes, OnClosed);
  // The same from the door where TLS comes in.
  Http2Server(Context&, net::Stream&&, OnClosed);
  // A client's, from the session that found the preface among its buffered bytes.
  Http2Server(Context&, net::Stream&&, Client, OnClosed);
  ~Http2Server() override;

  [[nodiscard]] bool plain() const { return stream_.tls() == nullptr; }
  void drain();        // GOAWAY: finish what is here, take nothing new
  void cut(bool all);  // end the requests under way that are at this node's app, or `all`

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
  ServedStream& open(http2::StreamId id);
  void rest();
  [[nodiscard]] std::uint64_t body_max() const {
    return static_cast<std::uint64_t>(context_.config.forward.body_max);
  }
  [[nodiscard]] bool crowded() const;
  void count_out(std::size_t bytes);

  Context& context_;
  Asker asker_;
  Client client_;
  OnClosed on_closed_;
  http2::Session session_;
  net::Stream stream_;
  boost::unordered_flat_map<http2::StreamId, std::unique_ptr<ServedStream>> streams_;
  std::vector<std::unique_ptr<ServedStream>> closed_streams_;  // may still be on the stack until flush()
  std::vector<std::unique_ptr<ServedStream>> spent_;           // to be used again
  net::Timer timer_;    // a client's connection is not kept when nothing happens on it
  bool moved_ = false;  // bytes have come or gone since the timer was set
  bool closed_ = false;
};

}  // namespace ringside::worker
