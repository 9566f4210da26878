#include "daemon/ring/ranges.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "daemon/base/stable_sort.hpp"
#include "daemon/ring/build.hpp"

namespace ringside::ring {
namespace {

constexpr std::uint32_t last_hash = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint32_t nobody = last_hash;

struct Arc {
  Range range;
  std::uint32_t owner;
};

// The whole space in ascending order. A point owns what lies behind its predecessor up to itself, the first
// one also what is left at the end.
std::vector<Arc> arcs(std::span<const Point> points) {
  std::vector<Arc> result;
  if (points.empty()) return {{{0, last_hash}, nobody}};
  result.reserve(points.size() + 1);
  std::uint64_t next = 0;
  const auto up_to = [&](std::uint32_t last, std::uint32_t owner) {
    if (last < next) return;  // of points with one hash the first owns it
    const auto from = static_cast<std::uint32_t>(next);
    next = std::uint64_t{last} + 1;
    if (!result.empty() && result.back().owner == owner)
      result.back().range.to = last;
    else
      result.push_back({{from, last}, owner});
  };
  for (const Point& point : points) up_to(point.hash, point.server.value);
  up_to(last_hash, points.front().server.value);
  return result;
}

std::uint64_t size_of(const Range& range) noexcept {
  return std::uint64_t{range.to} - range.from + 1;
}

std::optional<std::size_t> place(std::uint32_t owner) {
  return owner == nobody ? std::nullopt : std::optional<std::size_t>(owner);
}

// The servers of the ring that would be, and its points, their ids places in `shares`.
struct Mixture {
  std::vector<Share> shares;
  std::vector<std::uint32_t> place_of;  // by the id before
  std::vector<Point> points;
};

Mixture mix(const Snapshot& ring, std::span<const Server> added, std::span<const MemberId> removed,
            std::uint32_t points_each) {
  struct Candidate {
    Server server;
    std::optional<std::uint32_t> id;  // before
    std::uint32_t points = 0;
  };
  std::vector<Candidate> candidates;
  for (std::uint32_t id = 0; id < ring.servers().size(); ++id)
    candidates.push_back({ring.servers()[id], id, 0});
  for (const Server& newcomer : added)
    candidates.push_back({newcomer, std::nullopt, points_each * static_cast<std::uint32_t>(newcomer.weight)});
  stable_sort(candidates,
              [](const Candidate& a, const Candidate& b) { return a.server.address < b.server.address; });

  Mixture result;
  result.place_of.resize(ring.servers().size());
  for (const Candidate& candidate : candidates) {
    const auto place = static_cast<std::uint32_t>(result.shares.size());
    result.shares.push_back({candidate.server});
    if (candidate.id) result.place_of[*candidate.id] = place;
    append_points(candidate.server, MemberId{place}, candidate.points, result.points);
  }
  std::vector<bool> goes(ring.servers().size());
  for (const MemberId id : removed) goes[id.value] = true;
  for (const Point& point : ring.points())
    if (!goes[point.server.value])
      result.points.push_back({point.hash, MemberId{result.place_of[point.server.value]}});
  std::ranges::sort(result.points, comes_before);
  return result;
}

}  // namespace

std::vector<Range> ranges(const Snapshot& ring, MemberId id) {
  std::vector<Range> owned;
  for (const Arc& arc : arcs(ring.points()))
    if (arc.owner == id.value) owned.push_back(arc.range);
  return owned;
}

std::vector<Range> difference(std::span<const Range> a, std::span<const Range> b) {
  std::vector<Range> left;
  auto cut = b.begin();
  for (const Range& range : a) {
    std::uint64_t from = range.from;
    while (cut != b.end() && cut->to < range.from) ++cut;
    for (auto each = cut; each != b.end() && each->from <= range.to; ++each) {
      if (each->from > from) left.push_back({static_cast<std::uint32_t>(from), each->from - 1});
      from = std::uint64_t{each->to} + 1;
    }
    if (from <= range.to) left.push_back({static_cast<std::uint32_t>(from), range.to});
  }
  return left;
}

std::uint64_t hashes_in(std::span<const Range> list) noexcept {
  std::uint64_t sum = 0;
  for (const Range& range : list) sum += size_of(range);
  return sum;
}

Plan plan(const Snapshot& ring, std::span<const Server> added, std::span<const MemberId> removed,
          std::uint32_t points) {
  Mixture after = mix(ring, added, removed, points);
  auto before = arcs(ring.points());
  for (Arc& arc : before)
    if (arc.owner != nobody) arc.owner = after.place_of[arc.owner];
  const auto now = arcs(after.points);

  Plan result{std::move(after.shares), {}};
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::uint64_t> moved;
  std::uint64_t from = 0;
  for (std::size_t i = 0, j = 0; i < before.size() && j < now.size();) {
    const std::uint32_t to = std::min(before[i].range.to, now[j].range.to);
    const std::uint64_t hashes = to - from + 1;
    if (before[i].owner != nobody) result.shares[before[i].owner].before += hashes;
    if (now[j].owner != nobody) result.shares[now[j].owner].after += hashes;
    if (before[i].owner != now[j].owner) moved[{before[i].owner, now[j].owner}] += hashes;
    from = std::uint64_t{to} + 1;
    if (before[i].range.to == to) ++i;
    if (now[j].range.to == to) ++j;
  }
  for (const auto& [pair, hashes] : moved)
    result.moves.push_back({place(pair.first), place(pair.second), hashes});
  return result;
}

}  // namespace ringside::ring
