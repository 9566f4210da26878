#include "daemon/config/changes.hpp"

#include <utility>

#include "daemon/config/show.hpp"
#include "daemon/config/sources.hpp"

namespace ringside::config {

std::vector<Change> changes(const Loaded& in_force, const Loaded& wanted) {
  std::vector<Change> all;
  for (const auto& option : options()) {
    if (value_of(option, in_force.config) == value_of(option, wanted.config)) continue;
    all.push_back({&option, show_value(option, in_force.config), show_value(option, wanted.config),
                   wanted.origin_of(option.path).to_string()});
  }
  return all;
}

Result<Loaded, std::vector<Problem>> with_live(const Loaded& in_force, const Loaded& wanted) {
  Loaded mix = in_force;
  for (std::size_t i = 0; i < options().size(); ++i) {
    const Option& option = options()[i];
    if (!option.live) continue;
    // A value that was loaded is one that can be assigned.
    static_cast<void>(assign(option, mix.config, value_of(option, wanted.config)));
    mix.origins[i] = wanted.origins[i];
  }
  auto problems = find_clashes(mix, {});
  if (problems.empty()) return mix;
  for (auto& problem : problems)
    problem.suggestion += std::string(problem.suggestion.empty() ? "" : "; ") +
                          "the other half is still in force until a restart";
  return problems;
}

}  // namespace ringside::config
