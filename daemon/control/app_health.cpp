// See app_health.hpp.
#include "daemon/control/app_health.hpp"

#include <algorithm>
#include <utility>

#include "daemon/base/limits.hpp"

namespace ringside::control {

using api::AppState;

AppHealth::AppHealth(const config::AppSettings& settings, Now now) {
  take(settings, now);
  app_.state = settings.address.empty() ? AppState::none : AppState::starting;
  app_.since = now.wall;
}

void AppHealth::take(const config::AppSettings& settings, Now now) {
  interval_ = settings.health.interval;
  grace_ = settings.grace;
  fail_ = settings.health.fail;
  pass_ = settings.health.pass;
  app_.required = settings.health.required;
  next_probe_ = settings.address.empty() ? never : now.steady;
}

void AppHealth::move(const config::AppSettings& settings, Now now) {
  take(settings, now);
  under_way_ = again_ = false;
  if (settings.address.empty()) return enter(AppState::none, now, "");
  switch (app_.state) {
    case AppState::none:
    case AppState::down: return enter(AppState::starting, now, "");
    case AppState::up:
      grace_ends_ = now.steady + grace_;
      return enter(AppState::restarting, now, "registered anew");
    case AppState::starting:
    case AppState::restarting: return;
  }
}

bool AppHealth::on_probe(Now now, Probed probed) {
  under_way_ = false;
  const bool asked = asked_ && !again_;
  const bool up = app_.state == AppState::up;
  next_probe_ =
      now.steady + (up && probed.passed ? interval_ : std::min<Millis>(interval_, limits::app_probe_fast));
  if (std::exchange(again_, false)) next_probe_ = now.steady;

  if (probed.passed) {
    failed_ = 0;
    if (asked) asked_ = false;
    if (up) {
      if (asked) ++app_.answers;
      return asked;
    }
    if (++passed_ < pass_) return false;
    enter(AppState::up, now, "");
    next_probe_ = now.steady + interval_;
    return true;
  }

  passed_ = 0;
  if (up) {
    if (++failed_ == 1) first_failure_ = now.steady;
    if (!probed.refused && !asked_) next_probe_ = now.steady + interval_;
    if (failed_ < fail_) return false;
    enter(AppState::restarting, now, std::move(probed.why));
    grace_ends_ = first_failure_ + grace_;
    (void)on_time(now);
    return true;
  }
  const bool news = app_.reason != probed.why;
  app_.reason = std::move(probed.why);
  return news;
}

bool AppHealth::on_time(Now now) {
  if (app_.state != AppState::restarting || now.steady < grace_ends_) return false;
  enter(AppState::down, now, app_.reason);
  return true;
}

void AppHealth::on_refused(Now now) {
  if (app_.state == AppState::none) return;
  asked_ = true;
  if (under_way_) again_ = true;
  next_probe_ = std::min(next_probe_, now.steady);
}

bool AppHealth::take_probe(Now now) {
  if (under_way_ || now.steady < next_probe_) return false;
  return under_way_ = true;
}

Instant AppHealth::next_deadline() const {
  return std::min(under_way_ ? never : next_probe_, app_.state == AppState::restarting ? grace_ends_ : never);
}

bool AppHealth::has_place() const {
  return !app_.required || app_.state == AppState::up || app_.state == AppState::restarting;
}

void AppHealth::enter(AppState state, Now now, std::string why) {
  const bool was_down = app_.state == AppState::restarting && state == AppState::down;
  app_.state = state;
  if (!was_down) app_.since = now.wall;  // it is down since it was first found so
  app_.reason = std::move(why);
  ++app_.answers;
  failed_ = passed_ = 0;
  asked_ = false;
}

}  // namespace ringside::control
