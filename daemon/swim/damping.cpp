// See damping.hpp.
#include "daemon/swim/damping.hpp"

#include <algorithm>
#include <array>
#include <functional>

namespace ringside::swim {
namespace {

constexpr std::int64_t one = 65536;
// one * 2^(-i/16)
constexpr std::array<std::int64_t, 16> decay{65536, 62757, 60097, 57549, 55109, 52773, 50535, 48393,
                                             46341, 44376, 42495, 40693, 38968, 37316, 35734, 34219};
constexpr int steps = static_cast<int>(decay.size());  // in a half-life
constexpr std::int64_t halvings_max = 32;              // nothing is left then

int after(int points, std::int64_t sixteenths) {
  const std::int64_t halvings = sixteenths / steps;
  if (halvings >= halvings_max) return 0;
  const std::int64_t left = points * decay.at(static_cast<std::size_t>(sixteenths % steps)) / one;
  return static_cast<int>(left >> halvings);
}

}  // namespace

int DampScore::at(Instant now) const {
  if (now <= as_of_) return points_;
  return after(points_, (now - as_of_) * steps / std::max<Duration>(half_life_, Millis(1)));
}

void DampScore::add(Instant now, int points) {
  points_ = std::min(at(now) + points, most);
  as_of_ = now;
}

void DampScore::raise_to(Instant now, int points) {
  points_ = std::min(std::max(at(now), points), most);
  as_of_ = now;
}

Instant DampScore::falls_to(int points) const {
  std::int64_t sixteenths = 0;
  while (after(points_, sixteenths) > std::max(points, 0)) ++sixteenths;
  // Rounded up: at() rounds down.
  const Duration wait =
      (std::max<Duration>(half_life_, Millis(1)) * sixteenths + Duration(steps - 1)) / steps;
  return as_of_ + wait;
}

void FlapMemory::returned(Instant now, std::string_view name) {
  auto at = scores_.find(name);
  if (at == scores_.end()) {
    std::erase_if(scores_, [&](const auto& entry) { return entry.second.at(now) == 0; });
    if (scores_.size() >= names_max_) return;
    at = scores_.emplace(std::string(name), DampScore(half_life_)).first;
  }
  at->second.add(now, DampScore::penalty);
}

int FlapMemory::score(Instant now, std::string_view name) const {
  const auto at = scores_.find(name);
  return at == scores_.end() ? 0 : at->second.at(now);
}

int agreed_score(std::span<int> scores) {
  if (scores.empty()) return 0;
  std::ranges::sort(scores, std::greater());
  return scores[scores.size() == 1 ? 0 : 1];
}

bool may_damp(std::size_t members, std::size_t damped, std::size_t others_in_ring, int max_share_percent) {
  const std::size_t share = members * static_cast<std::size_t>(std::max(max_share_percent, 0)) / 100;
  const bool one_at_least = max_share_percent > 0;
  return others_in_ring >= 2 && damped < std::max<std::size_t>(share, one_at_least ? 1 : 0);
}

}  // namespace ringside::swim
