// The usual start of a story: N hosts with names and addresses of their own that start within a second of
// each other and know the first few as seeds.
#pragma once

#include <string>
#include <vector>

#include "daemon/sim/world.hpp"

namespace ringside::sim {

[[nodiscard]] std::string numbered_address(std::size_t number);  // 10.0.x.y:7601
[[nodiscard]] std::vector<std::string> first_addresses(std::size_t count);
// Adds and starts them, with this configuration but for the name; the virtual clock moves by up to `within`.
std::vector<HostId> start_cluster(World& world, std::size_t nodes, Duration within = Millis(1000),
                                  std::size_t seeds = 3, swim::Config config = {});

}  // namespace ringside::sim
