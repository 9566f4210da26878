// What `ringside dev` decides: a cluster on one machine, and what befalls its nodes at the touch of a key. A
// value, like Supervisor: told what happened, it says which processes to start and signal; cli/dev.cpp has
// the terminal, the processes and the clock.
//
// A node is a host: a daemon and its app, which are killed, stopped and continued together.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daemon/base/result.hpp"
#include "daemon/base/time.hpp"
#include "daemon/run/supervisor.hpp"

namespace ringside::run {

enum class NodeState : std::uint8_t { running, stopped, draining, ended };
[[nodiscard]] std::string_view to_string(NodeState) noexcept;

enum class Deed : std::uint8_t { kill, stop, go_on, cut_off, heal, load, add, drain, quit, status };

// What to do, and with which node (from 1; 0: the chosen one).
struct Order {
  Deed deed;
  int node = 0;
  friend bool operator==(const Order&, const Order&) = default;
};

// The keys of a terminal; nullopt: it means nothing.
[[nodiscard]] std::optional<Deed> deed_of_key(char key) noexcept;
// A line of a script: "kill 2", "load". The error is one sentence.
[[nodiscard]] Result<Order, std::string> parse_order(std::string_view line);
[[nodiscard]] std::string_view keys_help() noexcept;

struct StartHalf {
  int node;
  Child child;
  friend bool operator==(const StartHalf&, const StartHalf&) = default;
};
struct SignalHalf {
  int node;
  Child child;
  int number;
  friend bool operator==(const SignalHalf&, const SignalHalf&) = default;
};
struct Load {
  bool on;
  friend bool operator==(const Load&, const Load&) = default;
};
// These nodes and the others do not reach each other from now on; none: all do.
struct Partition {
  std::set<int> cut_off;
  friend bool operator==(const Partition&, const Partition&) = default;
};
struct ShowStatus {
  friend bool operator==(const ShowStatus&, const ShowStatus&) = default;
};
using DevAction = std::variant<StartHalf, SignalHalf, Load, Partition, ShowStatus, Say, Exit>;
using DevOutbox = std::vector<DevAction>;

class DevCluster {
 public:
  struct Node {
    NodeState state = NodeState::ended;
    std::array<bool, 2> up{};  // by Child
    Instant deadline = never;  // of draining
    [[nodiscard]] bool has(Child child) const { return up[static_cast<std::size_t>(child)]; }
  };
  DevCluster(int nodes, Millis drain_timeout);

  void start(Instant now, DevOutbox&);
  void on_order(Instant now, const Order&, DevOutbox&);
  void on_ended(Instant now, int node, Child, End, DevOutbox&);
  void on_deadline(Instant now, DevOutbox&);
  [[nodiscard]] Instant next_deadline() const;

  void choose(int node);  // ignored when there is none
  [[nodiscard]] int chosen() const { return chosen_; }
  [[nodiscard]] bool loading() const { return loading_; }
  [[nodiscard]] bool quitting() const { return quitting_; }
  [[nodiscard]] const std::set<int>& cut_off() const { return cut_off_; }
  [[nodiscard]] const std::vector<Node>& nodes() const { return nodes_; }  // the first is number 1

 private:
  Node& at(int node) { return nodes_[static_cast<std::size_t>(node - 1)]; }
  void begin(int node, DevOutbox&);
  void signal(int node, int number, DevOutbox&) const;
  void kill(int node, DevOutbox&);
  void stop(int node, DevOutbox&);
  void go_on(int node, DevOutbox&);
  void cut_off(int node, DevOutbox&);
  void heal(DevOutbox&);
  void add(DevOutbox&);
  void drain(Instant now, int node, DevOutbox&);
  void quit(Instant now, DevOutbox&);

  std::vector<Node> nodes_;
  Millis drain_timeout_;
  int chosen_ = 1;
  bool loading_ = false, quitting_ = false;
  std::set<int> cut_off_;
  Instant quit_deadline_ = never;
};

}  // namespace ringside::run
