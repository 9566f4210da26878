// What must hold in every run (the figures are those of the fault catalogue's list of invariants):
//   1 no member's known incarnation ever falls;
//   2 equal membership means equal checksum, equal ring and equal owners;
//   5 only the node itself raises its incarnation.
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

  World& world_;
  using View = std::tuple<HostId, std::uint32_t, std::string>;  // observer, which life of it, subject
  std::map<View, std::int64_t> known_;
  std::map<std::string, std::int64_t> own_;  // the highest a node has given to itself
  std::vector<std::string> violations_;
  std::size_t wrongly_suspect_ = 0;
  std::size_t wrongly_faulty_ = 0;
};

}  // namespace ringside::sim
