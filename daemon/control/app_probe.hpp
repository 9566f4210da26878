// One look at the app: a connection, and with app.health.path an HTTP/1.1 GET whose status must be 200 to
// 399. Calls back once, never from inside the constructor, and then must live until that is over; destroying
// the probe before gives up silently. Control thread.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "daemon/base/address.hpp"
#include "daemon/control/app_health.hpp"
#include "daemon/net/connect.hpp"
#include "daemon/net/stream.hpp"
#include "daemon/net/timers.hpp"
#include "proto/http1/parser.hpp"

namespace ringside::control {

class AppProbe final : public net::StreamEvents {
 public:
  using OnDone = std::function<void(Probed)>;
  AppProbe(boost::asio::io_context&, net::Timers&, const Address&, std::string path, Duration timeout,
           OnDone);
  ~AppProbe();
  AppProbe(const AppProbe&) = delete;
  AppProbe& operator=(const AppProbe&) = delete;

  void on_bytes() override;
  void on_eof() override;
  void on_drained() override {}
  void on_broken(boost::system::error_code) override;

 private:
  void on_connected(Result<net::Socket>);
  void finish(Probed);

  std::string path_;
  Duration timeout_;
  OnDone on_done_;
  net::Timer timer_;
  http1::ResponseParser parser_;
  std::optional<net::Stream> stream_;
  std::optional<net::Connector> connector_;
};

}  // namespace ringside::control
