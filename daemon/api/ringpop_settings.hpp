// /admin/config/get and /admin/config/set: the settings of this node under ringpop-node's names (spec B.2).
// Pure; the control plane carries changes out. What our options cannot change while running is refused with
// the option to restart with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/api/ringpop_admin.hpp"
#include "daemon/base/result.hpp"
#include "daemon/config/config.hpp"
#include "daemon/obs/log.hpp"

namespace ringside::api {

// Of no use but to see that setting works: ringpop-node promises to have it for ever.
inline constexpr std::int64_t test_key_default = 100;

struct RunningSettings {
  const config::Config& config;
  obs::Level log_level;
  std::int64_t test_key = test_key_default;
};
// `body`: a list of names; anything else asks for all of them. Names that we do not have are left out.
[[nodiscard]] RingpopAnswer get_settings(std::string_view body, const RunningSettings&);

struct SettingsChange {
  std::optional<obs::Level> log_level;
  std::optional<std::int64_t> test_key;
};
// All or nothing. The error is one sentence that names the setting.
[[nodiscard]] Result<SettingsChange, std::string> read_settings_change(std::string_view body);

}  // namespace ringside::api
