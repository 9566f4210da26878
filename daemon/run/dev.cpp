#include "daemon/run/dev.hpp"

#include <algorithm>
#include <csignal>
#include <utility>

#include "daemon/base/limits.hpp"
#include "daemon/base/text.hpp"

namespace ringside::run {
namespace {

using namespace std::chrono_literals;

constexpr std::array children{Child::daemon, Child::app};

struct DeedRow {
  Deed deed;
  char key;
  std::string_view word;
  bool of_a_node;
};
constexpr std::array deeds{
    DeedRow{Deed::kill, 'k', "kill", true},      DeedRow{Deed::stop, 's', "stop", true},
    DeedRow{Deed::go_on, 'c', "continue", true}, DeedRow{Deed::cut_off, 'p', "partition", true},
    DeedRow{Deed::heal, 'h', "heal", false},     DeedRow{Deed::load, 'l', "load", false},
    DeedRow{Deed::add, '+', "add", false},       DeedRow{Deed::drain, '-', "drain", true},
    DeedRow{Deed::quit, 'q', "quit", false},     DeedRow{Deed::status, '\r', "status", false},
};

std::string name_of(int node) {
  return "n" + std::to_string(node);
}

}  // namespace

std::string_view to_string(NodeState state) noexcept {
  switch (state) {
    case NodeState::running: return "running";
    case NodeState::stopped: return "stopped";
    case NodeState::draining: return "draining";
    case NodeState::ended: return "ended";
  }
  return "";
}

std::optional<Deed> deed_of_key(char key) noexcept {
  for (const DeedRow& row : deeds)
    if (row.key == key) return row.deed;
  return std::nullopt;
}

Result<Order, std::string> parse_order(std::string_view line) {
  std::vector<std::string> words = split(line, ' ');
  std::erase(words, "");
  const auto found = std::ranges::find(deeds, words.empty() ? "" : words[0], &DeedRow::word);
  if (found == deeds.end()) {
    std::string all;
    for (const DeedRow& row : deeds)
      all += (all.empty() ? "" : ", ") + std::string(row.word) + (row.of_a_node ? " N" : "");
    return "'" + std::string(line) + "' is none of " + all;
  }
  if (!found->of_a_node || words.size() != 2) {
    if (found->of_a_node || words.size() != 1)
      return std::string(found->word) +
             (found->of_a_node ? " takes the number of one node" : " takes nothing behind it");
    return Order{found->deed};
  }
  const auto node = parse_integer(words[1].starts_with('n') ? words[1].substr(1) : words[1]);
  if (!node || *node < 1 || *node > limits::dev_nodes)
    return "'" + words[1] + "' is not the number of a node";
  return Order{found->deed, static_cast<int>(*node)};
}

std::string_view keys_help() noexcept {
  return "1-9 choose  k kill  s stop  c continue  p partition  h heal  l load  + add  - drain  q quit";
}

DevCluster::DevCluster(int nodes, Millis drain_timeout)
    : nodes_(static_cast<std::size_t>(nodes)), drain_timeout_(drain_timeout) {}

void DevCluster::start(Instant, DevOutbox& out) {
  for (int node = 1; node <= static_cast<int>(nodes_.size()); ++node) begin(node, out);
}

// What is missing of a node.
void DevCluster::begin(int node, DevOutbox& out) {
  Node& one = at(node);
  one.state = NodeState::running;
  one.deadline = never;
  for (const Child child : children) {
    if (one.has(child)) continue;
    one.up[static_cast<std::size_t>(child)] = true;
    out.emplace_back(StartHalf{node, child});
  }
}

void DevCluster::signal(int node, int number, DevOutbox& out) const {
  for (const Child child : children)
    if (nodes_[static_cast<std::size_t>(node - 1)].has(child))
      out.emplace_back(SignalHalf{node, child, number});
}

void DevCluster::on_order(Instant now, const Order& order, DevOutbox& out) {
  const int node = order.node == 0 ? chosen_ : order.node;
  if (quitting_ && order.deed != Deed::quit) return;
  if (node > static_cast<int>(nodes_.size())) {
    out.emplace_back(Say{"there is no " + name_of(node)});
    return;
  }
  switch (order.deed) {
    case Deed::kill: return kill(node, out);
    case Deed::stop: return stop(node, out);
    case Deed::go_on: return go_on(node, out);
    case Deed::cut_off: return cut_off(node, out);
    case Deed::heal: return heal(out);
    case Deed::load:
      loading_ = !loading_;
      out.emplace_back(Load{loading_});
      out.emplace_back(Say{loading_ ? "load is on" : "load is off"});
      return;
    case Deed::add: return add(out);
    case Deed::drain: return drain(now, node, out);
    case Deed::quit: return quit(now, out);
    case Deed::status: out.emplace_back(ShowStatus{}); return;
  }
}

void DevCluster::kill(int node, DevOutbox& out) {
  if (at(node).state == NodeState::ended) {
    out.emplace_back(Say{name_of(node) + " has ended already; c starts it"});
    return;
  }
  signal(node, SIGKILL, out);
  out.emplace_back(Say{name_of(node) + " is killed"});
}

void DevCluster::stop(int node, DevOutbox& out) {
  Node& one = at(node);
  if (one.state != NodeState::running) {
    out.emplace_back(Say{name_of(node) + " is not running"});
    return;
  }
  one.state = NodeState::stopped;
  signal(node, SIGSTOP, out);
  out.emplace_back(Say{name_of(node) + " stands still"});
}

void DevCluster::go_on(int node, DevOutbox& out) {
  Node& one = at(node);
  switch (one.state) {
    case NodeState::stopped:
      signal(node, SIGCONT, out);
      out.emplace_back(Say{name_of(node) + " goes on"});
      return begin(node, out);
    case NodeState::draining:
      out.emplace_back(Say{name_of(node) + " drains; when it has ended c starts it"});
      return;
    case NodeState::running:
    case NodeState::ended:
      if (one.has(Child::daemon) && one.has(Child::app)) return;
      out.emplace_back(Say{name_of(node) + " is started"});
      return begin(node, out);
  }
}

// Nodes that are cut off one after the other are one side.
void DevCluster::cut_off(int node, DevOutbox& out) {
  cut_off_.insert(node);
  std::string side;
  for (const int each : cut_off_) side += (side.empty() ? "" : ", ") + name_of(each);
  out.emplace_back(Partition{cut_off_});
  out.emplace_back(Say{"cut off from the others: " + side});
}

void DevCluster::heal(DevOutbox& out) {
  if (cut_off_.empty()) {
    out.emplace_back(Say{"nobody is cut off"});
    return;
  }
  cut_off_.clear();
  out.emplace_back(Partition{});
  out.emplace_back(Say{"all reach each other again"});
}

void DevCluster::add(DevOutbox& out) {
  if (static_cast<int>(nodes_.size()) >= limits::dev_nodes) {
    out.emplace_back(Say{"there are " + std::to_string(limits::dev_nodes) + " nodes, which is the most"});
    return;
  }
  nodes_.emplace_back();
  const int node = static_cast<int>(nodes_.size());
  out.emplace_back(Say{name_of(node) + " is added"});
  begin(node, out);
}

void DevCluster::drain(Instant now, int node, DevOutbox& out) {
  Node& one = at(node);
  if (one.state == NodeState::ended || one.state == NodeState::draining) {
    out.emplace_back(
        Say{name_of(node) + (one.state == NodeState::ended ? " has ended already" : " drains already")});
    return;
  }
  if (one.state == NodeState::stopped) signal(node, SIGCONT, out);
  one.state = NodeState::draining;
  one.deadline = now + drain_timeout_ + limits::daemon_end_time;
  out.emplace_back(Say{name_of(node) + " drains"});
  out.emplace_back(SignalHalf{node, one.has(Child::daemon) ? Child::daemon : Child::app, SIGTERM});
}

// Nobody waits for a cluster that is thrown away: all are told to end at once. Asked again, they are killed.
void DevCluster::quit(Instant now, DevOutbox& out) {
  const bool again = std::exchange(quitting_, true);
  quit_deadline_ = again ? never : now + limits::dev_quit_time;
  bool any = false;
  for (int node = 1; node <= static_cast<int>(nodes_.size()); ++node) {
    any = any || at(node).has(Child::daemon) || at(node).has(Child::app);
    at(node).deadline = never;
    signal(node, again ? SIGKILL : SIGTERM, out);
    if (at(node).state == NodeState::stopped) signal(node, SIGCONT, out);
    at(node).state = NodeState::draining;
  }
  if (loading_ && !again) out.emplace_back(Load{false});
  if (!any) out.emplace_back(Exit{0});
}

void DevCluster::on_ended(Instant now, int node, Child child, End end, DevOutbox& out) {
  Node& one = at(node);
  one.up[static_cast<std::size_t>(child)] = false;
  const Child other = child == Child::daemon ? Child::app : Child::daemon;
  if (!one.has(other)) {
    one.state = NodeState::ended;
    one.deadline = never;
  }
  if (quitting_) {
    const bool none = std::ranges::none_of(nodes_, [](const Node& each) { return each.up[0] || each.up[1]; });
    if (none) out.emplace_back(Exit{0});
    return;
  }
  if (end.code != 128 + SIGKILL && end.code != 0 && one.state != NodeState::draining)
    out.emplace_back(
        Say{name_of(node) + ": " + (child == Child::daemon ? "the daemon " : "the app ") + describe(end)});
  if (child == Child::daemon && one.state == NodeState::draining) {
    out.emplace_back(SignalHalf{node, Child::app, SIGTERM});
    one.deadline = now + drain_timeout_;
  } else if (child == Child::daemon && one.has(Child::app)) {
    out.emplace_back(SignalHalf{node, Child::app, SIGKILL});  // a host without its daemon is none
  }
}

void DevCluster::on_deadline(Instant now, DevOutbox& out) {
  if (quit_deadline_ <= now) quit(now, out);
  for (int node = 1; node <= static_cast<int>(nodes_.size()); ++node) {
    if (at(node).deadline > now) continue;
    at(node).deadline = never;
    out.emplace_back(Say{name_of(node) + " has not ended in time and is killed"});
    signal(node, SIGKILL, out);
  }
}

Instant DevCluster::next_deadline() const {
  Instant next = quit_deadline_;
  for (const Node& node : nodes_) next = std::min(next, node.deadline);
  return next;
}

void DevCluster::choose(int node) {
  if (node >= 1 && node <= static_cast<int>(nodes_.size())) chosen_ = node;
}

}  // namespace ringside::run
