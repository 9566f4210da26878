// Probes the app by the clock and tells what became of it: AppHealth decides, AppProbe looks, this runs them.
// Log lines and metrics about the app are made here. Control thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <utility>

#include "daemon/api/view.hpp"
#include "daemon/config/config.hpp"
#include "daemon/control/app_health.hpp"
#include "daemon/control/app_probe.hpp"
#include "daemon/net/timers.hpp"
#include "daemon/obs/catalog.hpp"

namespace ringside::control {

class AppWatch {
 public:
  // `changed`: app() or has_place() is not what it was.
  AppWatch(boost::asio::io_context&, config::AppSettings, obs::ControlMetrics&,
           std::function<void()> changed);

  void start();
  void move(config::AppSettings);  // the app is another one from now on; its address empty: there is none
  void refused();                  // a request found nobody listening
  void use_token(security::AppTokenPtr token) { token_ = std::move(token); }  // in probes; null: none
  [[nodiscard]] const api::AppView& app() const { return health_.app(); }
  [[nodiscard]] const config::AppSettings& settings() const { return settings_; }
  [[nodiscard]] bool has_place() const { return health_.has_place(); }

 private:
  void go_on();
  void probe();
  void note(api::AppState before);

  boost::asio::io_context& io_;
  config::AppSettings settings_;
  security::AppTokenPtr token_;
  obs::ControlMetrics& metrics_;
  std::function<void()> changed_;
  Address address_;
  net::Timers timers_;
  net::Timer timer_;
  AppHealth health_;
  std::unique_ptr<AppProbe> probe_, spent_;  // a probe tells its end from inside of itself
  bool said_missing_ = false;
};

}  // namespace ringside::control
