// One HTTP/1.1 request on a connection of its own, in TLS if it is given a session for it: dials, sends,
// reads the status of the answer and hangs up. Control thread.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "daemon/base/address.hpp"
#include "daemon/net/connect.hpp"
#include "daemon/net/stream.hpp"
#include "daemon/net/timers.hpp"
#include "proto/http1/parser.hpp"

namespace ringside::control {

class HttpOnce final : public net::StreamEvents {
 public:
  struct Answer {
    int status = 0;       // 0: none came
    std::string error{};  // why; empty, when a connection was all that was wanted
    bool nobody_listens = false;
  };
  // `request`: head and body; empty: the connection is all. Calls back once, never from inside the
  // constructor, and then must live until that is over; destroying it before gives up silently.
  using OnDone = std::function<void(Answer)>;
  HttpOnce(boost::asio::io_context&, net::Timers&, const Address&, std::string request, Duration timeout,
           OnDone, security::TlsSessionPtr = nullptr);
  ~HttpOnce();
  HttpOnce(const HttpOnce&) = delete;
  HttpOnce& operator=(const HttpOnce&) = delete;

  void on_bytes() override;
  void on_eof() override;
  void on_drained() override {}
  void on_broken(boost::system::error_code) override;

 private:
  void on_connected(Result<net::Socket>);
  void finish(Answer);

  std::string request_;
  security::TlsSessionPtr tls_;  // until the connection is there
  OnDone on_done_;
  net::Timer timer_;
  std::optional<net::Connector> connector_;
  std::optional<net::Stream> stream_;
  http1::ResponseParser parser_;
};

}  // namespace ringside::control
