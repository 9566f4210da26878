// One HTTP/1.1 connection of a client, on either listener: heads are parsed in place, requests are answered
// one after the other in their order. What is keyed becomes a Call; what asks for the API is answered from
// the view.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "daemon/net/stream.hpp"
#include "daemon/worker/api_request.hpp"
#include "daemon/worker/body_pace.hpp"
#include "daemon/worker/call.hpp"
#include "daemon/worker/pending_order.hpp"
#include "daemon/worker/watch.hpp"
#include "proto/http1/parser.hpp"
#include "proto/http1/writer.hpp"

namespace ringside::worker {

class ClientSession final : public Inbound, public net::StreamEvents, public Flushable, public Buried {
 public:
  using OnClosed = std::function<void(ClientSession&)>;
  using OnHttp2 = std::function<void(net::Stream&&, Client)>;  // its first bytes are the preface
  ClientSession(Context&, net::Socket, Client, OnClosed, OnHttp2);
  ~ClientSession() override;

  void drain();        // answer what is here, then close
  void cut(bool all);  // end the request under way, if it is at this node's app or `all`
  [[nodiscard]] bool idle() const {
    return state_ == State::greeting || (state_ == State::head && !parser_.mid_head());
  }

  void send_continue() override;
  void send_reply(const http::ResponseHead&, bool end) override;
  void send_reply_body(std::string_view) override;
  void send_reply_end(const http::Trailers&) override;
  void abort_reply() override;
  [[nodiscard]] std::size_t reply_backlog() const override;
  void more_body() override;

  void on_bytes() override;
  void on_eof() override;
  void on_drained() override;
  void on_broken(boost::system::error_code) override;
  void on_secured() override { secured_ = true; }
  void flush() override;

 private:
  enum class State : unsigned char {
    greeting,   // before the first request: a PROXY header, or the start of TLS
    head,       // between requests, or inside a head
    call,       // a Call is under way
    api_body,   // collecting the body of an API request
    ordered,    // the control thread has it
    watch,      // an API request that waits, or a stream of events
    answered,   // the reply has been written, the next request may be read
    lingering,  // everything said; reading on for a moment, so that the client gets to read our last words
    closed,
  };

  void process();
  bool greet();
  bool be_introduced();
  bool begin_tls();
  bool is_http1();
  bool read_head();
  void begin(const http::RequestHead&);
  [[nodiscard]] std::uint64_t body_max() const;
  void begin_api(const http::RequestHead&);
  void read_call_body();
  bool read_api_body();
  void answer_api();
  void spoilt(const api::Problem&);
  void refuse_unread(const api::Problem&);
  void refuse(const api::Problem&);
  void refuse_large_body();  // of an API call
  void write(const api::Response&);
  void send_switch(const http::ResponseHead&);
  void reply_finished();
  void next_request();
  void linger();
  void end();
  void check_body_rate();
  void note_bad_handshake(std::string_view cause);  // if it is one
  void out_of_time();
  void close();

  Context& context_;
  Client client_;
  OnClosed on_closed_;
  OnHttp2 on_http2_;  // empty once the first bytes have turned out to be HTTP/1
  net::Stream stream_;
  net::Timer timer_;
  http1::RequestParser parser_;
  http1::BodyReader body_;
  State state_ = State::greeting;
  bool head_timed_ = false;  // the head's deadline is running
  bool secured_ = false;     // the TLS handshake is over
  bool asked_ = false;       // a request has come

  // of the request under way
  bool body_left_ = false;  // of the request's body, in or behind the buffer
  bool keep_alive_ = true;
  bool http10_ = false;
  bool head_request_ = false;
  bool expects_continue_ = false;
  bool chunked_reply_ = false;
  bool reply_started_ = false;
  bool upgraded_ = false;  // what comes and goes is another protocol's
  BodyPace pace_;          // of a request with a body
  ApiRequest api_;
  PendingOrder order_;
  std::unique_ptr<Watch> watch_;
  std::unique_ptr<AccessRecord> record_;  // none: the request gets no line in the access log
  std::size_t discarded_ = 0;             // while lingering

  Call call_;
};

}  // namespace ringside::worker
