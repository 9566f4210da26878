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

Address address_of(const config::AppSettings& settings) {
  auto parsed = parse_address(settings.address);
  return parsed ? *parsed : Address{};  // empty when there is no app; otherwise checked when it came in
}

}  // namespace

AppWatch::AppWatch(boost::asio::io_context& io, config::AppSettings settings, obs::ControlMetrics& metrics,
                   std::function<void()> changed)
    : io_(io),
      settings_(std::move(settings)),
      metrics_(metrics),
      changed_(std::move(changed)),
      address_(address_of(settings_)),
      timers_(io),
      timer_(timers_, [this] { go_on(); }),
      health_(settings_, now()) {}

void AppWatch::start() {
  go_on();
}

// A probe of the app that was there before has nothing to say any more.
void AppWatch::move(config::AppSettings settings) {
  settings_ = std::move(settings);
  address_ = address_of(settings_);
  probe_.reset();
  said_missing_ = false;
  const AppState before = app().state;
  health_.move(settings_, now());
  note(before);
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
      io_, timers_, address_, settings_.health.path, token_, settings_.health.timeout, [this](Probed probed) {
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
      case AppState::up: obs::log(Level::info, "app_up", {{"app", settings_.address}}); break;
      case AppState::restarting:
        obs::log(Level::warn, "app_restarting",
                 {{"app", settings_.address},
                  {"cause", app().reason},
                  {"grace_ms", std::int64_t{settings_.grace.count()}},
                  {"meaning", "requests for its keys wait for it"}});
        break;
      case AppState::down:
        obs::log(Level::warn, "app_down",
                 {{"app", settings_.address},
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
             {{"app", settings_.address},
              {"cause", app().reason},
              {"remedy", "start the app at app.address; this member owns keys from then on"}});
  }
  changed_();
}

}  // namespace ringside::control
