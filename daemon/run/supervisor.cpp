#include "daemon/run/supervisor.hpp"

#include <algorithm>
#include <csignal>
#include <string_view>

#include "daemon/base/limits.hpp"
#include "daemon/base/text.hpp"

namespace ringside::run {
namespace {

constexpr std::array children{Child::daemon, Child::app};

std::string_view name_of(Child child) {
  return child == Child::daemon ? "the daemon" : "the app";
}

}  // namespace

std::string describe(End end) {
  if (!end.started) return "could not be started";
  if (end.code > 128) return "was ended by signal " + std::to_string(end.code - 128);
  return "has ended with exit code " + std::to_string(end.code);
}

Supervisor::Supervisor(const Settings& settings) : settings_(settings) {}

void Supervisor::start(Instant now, Outbox& out) {
  for (const Child child : children) begin(now, child, out);
}

void Supervisor::begin(Instant now, Child child, Outbox& out) {
  Half& which = half(child);
  which.up = true;
  which.started = now;
  which.again = never;
  out.emplace_back(Start{child});
}

void Supervisor::on_signal(Instant now, int number, Outbox& out) {
  if (number != SIGTERM && number != SIGINT) {
    for (const Child child : children)
      if (half(child).up && (child == Child::app || number == SIGHUP))
        out.emplace_back(Signal{child, number});
    return;
  }
  if (phase_ == Phase::running || phase_ == Phase::orphaned) return end_daemon(now, Phase::draining, out);
  // Supervisors repeat SIGTERM, some signal a whole group and its leader: only the key on a terminal, pressed
  // again, means that somebody is tired of waiting.
  if (number == SIGINT) end_wait(now, out);
}

void Supervisor::on_ended(Instant now, Child child, End end, Outbox& out) {
  half(child).up = false;
  if (phase_ == Phase::over) return;
  if (child == Child::daemon)
    daemon_ended(now, end, out);
  else
    app_ended(now, end, out);
}

void Supervisor::daemon_ended(Instant now, End end, Outbox& out) {
  switch (phase_) {
    case Phase::running:
      if (begin_later(now, Child::daemon, end, out)) return;
      code_ = daemon_failed;
      if (!half(Child::app).up) return finish(out);
      phase_ = Phase::orphaned;
      deadline_ = now + settings_.grace;
      out.emplace_back(Say{"the daemon " + describe(end) + "; the app is told to end in " +
                           print_duration(settings_.grace) + " (with --restart both would go on)"});
      return;
    case Phase::draining:
      if (end.code != 0) out.emplace_back(Say{"the daemon " + describe(end) + " instead of leaving"});
      return end_app(now, out);
    case Phase::leaving: return finish(out);
    case Phase::orphaned:
    case Phase::stopping:
    case Phase::over: return;
  }
}

void Supervisor::app_ended(Instant now, End end, Outbox& out) {
  switch (phase_) {
    case Phase::running:
      if (begin_later(now, Child::app, end, out)) return;
      code_ = end.code;
      out.emplace_back(Say{"the app " + describe(end) + "; the daemon leaves the cluster"});
      return end_daemon(now, Phase::leaving, out);
    case Phase::draining: code_ = end.code; return;
    case Phase::orphaned: return finish(out);
    case Phase::stopping:
      if (!code_) code_ = end.code;
      return finish(out);
    case Phase::leaving:
    case Phase::over: return;
  }
}

// With --restart; what cannot be started at all would not be better for waiting.
bool Supervisor::begin_later(Instant now, Child child, End end, Outbox& out) {
  if (!settings_.restart || !end.started) return false;
  Half& which = half(child);
  const bool calm = now - which.started >= limits::restart_calm;
  which.pause = calm || which.pause == Millis{0}
                    ? Millis(limits::restart_pause)
                    : std::min<Millis>(2 * which.pause, limits::restart_pause_max);
  which.again = now + which.pause;
  out.emplace_back(Say{std::string(name_of(child)) + " " + describe(end) + "; it is started again in " +
                       print_duration(which.pause)});
  return true;
}

void Supervisor::end_daemon(Instant now, Phase phase, Outbox& out) {
  for (Half& each : halves_) each.again = never;
  if (!half(Child::daemon).up) return end_app(now, out);
  phase_ = phase;
  deadline_ = now + settings_.drain_timeout + limits::daemon_end_time;
  out.emplace_back(Signal{Child::daemon, SIGTERM});
  if (phase == Phase::draining) out.emplace_back(Say{"draining; then the app is told to end"});
}

void Supervisor::end_app(Instant now, Outbox& out) {
  if (!half(Child::app).up) return finish(out);
  phase_ = Phase::stopping;
  deadline_ = now + settings_.drain_timeout;
  out.emplace_back(Signal{Child::app, SIGTERM});
}

// The present wait is over, by the clock or by an impatient hand.
void Supervisor::end_wait(Instant now, Outbox& out) {
  deadline_ = never;
  switch (phase_) {
    case Phase::orphaned: return end_app(now, out);
    case Phase::draining:
    case Phase::leaving:
      out.emplace_back(Say{"the daemon is killed: it has not left"});
      out.emplace_back(Signal{Child::daemon, SIGKILL});
      return;
    case Phase::stopping:
      out.emplace_back(Say{"the app is killed: it has not ended"});
      out.emplace_back(Signal{Child::app, SIGKILL});
      return;
    case Phase::running:
    case Phase::over: return;
  }
}

void Supervisor::on_deadline(Instant now, Outbox& out) {
  for (const Child child : children)
    if (half(child).again <= now) begin(now, child, out);
  if (deadline_ <= now) end_wait(now, out);
}

Instant Supervisor::next_deadline() const {
  Instant next = deadline_;
  for (const Half& each : halves_) next = std::min(next, each.again);
  return next;
}

void Supervisor::finish(Outbox& out) {
  phase_ = Phase::over;
  deadline_ = never;
  for (Half& each : halves_) each.again = never;
  out.emplace_back(Exit{code_.value_or(0)});
}

}  // namespace ringside::run
