// Orders of the API, and leaving: Drain says what is next, this does it and looks again (drain.hpp).
#include <algorithm>
#include <utility>

#include "daemon/api/api.hpp"
#include "daemon/control/control_plane_state.hpp"
#include "daemon/obs/log.hpp"

namespace ringside::control {
namespace {

using obs::Level;

constexpr auto drain_check = std::chrono::milliseconds(50);

}  // namespace

void ControlPlane::State::order(const api::Order& order, const std::function<void(api::Response)>& answer) {
  const auto conflict = [](std::string detail) {
    return api::render({.code = api::Code::conflict, .detail = std::move(detail)});
  };
  const Millis timeout = order.timeout.value_or(config.drain.timeout);
  const auto progress = [this] {
    publish();
    return api::drain_answer({*view, all_metrics, now().wall}, 202);
  };
  switch (order.kind) {
    case api::Order::Kind::drain:
      if (drain.leaving()) return answer(conflict("this node is leaving; it ends when it is drained"));
      start_drain(timeout);
      return answer(progress());
    case api::Order::Kind::cancel_drain:
      if (drain.leaving()) return answer(conflict("this node is leaving, and that cannot be called off"));
      if (!drain.active()) return answer(conflict("this node is not being drained"));
      cancel_drain();
      publish();
      return answer(api::no_content());
    case api::Order::Kind::leave: leave(timeout); return answer(progress());
    case api::Order::Kind::evict:
    case api::Order::Kind::reap:
    case api::Order::Kind::heal:
    case api::Order::Kind::join:
    case api::Order::Kind::partitions:
    case api::Order::Kind::owners: return orders->run(order, answer);
    case api::Order::Kind::keyring:
      if (keyring) return keyring->run(order.keyring, answer);
      return answer(api::render({.code = api::Code::internal}));
    case api::Order::Kind::reload:
    case api::Order::Kind::log_level:
      return answer(hooks.settings ? hooks.settings(order) : api::render({.code = api::Code::internal}));
    case api::Order::Kind::self: return answer(change_self(order.self));
    case api::Order::Kind::app: return answer(register_app(order.app));
    case api::Order::Kind::no_app: return answer(forget_app());
    case api::Order::Kind::fault:
    case api::Order::Kind::no_fault: return answer(change_faults(order));
  }
}

void ControlPlane::State::start_drain(Millis timeout) {
  obs::log(Level::info, drain.active() ? "drain_goes_on" : "draining", {{"timeout_ms", timeout.count()}});
  drain.start(now(), timeout);
  step([](swim::Node& core, Now time, swim::Outbox& out) { core.leave(time, out); });
  publish_soon();
  look_after_drain();
}

void ControlPlane::State::cancel_drain() {
  obs::log(Level::info, "drain_cancelled", {});
  drain.cancel();
  drain_timer.cancel();
  metrics.draining.set(0);
  step([](swim::Node& core, Now time, swim::Outbox& out) { core.rejoin(time, out); });
}

void ControlPlane::State::leave(Millis timeout) {
  if (drain.leaving()) return;
  obs::log(Level::info, "leaving", {{"timeout_ms", timeout.count()}});
  const bool says_faulty = config.drain.status == config::GoodbyeStatus::faulty;
  drain.leave(now(), timeout, says_faulty);
  step([says_faulty](swim::Node& core, Now time, swim::Outbox& out) {
    if (says_faulty)
      core.evict_self(time, eviction_ticket, out);
    else
      core.leave(time, out);
  });
  publish_soon();
  look_after_drain();
}

// The change has been spread when nothing is left to say, or nobody is left to hear it.
Drain::Seen ControlPlane::State::drain_seen() const {
  Drain::Seen seen;
  const bool alone =
      !view || std::none_of(view->members.begin(), view->members.end(), [](const auto& member) {
        return !member.self &&
               (member.status == ringpop::Status::alive || member.status == ringpop::Status::suspect);
      });
  const bool spread = node->status() == ringpop::Status::faulty ? evicted : node->pending_changes() == 0;
  seen.told = alone || spread;
  for (const auto& worker : all_metrics.workers) seen.at_app += worker->app_open.value();
  seen.app_ended = app->app().state != api::AppState::up;
  seen.workers_empty = workers_empty;
  return seen;
}

void ControlPlane::State::look_after_drain() {
  metrics.draining.set(1);
  for (;;) {
    const auto step = drain.look(Clock::now(), drain_seen());
    if (step == Drain::Step::none) break;
    take(step);
    if (stopped || step == Drain::Step::exit) return;
  }
  if (drain.view().state == api::DrainState::drained) return;
  drain_timer.expires_after(drain_check);
  drain_timer.async_wait([self = shared_from_this()](boost::system::error_code aborted) {
    if (!aborted && !self->stopped && self->drain.active()) self->look_after_drain();
  });
}

void ControlPlane::State::take(Drain::Step step) {
  const auto cut = [this](bool all) {
    obs::log(Level::warn, "drain_timed_out",
             {{"requests", drain_seen().at_app},
              {"meaning", "what is still under way is cut"},
              {"remedy", "raise drain.timeout if requests take longer"}});
    if (hooks.cut) hooks.cut(all);
  };
  switch (step) {
    case Drain::Step::none: return;
    case Drain::Step::show:
      if (drain.view().state == api::DrainState::drained)
        obs::log(Level::info, "drained", {{"took_ms", (now().wall - drain.view().since).count()}});
      return publish_soon();
    case Drain::Step::cut_at_app: return cut(false);
    case Drain::Step::cut_all: return cut(true);
    case Drain::Step::depart:
      publish_soon();
      if (!hooks.depart) {
        workers_empty = true;
        return;
      }
      return hooks.depart([self = shared_from_this()] {
        self->workers_empty = true;
        if (!self->stopped) self->look_after_drain();
      });
    case Drain::Step::exit:
      if (const auto exit = std::exchange(hooks.exit, nullptr)) exit();
      return;
  }
}

}  // namespace ringside::control
