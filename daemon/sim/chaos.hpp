// One run of the swarm: a cluster, the faults that the seed has planned, and then what must be true once they
// are over. Chaos first; when it ends everything is mended and the cluster has to heal; a calm cluster then
// has to pass examinations in which every answer is known (exams.cpp). The same seed is the same run.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "daemon/base/time.hpp"

namespace ringside::sim {

struct ChaosResult {
  std::vector<std::string> violations;  // empty: a good run
  std::vector<std::string> faults;      // that were planned
  Duration healed_after{};              // from the end of the faults to one view
  Duration simulated{};
  std::uint64_t events = 0;
  std::uint64_t trace_hash = 0;
};

// `trace_line` may be empty.
[[nodiscard]] ChaosResult run_chaos(std::uint64_t seed,
                                    const std::function<void(const std::string&)>& trace_line);

}  // namespace ringside::sim
