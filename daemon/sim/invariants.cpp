// See invariants.hpp.
#include "daemon/sim/invariants.hpp"

#include <algorithm>

#include "daemon/swim/node.hpp"

namespace ringside::sim {
namespace {

constexpr int probe_keys = 100;
constexpr int rings_compared = 8;  // building one takes longer than simulating a second of its node

bool same_rings(const ring::Snapshot& a, const ring::Snapshot& b) {
  if (a.checksum() != b.checksum()) return false;
  for (int i = 0; i < probe_keys; ++i) {
    const std::string key = "key-" + std::to_string(i);
    const auto owner_a = a.owner(key);
    const auto owner_b = b.owner(key);
    if (owner_a.has_value() != owner_b.has_value()) return false;
    if (owner_a && a.server(*owner_a) != b.server(*owner_b)) return false;
  }
  return true;
}

}  // namespace

Invariants::Invariants(World& world) : world_(world) {
  world_.on_notice = [this](HostId observer, const swim::Notice& notice) {
    if (const auto* change = std::get_if<swim::MemberChanged>(&notice)) on_change(observer, *change);
  };
}

void Invariants::on_change(HostId observer, const swim::MemberChanged& change) {
  const std::string what = world_.address(observer) + " about " + change.address;
  if (change.address == world_.address(observer)) own_[change.address] = change.incarnation;
  const View view{observer, world_.life(observer), change.address};
  if (!change.before) known_.erase(view);  // new, or back after its eviction
  std::int64_t& known = known_[view];
  if (change.incarnation < known) violations_.push_back("incarnation fell: " + what);
  known = change.incarnation;

  if (const auto subject = world_.running_at(change.address)) {
    own_[change.address] = std::max(own_[change.address], world_.node(*subject).incarnation());
    if (change.after == ringpop::Status::suspect) ++wrongly_suspect_;
    if (change.after == ringpop::Status::faulty) ++wrongly_faulty_;
  }
  const auto own = own_.find(change.address);
  if (own != own_.end() && change.incarnation > own->second)
    violations_.push_back("incarnation raised: " + what);
}

void Invariants::compare_views() {
  const auto ids = world_.running();
  const auto first = world_.node(ids.front()).members();
  int rings_left = rings_compared;
  for (const HostId id : ids) {
    const swim::Node& node = world_.node(id);
    const auto rows = node.members();
    if (node.checksum() != swim::membership_checksum(rows, swim::ChecksumDialect::go)) {
      violations_.push_back("checksum is not that of the list: " + world_.address(id));
    }
    if (rows != first) continue;
    if (node.checksum() != world_.node(ids.front()).checksum()) {
      violations_.push_back("equal lists, other checksum: " + world_.address(id));
    }
    if (rings_left-- > 0 && !same_rings(*world_.ring(ids.front()), *world_.ring(id))) {
      violations_.push_back("equal lists, other ring: " + world_.address(id));
    }
  }
}

}  // namespace ringside::sim
