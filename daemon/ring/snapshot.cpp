// How a ring is built and asked. Points are sorted once by (hash, address, index), so every lookup is a
// binary search and every node that knows the same servers has the same points in the same order (spec F.4 to
// F.6).
#include "daemon/ring/snapshot.hpp"

#include <algorithm>
#include <map>

#include "daemon/ring/hash.hpp"

namespace ringside::ring {
namespace {

constexpr std::uint64_t hash_space = std::uint64_t{1} << 32;

// What all points of a server start with. The form without '#' can collide (port 2100 point 1x, port 21001
// point x); Ringpop has it so (spec F.4).
std::string point_prefix(const Server& server) {
  return server.name == server.address ? server.address : server.name + "#";
}

std::uint32_t names_checksum(std::span<const Server> servers) {
  std::vector<std::string_view> names;
  names.reserve(servers.size());
  for (const Server& server : servers) names.push_back(server.name);
  std::sort(names.begin(), names.end());
  std::string text;
  for (const std::string_view name : names) {
    if (!text.empty()) text += ';';
    text += name;
  }
  return fingerprint32(text);
}

std::size_t first_at_or_after(std::span<const Snapshot::Point> points, std::uint32_t hash) noexcept {
  const auto at =
      std::lower_bound(points.begin(), points.end(), hash,
                       [](const Snapshot::Point& point, std::uint32_t h) { return point.hash < h; });
  return at == points.end() ? 0 : static_cast<std::size_t>(at - points.begin());
}

}  // namespace

std::optional<MemberId> Snapshot::owner(std::string_view key) const noexcept {
  if (points_.empty()) return std::nullopt;
  return points_[first_at_or_after(points_, fingerprint32(key))].server;
}

std::size_t Snapshot::owners(std::string_view key, std::span<MemberId> out) const noexcept {
  if (points_.empty()) return 0;
  const std::size_t wanted = std::min(out.size(), servers_.size());
  const std::size_t start = first_at_or_after(points_, fingerprint32(key));
  std::size_t found = 0;
  for (std::size_t step = 0; step < points_.size() && found < wanted; ++step) {
    const MemberId candidate = points_[(start + step) % points_.size()].server;
    const auto chosen = out.first(found);
    if (std::find(chosen.begin(), chosen.end(), candidate) == chosen.end()) out[found++] = candidate;
  }
  return found;
}

std::optional<MemberId> Snapshot::find_name(std::string_view name) const noexcept {
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    if (servers_[i].name == name) return MemberId{static_cast<std::uint32_t>(i)};
  }
  return std::nullopt;
}

std::uint32_t Snapshot::replica_checksum() const {
  std::string text;
  for (const Point& point : points_) {
    text += std::to_string(point.hash) + "-" + servers_[point.server.value].address + ";";
  }
  return fingerprint32(text);
}

// A point owns the hashes after its predecessor up to itself; the first point's predecessor is the last, one
// turn back.
void Snapshot::share_out() {
  owned_.assign(servers_.size(), 0);
  if (points_.empty()) return;
  std::uint64_t previous = points_.back().hash;
  for (const Point& point : points_) {
    const bool wraps = &point == &points_.front();
    owned_[point.server.value] += point.hash + (wraps ? hash_space : 0) - previous;
    previous = point.hash;
  }
}

std::uint32_t Snapshot::share_ppm(MemberId id) const noexcept {
  return static_cast<std::uint32_t>(owned_[id.value] * 1'000'000 / hash_space);
}

SnapshotPtr build(std::vector<Server> servers, std::uint32_t points, std::uint64_t version) {
  auto ring = std::make_shared<Snapshot>();
  std::map<std::string, Server> by_address;
  for (Server& server : servers) {
    std::string address = server.address;
    by_address.try_emplace(std::move(address),
                           std::move(server));  // of two with one address the first is kept
  }
  for (auto& [address, server] : by_address) ring->servers_.push_back(std::move(server));
  ring->checksum_ = names_checksum(ring->servers_);
  ring->version_ = version;

  ring->points_.reserve(ring->servers_.size() * points);
  std::string text;
  for (std::size_t id = 0; id < ring->servers_.size(); ++id) {
    const std::string prefix = point_prefix(ring->servers_[id]);
    for (std::uint32_t i = 0; i < points; ++i) {
      text = prefix;
      text += std::to_string(i);
      ring->points_.push_back({fingerprint32(text), MemberId{static_cast<std::uint32_t>(id)}});
    }
  }
  // Ids follow the order of addresses, so this is the order of hash, then address. Points of one server with
  // one hash are equal and need no order by index.
  const auto rank = [](const Snapshot::Point& point) {
    return (std::uint64_t{point.hash} << 32) | point.server.value;
  };
  std::sort(ring->points_.begin(), ring->points_.end(),
            [&](const Snapshot::Point& a, const Snapshot::Point& b) { return rank(a) < rank(b); });
  ring->share_out();
  return ring;
}

}  // namespace ringside::ring
