// Where an instance keeps what outlives it (node.data_dir), unless the user has said where: a folder for each
// slot of each app, so that whoever takes the slot next, with the same name and ports, remembers the others
// and the keys.
#pragma once

#include <string>

#include "daemon/base/result.hpp"
#include "daemon/config/load.hpp"

namespace ringside::run {

// $XDG_STATE_HOME/ringside/ID/SLOT, or ~/.local/state/ringside/ID/SLOT where there is no such variable. Every
// folder that is missing is made; the slot's is closed to others. The error is one sentence.
[[nodiscard]] Result<std::string, std::string> state_folder(const config::Environment&,
                                                            const std::string& app_id, int slot);

}  // namespace ringside::run
