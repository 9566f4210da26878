// What `ringside dev` shows: the table of its nodes, as lines. Pure.
#pragma once

#include <string>
#include <vector>

#include "daemon/cli/dev_probe.hpp"
#include "daemon/run/dev.hpp"

namespace ringside::cli {

struct DevScreen {
  const run::DevCluster& cluster;
  const Sample& sample;
  const std::vector<std::string>& apis;          // by node, from the first
  const std::map<int, std::uint64_t>& requests;  // of each node in the last second
  LoadCount load;                                // in the last second
};

// The table, a line each; the chosen node is marked.
[[nodiscard]] std::vector<std::string> table_lines(const DevScreen&);
// "5 nodes run and agree", for whoever reads lines.
[[nodiscard]] std::string summary(const DevScreen&);

}  // namespace ringside::cli
