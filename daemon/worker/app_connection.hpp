// One HTTP/1.1 connection to the app; one request at a time.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "daemon/net/connect.hpp"
#include "daemon/net/stream.hpp"
#include "daemon/worker/app_pool.hpp"
#include "proto/http1/parser.hpp"
#include "proto/http1/writer.hpp"

namespace ringside::worker {

class AppConnection final : public Outbound, public net::StreamEvents, public Flushable, public Buried {
 public:
  AppConnection(Context&, AppPool&);
  ~AppConnection() override;

  void connect(const Address&, Duration timeout);
  void start(Call&, bool end);  // the head of call.head(); before the connection is open it waits

  void send_body(std::string_view) override;
  void send_end(const http::Trailers&) override;
  [[nodiscard]] std::size_t body_backlog() const override;
  void more_reply() override;
  void cancel() override;

  void on_bytes() override;
  void on_eof() override;
  void on_drained() override;
  void on_broken(boost::system::error_code) override;
  void flush() override;

 private:
  void on_connected(Result<net::Socket> socket);
  void read_reply();
  bool read_head();
  bool read_body();
  bool read_switch(http::ResponseHead&, std::size_t length);
  void part();
  void finished(bool reusable);
  void lost(std::string_view why);
  void close();

  Context& context_;
  AppPool& pool_;
  std::optional<net::Connector> connector_;
  std::optional<net::Stream> stream_;
  Call* call_ = nullptr;
  std::string waiting_output_;  // until connected
  http1::ResponseParser parser_;
  http1::BodyReader body_;
  http::ResponseHead reply_;  // the one that is being passed on
  bool chunked_request_ = false;
  bool request_ended_ = false;
  bool head_sent_ = false;      // the current request's head has been given to the kernel
  bool in_body_ = false;        // the reply's head has been passed on
  bool keep_alive_ = false;     // what the reply said
  bool upgraded_ = false;       // a tunnel until both sides have ended it
  bool reply_over_ = false;     // of a tunnel: the app has
  bool reply_started_ = false;  // any byte of it has come
  int interim_ = 0;
  bool closed_ = false;
};

}  // namespace ringside::worker
