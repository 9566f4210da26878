// What this node says of itself, and its app, changed while it runs. Nothing of it is kept: after a restart
// the configuration counts again.
#include <utility>

#include "daemon/api/app_orders.hpp"
#include "daemon/api/faults.hpp"
#include "daemon/api/self_orders.hpp"
#include "daemon/base/limits.hpp"
#include "daemon/control/control_plane_state.hpp"
#include "daemon/obs/log.hpp"

namespace ringside::control {

using obs::Level;

api::Response ControlPlane::State::change_self(const api::SelfPatch& patch) {
  if (drain.leaving()) return api::render({.code = api::Code::conflict, .detail = "this node is leaving"});
  publish();
  auto wanted = api::patched(*view, words, patch);
  if (!wanted) return std::move(wanted).error();
  if (*wanted != words) {
    words = std::move(*wanted);
    std::string labels;
    for (const auto& [key, value] : words.labels) labels += (labels.empty() ? "" : ",") + key + "=" + value;
    obs::log(Level::info, "self_changed", {{"labels", labels}, {"weight", words.weight}});
    step([&](swim::Node& core, Now time, swim::Outbox& out) {
      core.set_words(time, words.labels, words.weight, out);
    });
    publish();
  }
  return api::self_answer({*view, all_metrics, now().wall});
}

api::Response ControlPlane::State::register_app(const api::AppEntry& entry) {
  if (drain.leaving()) return api::render({.code = api::Code::conflict, .detail = "this node is leaving"});
  if (!hooks.read_app) return api::render({.code = api::Code::internal});
  auto settings = hooks.read_app(entry);
  if (!settings) return api::bad_app_answer(std::move(settings).error());
  const bool is_new = app->settings().address.empty();
  obs::log(Level::info, "app_registered", {{"id", entry.id}, {"app", settings->address}});
  move_app(entry.id, std::move(*settings));
  return api::app_answer({*view, all_metrics, now().wall}, is_new ? 201 : 200);
}

api::Response ControlPlane::State::forget_app() {
  if (app->settings().address.empty()) return api::no_content();
  obs::log(Level::info, "app_unregistered",
           {{"app", app->settings().address}, {"meaning", "its keys go to other members"}});
  config::AppSettings none;
  none.address.clear();
  move_app("", std::move(none));
  return api::no_content();
}

void ControlPlane::State::move_app(std::string id, config::AppSettings settings) {
  view_maker.set_app(std::move(id), settings);
  if (settings != app->settings()) app->move(std::move(settings));
  publish();
}

api::Response ControlPlane::State::change_faults(const api::Order& order) {
  Faults changed = faults ? *faults : Faults{};
  const bool all = order.peer == "*";
  if (order.kind == api::Order::Kind::no_fault) {
    changed.by_address.erase(order.peer);
    if (all) changed = {};
  } else if (all) {
    changed.others = order.fault;
  } else {
    changed.by_address[order.peer] = order.fault;
  }
  if (changed.by_address.size() > limits::faults)
    return api::render({.code = api::Code::conflict,
                        .detail = "at most " + std::to_string(limits::faults) +
                                  " faults at once; * stands for all members"});
  faults = changed.empty() ? nullptr : std::make_shared<const Faults>(std::move(changed));
  obs::log(Level::warn, order.kind == api::Order::Kind::fault ? "fault_made" : "fault_mended",
           {{"peer", order.peer}, {"drop", order.fault.drop}, {"delay_ms", order.fault.delay.count()}});
  view_maker.set_faults(faults);
  peers->set_faults(faults);
  publish();
  return api::faults_answer(faults);
}

bool ControlPlane::State::loses_from(const net::IncomingCall& call) const {
  const Fault* fault = faults ? faults->of(call.peer) : nullptr;
  return fault != nullptr && fault->drop;
}

}  // namespace ringside::control
