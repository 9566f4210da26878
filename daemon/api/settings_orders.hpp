// The answers to the orders about the configuration: what app/ made of them, as JSON.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/api/api.hpp"

namespace ringside::api {

struct SettingChange {
  std::string option, from, to;
  std::string origin;  // where the new value stands
};
[[nodiscard]] Response reloaded_answer(std::span<const SettingChange> applied,
                                       std::span<const SettingChange> needs_restart);
// Each error is one line with its place.
[[nodiscard]] Response not_reloaded_answer(std::vector<std::string> errors);
[[nodiscard]] Response log_level_answer(obs::Level level, obs::Level before);

}  // namespace ringside::api
