// Examinations of a calm cluster that agrees and has no faults any more: in each, what must come is known,
// and when. They come after the chaos of a run, on whatever it has left in the nodes; each leaves the cluster
// agreed for the next one.
#pragma once

#include <string>
#include <vector>

#include "daemon/sim/world.hpp"

namespace ringside::sim {

// What was wrong; empty: nothing. At least four nodes must be running, all with this configuration.
[[nodiscard]] std::vector<std::string> examine(World& world, const swim::Config& config);

}  // namespace ringside::sim
