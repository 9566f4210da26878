// Variables: RINGSIDE_GOSSIP_PERIOD for gossip.period. An unknown one is an error, since a misspelt setting
// that does nothing is found too late.
#include <algorithm>
#include <array>

#include "daemon/base/text.hpp"
#include "daemon/config/sources.hpp"

namespace ringside::config {
namespace {

constexpr std::string_view prefix = "RINGSIDE_";
// Of the command line, of the app beside us, and of the tests.
constexpr std::array<std::string_view, 3> foreign = {"RINGSIDE_ADDR", "RINGSIDE_CA_FILE", "RINGSIDE_SEED"};

// Kubernetes describes each Service to each container: RINGSIDE_SERVICE_HOST,
// RINGSIDE_PORT=tcp://10.0.0.1:7600, RINGSIDE_PORT_7600_TCP_ADDR for one that is called ringside.
bool of_kubernetes(std::string_view name, std::string_view value) {
  if (name.find("_SERVICE_HOST") != name.npos || name.find("_SERVICE_PORT") != name.npos) return true;
  if (name.ends_with("_PORT")) return value.starts_with("tcp://") || value.starts_with("udp://");
  const auto port = name.find("_PORT_");
  return port != name.npos &&
         name.find_first_of("0123456789", port) == port + std::string_view("_PORT_").size();
}

// `known` goes along with options().
auto by_second_name(std::string_view name, std::vector<std::string>& known) {
  const auto option =
      std::ranges::find_if(options(), [&](const Option& each) { return each.variable == name; });
  return known.begin() + (option - options().begin());
}

}  // namespace

Findings read_environment(const Environment& environment) {
  Findings findings;
  std::vector<std::string> known;  // without the prefix, which would make everything look alike
  for (const auto& option : options()) known.push_back(variable_of(option).substr(prefix.size()));
  for (const auto& [name, value] : environment) {
    if (!name.starts_with(prefix)) continue;
    auto found = std::ranges::find(known, name.substr(prefix.size()));
    if (found == known.end()) found = by_second_name(name, known);
    if (found != known.end()) {
      findings.given.push_back(
          {&options()[static_cast<std::size_t>(found - known.begin())], value, {Source::environment, name}});
    } else if (std::ranges::find(foreign, name) == foreign.end() && !of_kubernetes(name, value)) {
      const auto near = closest(name.substr(prefix.size()), known);
      findings.problems.push_back(
          {name, 0, 0, "", "unknown variable",
           near.empty() ? "unset it" : "did you mean " + std::string(prefix) + near + "?"});
    }
  }
  return findings;
}

}  // namespace ringside::config
