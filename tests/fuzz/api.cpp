// What the local API and Ringpop's tools ask: any question has an answer, as JSON where it says so, and no
// body ends more than its own request.
//
// The payload's first line is the question: "GET /v1/ring?points" for the API, "/trace/add" for a tool,
// "keyring" for what members tell each other about keys; the
// body stands behind it, and is what a member says when the API has to ask one. Flag 0: the node is still
// joining; 1: the ring is empty.
#include <nlohmann/json.hpp>
#include <span>

#include "daemon/api/keyring.hpp"
#include "daemon/api/owners.hpp"
#include "daemon/api/ringpop_admin.hpp"
#include "daemon/api/ringpop_command.hpp"
#include "daemon/api/ringpop_settings.hpp"
#include "daemon/api/ringpop_trace.hpp"
#include "daemon/api/stats.hpp"
#include "tests/fuzz/targets.hpp"
#include "tests/support/api_call.hpp"
#include "tests/support/view.hpp"

namespace ringside::fuzz {
namespace {

const api::View& view_of(const Input& input) {
  static const auto settled = test::sample_view(), joining = test::joining_view(),
                    empty = test::empty_ring_view();
  return input.flag(0) ? joining : input.flag(1) ? empty : settled;
}

void check_json(std::string_view text) {
  require(nlohmann::json::accept(text), "an answer that is no JSON: " + std::string(text));
}

// Control answers it; of what another member had said the body is an example.
void check_order(const api::View& view, const api::Order& order, std::string_view body) {
  if (order.kind != api::Order::Kind::owners) return;
  const api::ToldOwner told{"b", "10.0.0.2:7601", std::string(body)};
  check_json(api::owners_answer(view, order.key, std::span(&told, 1)).body);
}

void check_call(const api::View& view, std::string_view question, std::string_view body) {
  const auto space = question.find(' ');
  const auto ask = [&](const test::Said& said) {
    return test::call_api(view, question.substr(0, space), question.substr(space + 1), body, said);
  };
  auto answer = ask({});
  static const api::Stats nothing;
  if (answer.later == api::Later::poll) answer = ask({.waited = true});
  if (answer.later == api::Later::stats) answer = ask({.stats = &nothing});
  if (answer.order) return check_order(view, *answer.order, body);
  require(answer.later == api::Later::no || answer.subscription, "an answer that is left for ever");
  require(answer.status >= 200 && answer.status < 600, "no status of an answer");
  if (answer.content_type.find("json") != std::string::npos && answer.status != 204) check_json(answer.body);
}

void check_answer(const api::RingpopAnswer& answer) {
  check_json(answer.body);
}

// As the control plane answers it.
void check_command(const api::View& view, api::RingpopCommand command, std::string_view body) {
  using api::RingpopCommand;
  static const config::Config config;
  switch (command) {
    case RingpopCommand::damp_req: return check_answer(api::damp_scores(body, view));
    case RingpopCommand::config_get: return check_answer(api::get_settings(body, {config, obs::Level::info}));
    case RingpopCommand::config_set: {
      const auto change = api::read_settings_change(body);
      require(change || !change.error().empty(), "a refusal without a reason");
      if (!change) check_answer(api::refused("ringside.bad-setting", change.error()));
      return;
    }
    case RingpopCommand::reload: return (void)api::reload_file(body);
    case RingpopCommand::trace_add: {
      const auto order = api::read_trace_order(body, test::sample_now());
      const auto sink = api::read_trace_sink(body);
      require(order || !order.error().empty(), "a refusal without a reason");
      require(!order || (sink && sink->same_as(order->sink)), "what is added cannot be removed");
      require(!order || order->until >= test::sample_now(), "a trace that has ended before");
      if (!order) check_answer(api::refused("ringpop.invalid-option", order.error()));
      return;
    }
    case RingpopCommand::gossip_start:
    case RingpopCommand::gossip_stop:
    case RingpopCommand::gossip_status:
    case RingpopCommand::gossip_tick:
    case RingpopCommand::member_join:
    case RingpopCommand::member_leave:
    case RingpopCommand::reap:
    case RingpopCommand::heal:
    case RingpopCommand::debug_set:
    case RingpopCommand::debug_clear:
    case RingpopCommand::trace_remove: return;  // no body, or the same as another's
  }
}

// What one member tells another about the cluster's keys, and its answers.
void check_keyring(std::string_view body) {
  if (const auto verb = api::read_keyring_verb(body)) {
    const auto again = api::read_keyring_verb(api::to_json(*verb));
    require(again && again->kind == verb->kind && again->id == verb->id && again->key == verb->key,
            "an order about keys that changes on its way");
  } else {
    require(!verb.error().empty(), "a refusal without a reason");
  }
  const auto ids = api::read_ids(body);
  require(ids || !ids.error().empty(), "a refusal without a reason");
  if (ids) {
    const auto again = api::read_ids(api::ids_to_json(*ids));
    require(again && *again == *ids, "ids that change on their way");
  }
  static_cast<void>(api::read_refusal(body));
}

}  // namespace

void api(const Input& input) {
  const auto line = input.payload().substr(0, input.payload().find('\n'));
  const auto body = input.payload().substr(std::min(line.size() + 1, input.payload().size()));
  const auto& view = view_of(input);
  if (line == "keyring") return check_keyring(body);
  if (!line.starts_with('/')) return check_call(view, line, body);
  if (const auto command = api::ringpop_command(line)) return check_command(view, *command, body);
  const auto ask = [&view] {
    api::RingpopStats stats;
    stats.members = view.members;
    stats.now = test::sample_now();
    return stats;
  };
  if (const auto answer = api::answer_ringpop_admin(line, body, view, ask)) check_answer(*answer);
}

}  // namespace ringside::fuzz
