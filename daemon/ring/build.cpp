// How a ring is made: out of the one before it, of which one built anew is the case that nothing was before.
// Ids follow the order of addresses, so servers that stay keep their order among each other, and so do their
// points and names: what comes is hashed, sorted and merged in, what goes is left out, and nothing that stays
// is hashed or sorted again. Every node that knows the same servers has the same points in the same order
// (spec F.4 to F.6).
#include "daemon/ring/build.hpp"

#include <algorithm>
#include <compare>
#include <iterator>
#include <limits>
#include <numeric>
#include <utility>

#include "daemon/ring/hash.hpp"
#include "daemon/ring/ranges.hpp"
#include "daemon/ring/snapshot.hpp"

namespace ringside::ring {
namespace {

constexpr MemberId gone{std::numeric_limits<std::uint32_t>::max()};

// What became of the servers between two rings.
struct Difference {
  std::vector<MemberId> now;    // by the id before: the id now, or `gone`
  std::vector<MemberId> added;  // ids now, ascending
};

// Of two with one address the first is kept.
std::vector<Server> sorted_by_address(std::vector<Server> servers) {
  std::vector<std::size_t> order(servers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&servers](std::size_t a, std::size_t b) {
    const auto before = servers[a].address <=> servers[b].address;
    return before < 0 || (before == 0 && a < b);
  });
  std::vector<Server> sorted;
  sorted.reserve(servers.size());
  for (const std::size_t i : order)
    if (sorted.empty() || sorted.back().address != servers[i].address)
      sorted.push_back(std::move(servers[i]));
  return sorted;
}

// A server that has changed its name or weight is another one: its points are others.
Difference difference(std::span<const Server> before, std::span<const Server> after) {
  Difference result;
  result.now.assign(before.size(), gone);
  std::size_t old = 0;
  for (std::size_t i = 0; i < after.size(); ++i) {
    const MemberId id{static_cast<std::uint32_t>(i)};
    while (old < before.size() && before[old].address < after[i].address) ++old;
    if (old < before.size() && before[old] == after[i])
      result.now[old] = id;
    else
      result.added.push_back(id);
  }
  return result;
}

std::uint32_t points_of(const Server& server, std::uint32_t points_each) {
  return points_each * static_cast<std::uint32_t>(server.weight);
}

std::vector<Point> points_of(std::span<const MemberId> added, std::span<const Server> servers,
                             std::uint32_t points_each) {
  std::vector<Point> points;
  points.reserve(added.size() * points_each);
  for (const MemberId id : added) {
    const Server& server = servers[id.value];
    append_points(server, id, points_of(server, points_each), points);
  }
  std::sort(points.begin(), points.end(), comes_before);
  return points;
}

std::vector<Point> merged_points(std::span<const Point> before, const Difference& change,
                                 const std::vector<Point>& added, std::size_t count) {
  std::vector<Point> points;
  points.reserve(count + Points::padding);
  auto next = added.begin();
  for (const Point& point : before) {
    const Point kept{point.hash, change.now[point.server.value]};
    if (kept.server == gone) continue;
    while (next != added.end() && comes_before(*next, kept)) points.push_back(*next++);
    points.push_back(kept);
  }
  points.insert(points.end(), next, added.end());
  return points;
}

std::vector<MemberId> merged_names(std::span<const MemberId> before, const Difference& change,
                                   std::span<const Server> servers) {
  const auto by_name = [&](MemberId a, MemberId b) {
    const int order = servers[a.value].name.compare(servers[b.value].name);
    return order != 0 ? order < 0 : a < b;
  };
  std::vector<MemberId> kept;
  kept.reserve(before.size());
  for (const MemberId id : before) {
    if (change.now[id.value] != gone) kept.push_back(change.now[id.value]);
  }
  std::vector<MemberId> added = change.added;
  std::sort(added.begin(), added.end(), by_name);
  std::vector<MemberId> names;
  names.reserve(servers.size());
  std::merge(kept.begin(), kept.end(), added.begin(), added.end(), std::back_inserter(names), by_name);
  return names;
}

std::uint32_t names_checksum(std::span<const MemberId> by_name, std::span<const Server> servers) {
  std::string text;
  for (const MemberId id : by_name) {
    if (!text.empty()) text += ';';
    text += servers[id.value].name;
  }
  return fingerprint32(text);
}

std::uint32_t digest_of(std::span<const MemberId> by_name, std::span<const Server> servers,
                        std::uint32_t points_each) {
  std::string text = std::to_string(points_each);
  for (const MemberId id : by_name) {
    const Server& server = servers[id.value];
    text.append(";").append(server.name).append("*").append(std::to_string(server.weight));
  }
  return fingerprint32(text);
}

// How many hashes each server owns. A point owns those after its predecessor up to itself; the first point's
// predecessor is the last, one turn back.
std::vector<std::uint64_t> shares(std::span<const Point> points, std::size_t servers) {
  std::vector<std::uint64_t> owned(servers);
  if (points.empty()) return owned;
  std::uint64_t previous = points.back().hash - hash_space;  // modulo 2^64, as is the difference below
  for (const Point& point : points) {
    owned[point.server.value] += point.hash - previous;
    previous = point.hash;
  }
  return owned;
}

}  // namespace

// Without '#', points can collide (port 2100 point 1x, port 21001 point x); Ringpop has it so (spec F.4).
void append_points(const Server& server, MemberId id, std::uint32_t count, std::vector<Point>& points) {
  const std::string prefix = server.name == server.address ? server.address : server.name + "#";
  std::string text;
  for (std::uint32_t i = 0; i < count; ++i) {
    text = prefix;
    text += std::to_string(i);
    points.push_back({fingerprint32(text), id});
  }
}

// Points of one server with one hash are equal and need no order by index.
bool comes_before(const Point& a, const Point& b) noexcept {
  const auto rank = [](const Point& point) { return (std::uint64_t{point.hash} << 32) | point.server.value; };
  return rank(a) < rank(b);
}

SnapshotPtr build(std::vector<Server> servers, std::uint32_t points, std::uint64_t version) {
  Snapshot nothing;
  nothing.points_each_ = points;
  return change(nothing, std::move(servers), version);
}

SnapshotPtr change(const Snapshot& before, std::vector<Server> servers, std::uint64_t version) {
  auto ring = std::make_shared<Snapshot>();
  ring->servers_ = sorted_by_address(std::move(servers));
  ring->points_each_ = before.points_each_;
  ring->version_ = version;
  const Difference change = difference(before.servers_, ring->servers_);
  std::size_t count = 0;
  for (const Server& server : ring->servers_) count += points_of(server, ring->points_each_);
  ring->points_ = Points(merged_points(before.points(), change,
                                       points_of(change.added, ring->servers_, ring->points_each_), count));
  ring->by_name_ = merged_names(before.by_name_, change, ring->servers_);
  ring->checksum_ = names_checksum(ring->by_name_, ring->servers_);
  ring->digest_ = digest_of(ring->by_name_, ring->servers_, ring->points_each_);
  ring->owned_ = shares(ring->points(), ring->servers_.size());
  return ring;
}

}  // namespace ringside::ring
