#include "daemon/control/admin.hpp"

#include <chrono>
#include <utility>

namespace ringside::control {
namespace {

using api::RingpopCommand;

void answer(const net::CallResponder& responder, const api::RingpopAnswer& answer) {
  responder.answer(answer.ok ? 0 : 1, answer.body);
}

}  // namespace

void Admin::run(RingpopCommand command, net::IncomingCall call) {
  const net::CallResponder& responder = call.responder;
  switch (command) {
    case RingpopCommand::gossip_start: return set_gossip(true, responder);
    case RingpopCommand::gossip_stop: return set_gossip(false, responder);
    case RingpopCommand::gossip_status:
      return host_.step([&](swim::Node& node, Now, swim::Outbox&) {
        answer(responder, api::done(node.gossips() ? "started" : "stopped"));
      });
    case RingpopCommand::gossip_tick: return tick(responder);
    case RingpopCommand::member_join: return join(responder);
    case RingpopCommand::member_leave: return leave(responder);
    case RingpopCommand::reap: return answer(responder, api::reaped(reap()));
    case RingpopCommand::heal:
      return heal(
          [responder](const swim::Done& done) { answer(responder, api::healed(done.targets, done.error)); });
    case RingpopCommand::debug_set: return debug(true, responder);
    case RingpopCommand::debug_clear: return debug(false, responder);
    case RingpopCommand::config_get: return get_config(call);
    case RingpopCommand::config_set: return set_config(call);
    case RingpopCommand::reload: return reload(call);
    case RingpopCommand::trace_add: return add_trace(call);
    case RingpopCommand::trace_remove: return remove_trace(call);
    case RingpopCommand::damp_req:
      return answer(responder, api::damp_scores(call.request.arg3, *host_.view()));
  }
}

TicketId Admin::ticket(Finish finish) {
  const TicketId id{++last_ticket_};
  waiting_.emplace(id, std::move(finish));
  return id;
}

void Admin::on_done(const swim::Done& done) {
  const auto entry = waiting_.extract(done.ticket);
  if (!entry.empty()) entry.mapped()(done);
}

void Admin::set_gossip(bool on, const net::CallResponder& responder) {
  host_.step([&](swim::Node& node, Now now, swim::Outbox&) {
    if (on)
      node.start_gossip(now);
    else
      node.stop_gossip();
  });
  obs::log(obs::Level::info, on ? "gossip_started" : "gossip_stopped", {{"by", "admin"}});
  answer(responder, api::done("ok"));
}

void Admin::debug(bool on, const net::CallResponder& responder) {
  if (on) {
    if (!quiet_level_) quiet_level_ = obs::log_level();
    obs::set_log_level(obs::Level::debug);
  } else if (quiet_level_) {
    obs::set_log_level(*std::exchange(quiet_level_, std::nullopt));
  }
  answer(responder, api::done("ok"));
}

void Admin::get_config(const net::IncomingCall& call) {
  answer(call.responder, api::get_settings(call.request.arg3, {host_.config, obs::log_level(), test_key_}));
}

void Admin::set_config(const net::IncomingCall& call) {
  const auto change = api::read_settings_change(call.request.arg3);
  if (!change) return answer(call.responder, api::refused("ringside.bad-setting", change.error()));
  if (change->log_level) {
    quiet_level_.reset();
    obs::set_log_level(*change->log_level);
  }
  test_key_ = change->test_key.value_or(test_key_);
  answer(call.responder, api::done("ok"));
}

void Admin::reload(const net::IncomingCall& call) {
  const auto file = api::reload_file(call.request.arg3);
  if (!file)
    return answer(call.responder,
                  api::refused("ringside.bad-request", "the body must be {\"file\": \"...\"}"));
  host_.reload_seeds(*file, [responder = call.responder](const std::string& error) {
    answer(responder, error.empty() ? api::done("ok") : api::refused("ringside.cannot-reload", error));
  });
}

void Admin::add_trace(const net::IncomingCall& call) {
  const auto now = std::chrono::floor<Millis>(std::chrono::system_clock::now());
  const auto order = api::read_trace_order(call.request.arg3, now);
  if (!order) return answer(call.responder, api::refused("ringpop.invalid-option", order.error()));
  if (!host_.traces.add(now, *order))
    return answer(call.responder, api::refused("ringside.too-many-traces",
                                               "there are as many traces as this node takes; remove one"));
  answer(call.responder, api::done("ok"));
}

void Admin::remove_trace(const net::IncomingCall& call) {
  const auto sink = api::read_trace_sink(call.request.arg3);
  if (!sink) return answer(call.responder, api::refused("ringpop.invalid-option", sink.error()));
  host_.traces.remove(*sink);
  answer(call.responder, api::done("ok"));
}

void Admin::tick(const net::CallResponder& responder) {
  host_.step([&](swim::Node& node, Now now, swim::Outbox& out) {
    const auto finish = [&node, responder](const swim::Done& done) {
      answer(responder, done.error.empty() ? api::ticked(node.checksum())
                                           : api::refused("ringpop.not-ready", done.error));
    };
    node.tick(now, ticket(finish), out);
  });
}

void Admin::join(const net::CallResponder& responder) {
  if (!host_.has_place())
    return answer(
        responder,
        api::refused(
            "ringside.no-app",
            "this node has no app and so no place in the ring; set app.address or ring.without_app"));
  if (host_.draining())
    return answer(responder, api::refused("ringside.draining",
                                          "this node is being drained; `ringside drain --cancel` brings it "
                                          "back, unless it is leaving"));
  host_.step([](swim::Node& node, Now now, swim::Outbox& out) { node.rejoin(now, out); });
  obs::log(obs::Level::info, "rejoined", {{"by", "admin"}});
  answer(responder, api::done("rejoined"));
}

void Admin::leave(const net::CallResponder& responder) {
  bool left = false;
  host_.step([&](swim::Node& node, Now now, swim::Outbox& out) {
    left = node.left() || !host_.has_place();
    if (!left) node.leave(now, out);
  });
  if (left)
    return answer(responder, api::refused("ringpop.invalid-leave.redundant", "this node has left already"));
  obs::log(obs::Level::info, "left", {{"by", "admin"}});
  answer(responder, api::done("ok"));
}

std::size_t Admin::reap() {
  std::size_t members = 0;
  host_.step([&](swim::Node& node, Now now, swim::Outbox& out) { members = node.reap(now, out); });
  obs::log(obs::Level::info, "reaped", {{"members", std::uint64_t{members}}});
  return members;
}

void Admin::evict(const std::string& address) {
  obs::log(obs::Level::info, "evicting", {{"member", address}});
  host_.step([&](swim::Node& node, Now now, swim::Outbox& out) { node.evict(now, address, out); });
}

void Admin::heal(Finish finish) {
  host_.look_up_seeds([this, finish = std::move(finish)](const std::vector<std::string>& seeds) {
    heal_with(seeds, finish);
  });
}

void Admin::heal_with(const std::vector<std::string>& hosts, Finish finish) {
  host_.step([&](swim::Node& node, Now now, swim::Outbox& out) {
    node.heal(now, ticket(std::move(finish)), hosts, out);
  });
}

void Admin::heal_by_itself() {
  host_.look_up_seeds([this](const std::vector<std::string>& seeds) {
    host_.step(
        [&](swim::Node& node, Now now, swim::Outbox& out) { node.heal(now, std::nullopt, seeds, out); });
  });
}

}  // namespace ringside::control
