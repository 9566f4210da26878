// The gossip's part of the configuration as the SWIM core takes it, for the daemon and for the simulator: one
// translation, so that what is simulated is what runs.
#pragma once

#include "daemon/config/config.hpp"
#include "daemon/swim/node.hpp"

namespace ringside::config {

[[nodiscard]] swim::Config swim_config(const Config& config);

}  // namespace ringside::config
