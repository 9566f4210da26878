// One request on an accepted HTTP/2 connection. Another ringside's has its key in the head and looks at the
// ring again; a client's is not trusted: it is routed, counted and timed as on an HTTP/1 connection
// (client_session.hpp), and may ask for the API.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "daemon/worker/api_request.hpp"
#include "daemon/worker/body_pace.hpp"
#include "daemon/worker/call.hpp"
#include "daemon/worker/pending_order.hpp"
#include "daemon/worker/stream_window.hpp"
#include "daemon/worker/watch.hpp"
#include "proto/http2/session.hpp"

namespace ringside::worker {

class Http2Server;

class ServedStream final : public Inbound {
 public:
  explicit ServedStream(Http2Server& link);

  // --- from the Http2Server
  void begin(http2::StreamId id);  // also again, for another stream, after gone()
  void begin_for_peer(const http::RequestHead&, bool end);
  void begin_for_client(const http::RequestHead&, const Client&, bool end);
  void take_body(std::string_view data);
  void take_end(const http::Trailers&);
  void writable();
  void gone();  // the stream has been closed
  void cut(bool all) { call_.cut(all); }
  [[nodiscard]] bool active() const { return call_.active() || watch_ != nullptr; }

  void send_continue() override;
  void send_reply(const http::ResponseHead&, bool end) override;
  void send_reply_body(std::string_view) override;
  void send_reply_end(const http::Trailers&) override;
  void abort_reply() override;
  [[nodiscard]] std::size_t reply_backlog() const override;
  void more_body() override;

 private:
  void begin_call(const http::RequestHead&, const Route&, const Client&, bool end);
  void begin_api(const http::RequestHead&, bool end);
  void answer_api();
  [[nodiscard]] bool over_limit();
  void spoilt(const api::Problem&);
  void refuse(const api::Problem&);
  void write(const api::Response&);
  void open_window();
  void end_record();
  void check_body_rate();

  Http2Server& link_;
  http2::StreamId id_ = 0;
  std::string pending_;    // body bytes that the call had no room for
  std::size_t taken_ = 0;  // of these, that it has had by now
  StreamWindow window_{StreamWindow::Grows::no};
  http::OwnedTrailers trailers_;  // behind `pending_`
  bool body_ended_ = false;       // the asker has sent all of it
  bool gone_ = false;

  // of a client's request
  bool wants_continue_ = true;  // a peer always does: it is how we say that the request was accepted
  bool head_request_ = false;
  bool grpc_ = false;
  bool reply_started_ = false;
  BodyPace pace_;
  std::optional<ApiRequest> api_;
  std::unique_ptr<Watch> watch_;  // until the stream is used again
  PendingOrder order_;
  std::unique_ptr<AccessRecord> record_;  // none: the request gets no line in the access log
  net::Timer timer_;                      // of a body that comes too slowly

  Call call_;
};

}  // namespace ringside::worker
