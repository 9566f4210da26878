// What goes wrong in a run, as data. The seed first picks which kinds of faults there are at all in this run
// and how strong they are ("swarm testing": a run with everything at once hides what two faults do to each
// other), then when they happen and to whom.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/time.hpp"
#include "daemon/swim/node.hpp"

namespace ringside::sim {

enum class FaultKind : std::uint8_t {
  loss,          // of so many messages in a thousand
  delay,         // of every message
  duplicates,    // so many in a thousand arrive twice
  reorder,       // so many in a thousand come late
  resets,        // so many connections in a thousand break
  cut,           // one link, both ways
  one_way,       // one link, one way
  deaf,          // one host sends and hears nothing
  partition,     // some from the others
  stall,         // nothing gets out of one host or into it, and its timers run
  freeze,        // one host does nothing
  slow,          // one host takes long over everything
  crash,         // one host, and it stays away until the end
  restart,       // one host goes and comes back
  move,          // the same, at another address
  clock,         // one wall clock steps
  mass_restart,  // all of them, within ten seconds
  flip_flop,     // one host is cut off and back, again and again
  churn,         // one leaves, a new one joins
  app,           // one app is down for a while
  power_cut,     // one host is without power for a while: nobody refuses there
  refused,       // a firewall refuses connections between two hosts
};
inline constexpr std::size_t fault_kinds = static_cast<std::size_t>(FaultKind::refused) + 1;
[[nodiscard]] std::string_view to_string(FaultKind kind);

struct Fault {
  FaultKind kind = FaultKind::loss;
  Duration at{}, lasts{};
  std::size_t who = 0, other = 0;  // hosts; of a partition `who` is the size of the first side
  std::int64_t amount = 0;         // per mille, or milliseconds
};

struct Plan {
  std::size_t nodes = 0;
  swim::Config config;
  Duration chaos{};  // all faults have begun, and ended, by then
  std::vector<Fault> faults;
};

[[nodiscard]] Plan draw_plan(std::uint64_t seed);
[[nodiscard]] std::string describe(const Fault& fault);

}  // namespace ringside::sim
