// A cluster with somebody's own settings and the faults they ask for: what `ringside simulate` runs. It
// starts cold, agrees, then lives through what was ordered, and the report says what a user would want to
// know beforehand: how soon the dead are out of the ring, how often the living are, what gossip costs, how
// long members disagree about owners. The same scenario and seed are the same run.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "daemon/base/time.hpp"
#include "daemon/swim/node.hpp"

namespace ringside::sim {

struct Scenario {
  swim::Config config;  // of every node but for the name
  std::uint32_t ring_points = 100;
  std::size_t nodes = 10;
  std::uint32_t loss_per_mille = 0;
  std::size_t kill = 0;                // at times spread over the run; they stay dead
  std::uint32_t freeze_per_mille = 0;  // of the nodes stand still at any time, five seconds each
  struct Partition {
    std::uint32_t percent = 50;  // of the nodes are on the first side
    Duration at{}, lasts{};
  };
  std::optional<Partition> partition;
  std::optional<Duration> churn;  // so often one node joins and another leaves
  // Who leaves goes on for the first, and until it has told the others, at most for the second
  // (control/drain.hpp).
  Duration notice = std::chrono::seconds(1), telling = std::chrono::seconds(2);
  Duration time = std::chrono::minutes(10);  // after the cold start
  std::uint64_t seed = 1;
};

struct Detection {  // of one killed node, from its death on; empty: it did not happen
  std::string name;
  Duration killed{};
  std::optional<Duration> suspected;    // by the first
  std::optional<Duration> first, last;  // out of the ring of one, of all
};

struct Disagreement {  // a stretch of time in which not all agree about the owners
  Duration at{}, lasts{};
  std::uint32_t worst_per_mille = 0;  // of answers to "who owns this key" that are not the most common one
};

struct Report {
  std::optional<Duration> cold_start;  // until all agree; empty: they did not within two minutes
  std::vector<Detection> detections;
  std::size_t joined = 0, left = 0;  // by churn
  std::size_t suspicions = 0;    // of a node that runs, is awake and not cut off, as each observer sees it
  std::size_t false_alarms = 0;  // the same, taken for dead
  std::size_t unreachable_lost = 0;  // taken for dead while frozen or cut off
  std::uint64_t gossip_bytes = 0;    // bodies sent after the cold start, by all nodes together
  std::uint64_t node_seconds = 0;    // by so many nodes and seconds
  std::uint64_t ring_changes = 0;    // seen after the cold start, by all nodes together
  std::vector<Disagreement> disagreements;
  // So long after the end all agree; empty: not within settle_limit. Zero: at the end itself.
  std::optional<Duration> agreed_after;
  std::size_t running_at_end = 0;
  Duration simulated{};
  std::uint64_t events = 0;
  std::uint64_t trace_hash = 0;
};

// What is under way at the end, a suspicion say, has so long to come to its own end.
inline constexpr Duration settle_limit = std::chrono::seconds(10);

struct Watcher {
  std::function<void(const std::string&)> progress;  // a line now and then
  std::function<void(const std::string&)> trace;     // a line per message and notice; may be empty
};

[[nodiscard]] Report run_scenario(const Scenario& scenario, const Watcher& watcher);

}  // namespace ringside::sim
