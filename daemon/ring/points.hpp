// The points of a ring in the order of their hashes, and an index over them: the hash space is cut into equal
// slices, one or two points to each, and the index says where each slice begins. Hashes are spread evenly, so
// from there it is seldom more than two steps to a key's point, whatever the size of the ring, where a binary
// search has a step for each doubling and half of its branches mispredicted. A search that finds no point
// behind the hash ends on the padding, which is the first point again: that is the turn around the end.
//
// Hash and server of a point lie together, because a lookup reads both; apart they are a cache line more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "daemon/base/ids.hpp"

namespace ringside::ring {

struct Point {
  std::uint32_t hash;
  MemberId server;
  friend bool operator==(const Point&, const Point&) = default;
};

class Points {
 public:
  // What a vector of points should have room for behind them, or it is copied once more.
  static constexpr std::size_t padding = 4;

  Points() = default;
  // Sorted by hash. Of points with one hash the first given owns it.
  explicit Points(std::vector<Point> sorted);

  [[nodiscard]] bool empty() const noexcept { return count_ == 0; }
  [[nodiscard]] std::span<const Point> all() const noexcept { return {points_.data(), count_}; }

  // Who owns the hash: the server of the first point at or after it, or of the very first. Not empty.
  [[nodiscard]] MemberId owner(std::uint32_t hash) const noexcept { return points_[search(hash)].server; }
  // Where that point stands in all(). Not empty.
  [[nodiscard]] std::size_t position(std::uint32_t hash) const noexcept {
    const std::size_t at = search(hash);
    return at == count_ ? 0 : at;
  }

 private:
  // The first point at or after the hash; count_ if there is none. How many of the next four are below the
  // hash is a sum, not a chain of jumps: without it the lookup takes half as long again. The padding lets the
  // last point look as far.
  [[nodiscard]] std::size_t search(std::uint32_t hash) const noexcept {
    std::size_t at = slices_[hash >> shift_];
    for (;;) {
      const Point* next = points_.data() + at;
      std::size_t below = 0;
      for (std::size_t i = 0; i < padding; ++i) below += next[i].hash < hash ? 1 : 0;
      at += below;
      if (below < padding) [[likely]]
        return at;
    }
  }

  std::vector<Point> points_;  // and behind them the padding
  std::vector<std::uint32_t>
      slices_;  // by the top bits of a hash: the first point that is not below the slice
  std::size_t count_ = 0;
  unsigned shift_ = 0;
};

}  // namespace ringside::ring
