// See points.hpp.
#include "daemon/ring/points.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>

namespace ringside::ring {

Points::Points(std::vector<Point> sorted) : points_(std::move(sorted)), count_(points_.size()) {
  if (count_ == 0) return;
  // No hash is above the padding's, so every search ends there at the latest.
  points_.reserve(count_ + padding);
  points_.insert(points_.end(), padding, {std::numeric_limits<std::uint32_t>::max(), points_.front().server});

  const int bits = std::max(1, static_cast<int>(std::bit_width(count_)) - 1);
  shift_ = static_cast<unsigned>(32 - bits);
  slices_.resize(std::size_t{1} << bits);
  std::uint32_t at = 0;
  for (std::size_t slice = 0; slice < slices_.size(); ++slice) {
    while (at < count_ && points_[at].hash >> shift_ < slice) ++at;
    slices_[slice] = at;
  }
}

}  // namespace ringside::ring
