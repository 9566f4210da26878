// What must hold in every run (the figures are those of the fault catalogue's list of invariants):
//   1 no member's known incarnation ever falls;
//   2 equal membership means equal checksum, equal ring and equal owners;
//   5 only the node itself raises its incarnation.
// And of the order in which a member's states follow each other:
//   - at one incarnation nobody goes back from a worse state to a better one;
//   - whoever was forgotten is not brought back by a tombstone;
//   - nobody gives a suspect up before it has had its time, unless its death is proved;
//   - nobody proves the death of an incarnation that runs, unless a firewall has lied to it;
//   - whenever the ring is another one, the node says so.
// It listens to all notices; compare_views() looks at all nodes as they are now.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "daemon/sim/world.hpp"

namespace ringside::sim {

class Invariants {
 public:
  explicit Invariants(World& world);  // takes the world's on_notice; must outlive its runs

  void compare_views();
  [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }
  // How often a node that was running was declared this by others.
  [[nodiscard]] std::size_t wrongly_suspect() const { return wrongly_suspect_; }
  [[nodiscard]] std::size_t wrongly_faulty() const { return wrongly_faulty_; }

 private:
  void on_change(HostId observer, const swim::MemberChanged& change);
  void on_proof(HostId observer, const swim::DeathProved& proof);
  void on_ring(HostId observer);
  [[nodiscard]] std::uint32_t servers_checksum(HostId id) const;

  World& world_;
  using View = std::tuple<HostId, std::uint32_t, std::string>;  // observer, which life of it, subject
  struct Known {
    std::int64_t incarnation = 0;
    ringpop::Status status = ringpop::Status::alive;
    Duration since{};  // that it has this status at this incarnation
  };
  void check_order(HostId observer, const std::string& what, const Known& known, const Known& now,
                   bool own_timer);
  std::map<View, Known> known_;
  std::map<View, std::int64_t> proved_;  // the incarnation
  std::map<std::pair<HostId, std::uint32_t>, std::uint32_t>
      rings_;                                // checksums, as the node told of a change
  std::map<std::string, std::int64_t> own_;  // the highest a node has given to itself
  std::vector<std::string> violations_;
  std::size_t wrongly_suspect_ = 0;
  std::size_t wrongly_faulty_ = 0;
};

}  // namespace ringside::sim
