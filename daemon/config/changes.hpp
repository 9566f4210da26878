// What a configuration that was read again asks for beside the one in force, and how far that goes without a
// restart.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "daemon/base/result.hpp"
#include "daemon/config/load.hpp"
#include "daemon/config/options.hpp"

namespace ringside::config {

struct Change {
  const Option* option = nullptr;
  std::string from, to;  // show_value
  std::string origin;    // of the new value
};
std::vector<Change> changes(const Loaded& in_force, const Loaded& wanted);

// What is in force, with the live options as they are wanted. Each of the two is right by itself, and the mix
// may still be wrong: an API may not lose its tokens while a listener that others reach waits for a restart.
[[nodiscard]] Result<Loaded, std::vector<Problem>> with_live(const Loaded& in_force, const Loaded& wanted);

}  // namespace ringside::config
