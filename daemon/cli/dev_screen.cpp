#include "daemon/cli/dev_screen.hpp"

#include <algorithm>
#include <cstdio>

#include "daemon/base/text.hpp"
#include "daemon/cli/render.hpp"

namespace ringside::cli {
namespace {

std::string percent(double share) {
  char text[16];
  std::snprintf(text, sizeof text, "%.1f%%", share * 100);
  return text;
}

std::string count(std::size_t number, const std::string& what) {
  return std::to_string(number) + " " + what + (number == 1 ? "" : "s");
}

}  // namespace

std::vector<std::string> table_lines(const DevScreen& screen) {
  std::vector<std::vector<std::string>> rows{{"", "NODE", "STATE", "SEEN AS", "APP", "KEYS", "REQ/S", "API"}};
  const auto& nodes = screen.cluster.nodes();
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const int number = static_cast<int>(i) + 1;
    const std::string name = "n" + std::to_string(number);
    const auto member = screen.sample.members.find(name);
    const bool known = member != screen.sample.members.end();
    const auto requests = screen.requests.find(number);
    rows.push_back({number == screen.cluster.chosen() ? ">" : " ", name,
                    std::string(to_string(nodes[i].state)), known ? member->second.status : "-",
                    known ? member->second.app : "-", known ? percent(member->second.share) : "-",
                    requests == screen.requests.end() ? "-" : std::to_string(requests->second),
                    screen.apis[i]});
  }
  auto lines = split(table(rows), '\n');
  std::erase(lines, "");
  return lines;
}

std::string summary(const DevScreen& screen) {
  const auto& nodes = screen.cluster.nodes();
  const auto running = std::ranges::count(nodes, run::NodeState::running, &run::DevCluster::Node::state);
  const std::size_t answer = screen.sample.nodes.size();
  std::string text =
      count(static_cast<std::size_t>(running), "node") + " running, " + std::to_string(answer) + " answering";
  if (answer > 0) text += screen.sample.agreed() ? ", one view" : ", different views";
  std::string seen;
  for (const auto& [name, member] : screen.sample.members)
    seen += (seen.empty() ? ": " : ", ") + name + " " + member.status;
  return text + seen;
}

}  // namespace ringside::cli
