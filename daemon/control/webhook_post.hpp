// One POST to a webhook: dials, sends, reads the status of the answer and hangs up. Control thread.
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

class WebhookPost final : public net::StreamEvents {
 public:
  struct Answer {
    int status = 0;     // 0: none came
    std::string error;  // why
  };
  // `request`: head and body. Calls back once, never from inside; destroying it gives up silently.
  using OnDone = std::function<void(Answer)>;
  WebhookPost(boost::asio::io_context&, net::Timers&, const Address&, std::string request, Duration timeout,
              OnDone);
  ~WebhookPost();
  WebhookPost(const WebhookPost&) = delete;
  WebhookPost& operator=(const WebhookPost&) = delete;

  void on_bytes() override;
  void on_eof() override;
  void on_drained() override {}
  void on_broken(boost::system::error_code) override;

 private:
  void on_connected(Result<net::Socket>);
  void finish(Answer);

  std::string request_;
  OnDone on_done_;
  net::Timer timer_;
  std::optional<net::Connector> connector_;
  std::optional<net::Stream> stream_;
  http1::ResponseParser parser_;
};

}  // namespace ringside::control
