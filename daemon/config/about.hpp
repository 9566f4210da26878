// What a node tells of its configuration in a few words: a digest by which two nodes are found to have the
// same settings, and what is turned on. Pure.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "daemon/config/config.hpp"

namespace ringside::config {

// 16 hex digits; equal where all settings are equal but those that are a member's own (Option::own), whatever
// source they come from. No protection against anybody who wants two to look equal.
[[nodiscard]] std::string digest(const Config&);

// Names and how they are set: "on", "off", or a word of the option.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> features(const Config&);

}  // namespace ringside::config
