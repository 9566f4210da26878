// See invariants.hpp.
#include "daemon/sim/invariants.hpp"

#include <algorithm>

#include "daemon/ring/hash.hpp"
#include "daemon/swim/node.hpp"
#include "daemon/swim/ring_input.hpp"

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
  world_.on_start = [this](HostId id) {
    std::int64_t& own = own_[world_.address(id)];
    own = std::max(own, world_.node(id).incarnation());
  };
  world_.on_notice = [this](HostId observer, const swim::Notice& notice) {
    if (const auto* change = std::get_if<swim::MemberChanged>(&notice)) on_change(observer, *change);
    if (const auto* proof = std::get_if<swim::DeathProved>(&notice)) on_proof(observer, *proof);
    if (std::holds_alternative<swim::RingInputChanged>(notice)) on_ring(observer);
  };
}

void Invariants::on_proof(HostId observer, const swim::DeathProved& proof) {
  proved_[{observer, world_.life(observer), proof.address}] = proof.incarnation;
  const auto subject = world_.running_at(proof.address);
  const bool runs = subject && world_.node(*subject).incarnation() == proof.incarnation;
  if (runs && !world_.network().has_refused())
    violations_.push_back("was proved dead and runs: " + world_.address(observer) + " about " +
                          proof.address);
}

void Invariants::on_change(HostId observer, const swim::MemberChanged& change) {
  const std::string what = world_.address(observer) + " about " + change.address;
  if (change.address == world_.address(observer)) own_[change.address] = change.incarnation;
  const View view{observer, world_.life(observer), change.address};
  if (!change.before && change.after == ringpop::Status::tombstone)
    violations_.push_back("the forgotten came back as a tombstone: " + what);
  if (!change.after) {
    known_.erase(view);
  } else {
    const Known now{change.incarnation, *change.after, world_.elapsed()};
    const bool namesake = change.name == world_.config(observer).name;  // given up at once, it is us
    const auto proved = proved_.find(view);
    const bool proof = proved != proved_.end() && proved->second == change.incarnation;
    const bool own_timer = change.source == world_.address(observer) && !namesake && !proof;
    const auto [known, is_new] = known_.try_emplace(view, now);
    if (!is_new) check_order(observer, what, known->second, now, own_timer);
    // Other labels for the same (a healing look tells of suspects without any) start no new time.
    const bool the_same = known->second.status == now.status && known->second.incarnation == now.incarnation;
    if (!the_same) known->second = now;
  }

  if (const auto subject = world_.running_at(change.address)) {
    own_[change.address] = std::max(own_[change.address], world_.node(*subject).incarnation());
    if (change.after == ringpop::Status::suspect) ++wrongly_suspect_;
    if (change.after == ringpop::Status::faulty) ++wrongly_faulty_;
  }
  const auto own = own_.find(change.address);
  if (own != own_.end() && change.incarnation > own->second)
    violations_.push_back("incarnation raised: " + what);
}

void Invariants::check_order(HostId observer, const std::string& what, const Known& known, const Known& now,
                             bool own_timer) {
  if (now.incarnation < known.incarnation) violations_.push_back("incarnation fell: " + what);
  if (now.incarnation == known.incarnation && now.status < known.status)
    violations_.push_back("went back to a better state without a new incarnation: " + what);
  const bool given_up = known.status == ringpop::Status::suspect && now.status == ringpop::Status::faulty;
  if (given_up && own_timer && now.since - known.since < world_.config(observer).suspect_timeout)
    violations_.push_back("was given up before it had its time: " + what);
}

void Invariants::on_ring(HostId observer) {
  rings_[{observer, world_.life(observer)}] = servers_checksum(observer);
}

// Cheaper than a ring: of who would be in it.
std::uint32_t Invariants::servers_checksum(HostId id) const {
  const auto rows = world_.node(id).members();
  std::uint32_t sum = 0;
  for (const ring::Server& server : swim::ring_servers(rows))
    sum = sum * 31 + ring::fingerprint32(server.name + "/" + server.address);
  return sum;
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
    const auto told = rings_.find({id, world_.life(id)});
    if (told != rings_.end() && told->second != servers_checksum(id))
      violations_.push_back("the ring changed and nobody was told: " + world_.address(id));
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
