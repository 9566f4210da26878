// What this node promises: nothing while it joins, its keys when ready, only what it has while it leaves.
// A pure function, so that the sentences people read are in one place and tested.
#pragma once

#include <cstddef>
#include <string>

#include "daemon/api/view.hpp"

namespace ringside::control {

struct PhaseInput {
  bool draining = false;
  bool leaving = false;          // for good; it drains as well
  bool was_ready = false;        // once given, the promise is kept
  bool round_done = false;       // a join round over all seeds has ended, or there was nobody to join
  bool seeds_looked_up = false;  // the seeds have been turned into addresses at least once
  std::size_t seeds = 0;         // as configured
  std::size_t known = 0;         // members that are not faulty, ourselves included
  int min_members = 1;
};
struct PhaseOutput {
  api::Phase phase = api::Phase::joining;
  std::string reason;  // one sentence with the remedy; empty when ready
};
[[nodiscard]] PhaseOutput judge_phase(const PhaseInput&);

}  // namespace ringside::control
