#include "daemon/control/phase.hpp"

namespace ringside::control {

PhaseOutput judge_phase(const PhaseInput& input) {
  if (input.leaving)
    return {api::Phase::draining, "this node is leaving the cluster; send requests to another one"};
  if (input.draining)
    return {api::Phase::draining,
            "this node is being drained, its keys are with other members; send requests to another one, or "
            "bring it back with `ringside drain --cancel`"};
  if (input.was_ready) return {api::Phase::ready, ""};
  if (!input.seeds_looked_up)
    return {api::Phase::joining, "the " + std::to_string(input.seeds) +
                                     " configured seeds (join.seeds) are being looked up; " +
                                     "try again in a moment"};
  if (!input.round_done)
    return {api::Phase::joining, "the first round over the " + std::to_string(input.seeds) +
                                     " configured seeds (join.seeds) has not ended; try again in a moment"};
  if (input.min_members > 0 && input.known < static_cast<std::size_t>(input.min_members))
    return {api::Phase::joining, std::to_string(input.known) + " of " + std::to_string(input.min_members) +
                                     " members are known; start the others or lower join.min_members"};
  return {api::Phase::ready, ""};
}

}  // namespace ringside::control
