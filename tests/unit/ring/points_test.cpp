// The index over the points against a plain binary search, above all at the edges.
#include "daemon/ring/points.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>

#include "daemon/base/rng.hpp"

using namespace ringside;
using ring::Point;
using ring::Points;

namespace {

constexpr std::uint32_t highest = std::numeric_limits<std::uint32_t>::max();

std::vector<Point> sorted(std::vector<std::uint32_t> hashes) {
  std::sort(hashes.begin(), hashes.end());
  std::vector<Point> points;
  for (const std::uint32_t hash : hashes)
    points.push_back({hash, MemberId{static_cast<std::uint32_t>(points.size())}});
  return points;
}

std::size_t position(std::span<const Point> points, std::uint32_t hash) {
  const auto at = std::lower_bound(points.begin(), points.end(), hash,
                                   [](const Point& point, std::uint32_t h) { return point.hash < h; });
  return at == points.end() ? 0 : static_cast<std::size_t>(at - points.begin());
}

// At every point, on both sides of it, and at the ends of the hash space.
void check_edges(const std::vector<std::uint32_t>& hashes) {
  const auto plain = sorted(hashes);
  const Points points(plain);
  REQUIRE(std::ranges::equal(points.all(), plain));
  std::vector<std::uint32_t> asked{0, 1, highest / 2, highest / 2 + 1, highest - 1, highest};
  for (const std::uint32_t hash : hashes) asked.insert(asked.end(), {hash - 1, hash, hash + 1});
  std::size_t wrong = 0;
  for (const std::uint32_t hash : asked) {
    const std::size_t at = position(plain, hash);
    if (points.position(hash) != at || points.owner(hash) != plain[at].server) ++wrong;
  }
  CHECK(wrong == 0);
}

}  // namespace

TEST_CASE("without points there is nothing to find") {
  CHECK(Points().empty());
  CHECK(Points(std::vector<Point>{}).empty());
  CHECK(Points(std::vector<Point>{}).all().empty());
}

TEST_CASE("points at the ends of the hash space are found, from both sides") {
  check_edges({0});
  check_edges({highest});
  check_edges({highest / 2});
  check_edges({0, highest});
  check_edges({0, 1, highest - 1, highest});
}

TEST_CASE("of points with one hash the first is found, however many there are") {
  for (const std::uint32_t hash : {std::uint32_t{0}, std::uint32_t{77}, highest}) {
    for (const std::size_t count : {2U, 3U, 4U, 5U, 9U, 100U}) {
      INFO(count << " of hash " << hash);
      check_edges(std::vector<std::uint32_t>(count, hash));
      auto with_others = std::vector<std::uint32_t>(count, hash);
      with_others.insert(with_others.end(), {1, 76, 78, highest - 1});
      check_edges(with_others);
    }
  }
}

TEST_CASE("points that crowd into one slice are found as well as those spread evenly") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    INFO("seed " << seed);
    Rng rng(seed);
    // As much of the hash space as that many bits cover, anywhere in it.
    const std::uint64_t width = std::uint64_t{1} << rng.below(33);
    const auto begin = static_cast<std::uint32_t>(rng.next());
    std::vector<std::uint32_t> hashes;
    for (std::uint64_t i = 0, n = 1 + rng.below(300); i < n; ++i)
      hashes.push_back(begin + static_cast<std::uint32_t>(rng.below(width)));
    check_edges(hashes);
  }
}
