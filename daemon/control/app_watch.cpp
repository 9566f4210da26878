// See app_watch.hpp.
#include "daemon/control/app_watch.hpp"

#include <chrono>
#include <utility>

#include "daemon/obs/log.hpp"

namespace ringside::control {
namespace {

using api::AppState;
using obs::Level;

Now now() {
  return {Clock::now(), std::chrono::floor<Millis>(std::chrono::system_clock::now())};
}

Address address_of(const config::Config& config) {
  auto parsed = parse_address(config.app.address);
  return parsed ? *parsed : Address{};  // empty when there is no app; otherwise checked when it was loaded
}

}  // namespace

AppWatch::AppWatch(boost::asio::io_context& io, const config::Config& config, obs::ControlMetrics& metrics,
                   std::function<void()> changed)
    : io_(io),
      config_(config),
      metrics_(metrics),
      changed_(std::move(changed)),
      address_(address_of(config)),
      timers_(io),
      timer_(timers_, [this] { go_on(); }),
      health_(config, now()) {}

void AppWatch::start() {
  go_on();
}

void AppWatch::refused() {
  health_.on_refused(now());
  go_on();
}

void AppWatch::go_on() {
  const AppState before = app().state;
  if (health_.on_time(now())) note(before);
  if (health_.take_probe(now())) probe();
  const Instant next = health_.next_deadline();
  if (next == never)
    timer_.cancel();
  else
    timer_.at(next);
}

void AppWatch::probe() {
  probe_ = std::make_unique<AppProbe>(
      io_, timers_, address_, config_.app.health.path, config_.app.health.timeout, [this](Probed probed) {
        spent_ = std::move(probe_);
        (probed.passed ? metrics_.app_probes_passed : metrics_.app_probes_failed).add();
        const AppState before = app().state;
        if (health_.on_probe(now(), std::move(probed))) note(before);
        go_on();
      });
}

void AppWatch::note(AppState before) {
  const AppState state = app().state;
  metrics_.app_up.set(state == AppState::up ? 1 : 0);
  if (state != before) {
    metrics_.app_changes.add();
    switch (state) {
      case AppState::up: obs::log(Level::info, "app_up", {{"app", config_.app.address}}); break;
      case AppState::restarting:
        obs::log(Level::warn, "app_restarting",
                 {{"app", config_.app.address},
                  {"cause", app().reason},
                  {"grace_ms", std::int64_t{config_.app.grace.count()}},
                  {"meaning", "requests for its keys wait for it"}});
        break;
      case AppState::down:
        obs::log(Level::warn, "app_down",
                 {{"app", config_.app.address},
                  {"cause", app().reason},
                  {"meaning", has_place() ? "its keys stay here all the same (app.health.required: false)"
                                          : "its keys go to other members until it is back"}});
        break;
      case AppState::none:
      case AppState::starting: break;
    }
  } else if (state == AppState::starting && before == AppState::starting && !said_missing_) {
    said_missing_ = true;
    obs::log(Level::warn, "app_not_up_yet",
             {{"app", config_.app.address},
              {"cause", app().reason},
              {"remedy", "start the app at app.address; this member owns keys from then on"}});
  }
  changed_();
}

}  // namespace ringside::control
