#include "daemon/api/ringpop_command.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "daemon/api/reads.hpp"

namespace ringside::api {
namespace {

using Json = nlohmann::json;

constexpr std::array<std::pair<std::string_view, RingpopCommand>, 20> names{{
    {"/admin/gossip", RingpopCommand::gossip_start},  // ringpop-go's toggles; a repeated one must do no harm
    {"/admin/gossip/start", RingpopCommand::gossip_start},
    {"/admin/gossip/stop", RingpopCommand::gossip_stop},
    {"/admin/gossip/status", RingpopCommand::gossip_status},
    {"/admin/gossip/tick", RingpopCommand::gossip_tick},
    {"/admin/tick", RingpopCommand::gossip_tick},
    {"/admin/member/join", RingpopCommand::member_join},
    {"/admin/join", RingpopCommand::member_join},
    {"/admin/member/leave", RingpopCommand::member_leave},
    {"/admin/leave", RingpopCommand::member_leave},
    {"/admin/reap", RingpopCommand::reap},
    {"/admin/healpartition/disco", RingpopCommand::heal},
    {"/admin/debugSet", RingpopCommand::debug_set},
    {"/admin/debugClear", RingpopCommand::debug_clear},
    {"/protocol/damp-req", RingpopCommand::damp_req},
    {"/admin/config/get", RingpopCommand::config_get},
    {"/admin/config/set", RingpopCommand::config_set},
    {"/admin/reload", RingpopCommand::reload},
    {"/trace/add", RingpopCommand::trace_add},
    {"/trace/remove", RingpopCommand::trace_remove},
}};

// What is no UTF-8 is shown with replacement characters.
RingpopAnswer answer(bool ok, const Json& json) {
  return {ok, json.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

}  // namespace

std::optional<RingpopCommand> ringpop_command(std::string_view endpoint) {
  const auto found = std::ranges::find(names, endpoint, [](const auto& name) { return name.first; });
  return found == names.end() ? std::nullopt : std::optional(found->second);
}

bool changes_something(RingpopCommand command) noexcept {
  switch (command) {
    case RingpopCommand::gossip_status:
    case RingpopCommand::damp_req:
    case RingpopCommand::config_get: return false;
    default: return true;
  }
}

RingpopAnswer done(std::string_view status) {
  return answer(true, {{"status", status}});
}

RingpopAnswer refused(std::string_view type, std::string_view message) {
  return answer(false, {{"type", type}, {"message", message}});
}

RingpopAnswer ticked(std::uint32_t checksum) {
  return answer(true, {{"checksum", checksum}});
}

RingpopAnswer reaped(std::size_t members) {
  return answer(true, {{"status", "ok"}, {"reaped", members}});
}

RingpopAnswer healed(std::span<const std::string> targets, std::string_view error) {
  Json list = Json::array();
  for (const std::string& target : targets) list.push_back(target);
  return answer(true, {{"targets", list}, {"error", error}});
}

std::optional<std::string> reload_file(std::string_view body) {
  const auto request = Json::parse(body, nullptr, false);
  if (!request.is_object() || !request.contains("file") || !request["file"].is_string()) return std::nullopt;
  return request["file"].get<std::string>();
}

RingpopAnswer damp_scores(std::string_view body, const View& view) {
  const auto request = Json::parse(body, nullptr, false);
  if (!request.is_object() || !request.contains("flappers"))
    return refused("ringpop.server.damp-req.bad-request.flappers-required",
                   "the body must have a list of flappers");
  if (!request["flappers"].is_array())
    return refused("ringpop.server.damp-req.bad-request.flappers-array", "flappers must be a list");
  const auto asked = [&](const std::string& address) {
    return std::ranges::any_of(request["flappers"], [&](const Json& entry) {
      return entry.is_string() && entry.get_ref<const std::string&>() == address;
    });
  };
  Json scores = Json::array();
  for (const MemberView& member : view.members)
    if (asked(member.address))
      scores.push_back({{"member", member.address}, {"dampScore", damp_score(view, member.address)}});
  return answer(true, {{"scores", scores}});
}

}  // namespace ringside::api
