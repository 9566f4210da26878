// One look at the app: a connection, and with app.health.path an HTTP/1.1 GET whose status must be 200 to
// 399. Calls back as HttpOnce does. Control thread.
#pragma once

#include <functional>
#include <string>

#include "daemon/control/app_health.hpp"
#include "daemon/control/http_once.hpp"
#include "daemon/security/tokens.hpp"

namespace ringside::control {

class AppProbe {
 public:
  using OnDone = std::function<void(Probed)>;
  // `token`: that the app asks for; null: none.
  AppProbe(boost::asio::io_context&, net::Timers&, const Address&, std::string path,
           const security::AppTokenPtr& token, Duration timeout, OnDone);
  AppProbe(const AppProbe&) = delete;
  AppProbe& operator=(const AppProbe&) = delete;

 private:
  std::string path_;
  OnDone on_done_;
  HttpOnce once_;
};

}  // namespace ringside::control
