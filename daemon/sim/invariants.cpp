// See invariants.hpp.
#include "daemon/sim/invariants.hpp"

#include <algorithm>

#include "daemon/swim/node.hpp"

namespace ringside::sim {
namespace {

constexpr int probe_keys = 100;

bool same_owners(const ring::Snapshot& a, const ring::Snapshot& b) {
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
  for (std::size_t i = 1; i < ids.size(); ++i) {
    const auto& a = world_.node(ids[i - 1]);
    const auto& b = world_.node(ids[i]);
    const auto rows_a = a.members();
    const auto rows_b = b.members();
    const std::string pair = world_.address(ids[i - 1]) + " and " + world_.address(ids[i]);
    if (a.checksum() != swim::membership_checksum(rows_a, swim::ChecksumDialect::go)) {
      violations_.push_back("checksum is not that of the list: " + pair);
    }
    if (rows_a != rows_b) continue;
    if (a.checksum() != b.checksum()) violations_.push_back("equal lists, other checksums: " + pair);
    const auto ring_a = world_.ring(ids[i - 1]);
    const auto ring_b = world_.ring(ids[i]);
    if (ring_a->checksum() != ring_b->checksum() || !same_owners(*ring_a, *ring_b)) {
      violations_.push_back("equal lists, other rings: " + pair);
    }
  }
}

}  // namespace ringside::sim
