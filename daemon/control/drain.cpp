#include "daemon/control/drain.hpp"

#include "daemon/base/limits.hpp"

namespace ringside::control {

using api::DrainState;

void Drain::start(Now now, Millis timeout) {
  if (!active()) announce(now);
  if (!leaving()) set_deadline(now, timeout);
}

void Drain::leave(Now now, Millis timeout, bool anew) {
  if (leaving()) return;
  if (!active() || anew) announce(now);
  view_.leaving = true;
  set_deadline(now, timeout);
}

void Drain::cancel() {
  view_ = {};
  gone_until_ = never;
}

void Drain::hurry(Now now) {
  if (now.steady < deadline_) set_deadline(now, Millis{0});
}

void Drain::announce(Now now) {
  view_.state = DrainState::announcing;
  view_.since = now.wall;
  notice_until_ = now.steady + settings_.notice;
  told_until_ = now.steady + settings_.telling;
}

void Drain::set_deadline(Now now, Millis timeout) {
  deadline_ = now.steady + timeout;
  view_.deadline = now.wall + timeout;
  gone_until_ = never;
}

Drain::Step Drain::look(Instant now, const Seen& seen) {
  switch (view_.state) {
    case DrainState::none: return Step::none;
    case DrainState::announcing: {
      const bool over = now >= notice_until_ && (seen.told || now >= told_until_);
      return over || now >= deadline_ ? go(DrainState::finishing, Step::show) : Step::none;
    }
    case DrainState::finishing: return finish(now, seen);
    case DrainState::drained: return leaving() ? go(DrainState::departing, Step::depart) : Step::none;
    case DrainState::departing: return depart(now, seen);
  }
  return Step::none;
}

Drain::Step Drain::finish(Instant now, const Seen& seen) {
  const bool stays = leaving() && settings_.app_first && !seen.app_ended;
  if (seen.at_app == 0 && !stays) return go(DrainState::drained, Step::show);
  if (now < deadline_) return Step::none;
  if (leaving()) return go(DrainState::departing, Step::depart);  // where everything is cut
  if (gone_until_ == never) {
    gone_until_ = now + limits::drain_close_time;
    view_.cut = seen.at_app;
    return Step::cut_at_app;
  }
  return now >= gone_until_ ? go(DrainState::drained, Step::show) : Step::none;
}

Drain::Step Drain::depart(Instant now, const Seen& seen) {
  if (seen.workers_empty) return Step::exit;
  if (now < deadline_) return Step::none;
  if (gone_until_ == never) {
    gone_until_ = now + limits::drain_close_time;
    return Step::cut_all;
  }
  return now >= gone_until_ ? Step::exit : Step::none;
}

}  // namespace ringside::control
