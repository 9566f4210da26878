// See cluster.hpp.
#include "daemon/sim/cluster.hpp"

#include <algorithm>

namespace ringside::sim {

std::string numbered_address(std::size_t number) {
  std::string address = "10.0.";
  address += std::to_string(number / 250);
  address += '.';
  address += std::to_string(number % 250 + 1);
  address += ":7601";
  return address;
}

std::vector<std::string> first_addresses(std::size_t count) {
  std::vector<std::string> addresses;
  for (std::size_t i = 0; i < count; ++i) addresses.push_back(numbered_address(i));
  return addresses;
}

std::vector<HostId> start_cluster(World& world, std::size_t nodes, Duration within, std::size_t seeds,
                                  swim::Config config) {
  std::vector<HostId> hosts;
  for (std::size_t i = 0; i < nodes; ++i) {
    config.name = "node-" + std::to_string(i);
    hosts.push_back(world.add(numbered_address(i), config));
  }
  for (const HostId host : hosts) {
    world.start(host, first_addresses(std::min(seeds, nodes)));
    world.run_for(within / static_cast<Duration::rep>(nodes));
  }
  return hosts;
}

}  // namespace ringside::sim
