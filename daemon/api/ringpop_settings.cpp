#include "daemon/api/ringpop_settings.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace ringside::api {
namespace {

using Json = nlohmann::json;
using R = RunningSettings;

constexpr std::array<std::string_view, 5> level_names{"trace", "debug", "info", "warn", "error"};

std::string_view name_of(obs::Level level) {
  return level_names.at(static_cast<std::size_t>(level));
}

enum class Kind : std::uint8_t {
  log_level,  // can be set
  test_key,   // can be set
  option,     // needs a restart
  constant,   // there is no option
};
struct Setting {
  std::string_view name;
  Json (*value)(const R&);
  Kind kind = Kind::constant;
  std::string_view option = "";
};

const std::array table{
    Setting{"TEST_KEY", [](const R& r) -> Json { return r.test_key; }, Kind::test_key},
    Setting{"defaultLogLevel", [](const R& r) -> Json { return name_of(r.log_level); }, Kind::log_level},
    Setting{"gossipLogLevel", [](const R& r) -> Json { return name_of(r.log_level); }, Kind::log_level},
    Setting{"autoGossip", [](const R&) -> Json { return true; }},
    Setting{"backpressureEnabled", [](const R&) -> Json { return true; }},
    Setting{"dampScoringEnabled", [](const R&) -> Json { return false; }},
    Setting{"discoverProviderHealerBaseProbability", [](const R&) -> Json { return 3; }},
    Setting{"discoverProviderHealerMaxFailures", [](const R&) -> Json { return 10; }},
    Setting{"discoverProviderHealerPeriod",
            [](const R& r) -> Json { return r.config.gossip.heal.period.count(); }, Kind::option,
            "gossip.heal.period"},
    Setting{"discoverProviderHealerPeriodicEnabled", [](const R&) -> Json { return true; }},
    Setting{"isCrossPlatform", [](const R&) -> Json { return true; }},
    Setting{"joinDelayMax", [](const R&) -> Json { return 60'000; }},
    Setting{"joinDelayMin", [](const R&) -> Json { return 100; }},
    Setting{"maxInflightRequests", [](const R& r) -> Json { return r.config.forward.in_flight; },
            Kind::option, "forward.in_flight"},
    Setting{"memberBlacklist", [](const R&) -> Json { return Json::array(); }},
    Setting{"membershipUpdateRollupEnabled", [](const R&) -> Json { return false; }},
    Setting{"selfEvictionMaxPingRatio", [](const R&) -> Json { return 0.4; }},
    Setting{"selfEvictionPingEnabled", [](const R&) -> Json { return true; }},
};

const Setting* find(std::string_view name) {
  const auto* found = std::ranges::find(table, name, &Setting::name);
  return found == table.end() ? nullptr : found;
}

// An empty text: taken.
std::string take(const Setting& setting, const Json& value, SettingsChange& change) {
  const std::string name(setting.name);
  switch (setting.kind) {
    case Kind::log_level: {
      const auto* level =
          value.is_string()
              ? std::ranges::find(level_names, std::string_view(value.get_ref<const std::string&>()))
              : level_names.end();
      if (level == level_names.end()) return name + " must be one of trace, debug, info, warn, error";
      change.log_level = static_cast<obs::Level>(level - level_names.begin());
      return "";
    }
    case Kind::test_key:
      if (!value.is_number_integer()) return name + " must be an integer";
      change.test_key = value.get<std::int64_t>();
      return "";
    case Kind::option:
      return name + " cannot change while this node runs; restart it with " + std::string(setting.option);
    case Kind::constant: return name + " cannot be changed: ringside has no such option";
  }
  return "";
}

}  // namespace

RingpopAnswer get_settings(std::string_view body, const RunningSettings& running) {
  const auto wanted = Json::parse(body, nullptr, false);
  Json answer = Json::object();
  const auto names = [&](std::string_view name) {
    return std::ranges::any_of(wanted, [&](const Json& entry) {
      return entry.is_string() && entry.get_ref<const std::string&>() == name;
    });
  };
  for (const Setting& setting : table)
    if (!wanted.is_array() || names(setting.name)) answer[std::string(setting.name)] = setting.value(running);
  return {true, answer.dump()};
}

Result<SettingsChange, std::string> read_settings_change(std::string_view body) {
  const auto wanted = Json::parse(body, nullptr, false);
  if (!wanted.is_object()) return std::string("the body must be an object of settings");
  SettingsChange change;
  for (const auto& [name, value] : wanted.items()) {
    const Setting* setting = find(name);
    if (setting == nullptr) return "ringside has no setting '" + name.substr(0, 64) + "'";
    if (auto wrong = take(*setting, value, change); !wrong.empty()) return wrong;
  }
  return change;
}

}  // namespace ringside::api
