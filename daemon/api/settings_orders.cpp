// The configuration of a running node: what is in force, what a reload made of it, and the level of the log.
#include "daemon/api/settings_orders.hpp"

#include <nlohmann/json.hpp>

#include "daemon/api/json_body.hpp"
#include "daemon/api/reads.hpp"

namespace ringside::api {
namespace {

using Json = nlohmann::ordered_json;

Response json(const Json& body) {
  Response response;
  response.body = body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  return response;
}

Json list(std::span<const SettingChange> changes) {
  Json all = Json::array();
  for (const SettingChange& change : changes)
    all.push_back(
        {{"option", change.option}, {"from", change.from}, {"to", change.to}, {"origin", change.origin}});
  return all;
}

}  // namespace

Response config_page(const Call& call) {
  const auto& settings = call.context.view.settings;
  Response response;
  response.body = settings ? settings->json : "{}\n";
  return response;
}

Response order_reload(const Call&) {
  Response response;
  response.order = Order{.kind = Order::Kind::reload};
  return response;
}

Response order_log_level(const Call& call) {
  auto read = json_body(call, "one word for the level");
  if (!read) return std::move(read).error();
  const Json body = std::move(*read);
  if (!body.is_object() || body.size() != 1 || !body.contains("level") || !body["level"].is_string())
    return problem(Code::bad_request, R"(the body is not like {"level": "debug"})");
  const auto word = body["level"].get<std::string>();
  const auto level = obs::parse_level(word);
  if (!level)
    return problem(Code::bad_setting,
                   "level: expected trace, debug, info, warn or error, found '" + word + "'");
  Response response;
  response.order = Order{.kind = Order::Kind::log_level, .level = *level};
  return response;
}

Response reloaded_answer(std::span<const SettingChange> applied,
                         std::span<const SettingChange> needs_restart) {
  return json({{"applied", list(applied)}, {"needs_restart", list(needs_restart)}});
}

Response not_reloaded_answer(std::vector<std::string> errors) {
  const auto count = errors.size();
  return render({.code = Code::bad_setting,
                 .detail = std::to_string(count) + (count == 1 ? " problem" : " problems") +
                           " in the configuration; nothing is changed",
                 .errors = std::move(errors)});
}

Response log_level_answer(obs::Level level, obs::Level before) {
  return json({{"level", obs::to_string(level)}, {"before", obs::to_string(before)}});
}

}  // namespace ringside::api
