// How many members one peer may make known to us by gossip: so many a minute. A peer that has gone mad, or
// means harm, cannot fill the list with members that do not exist; a real one is told of by many. Lists
// (joins, full syncs) do not count, they are bounded by the number of members. Control thread only.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <map>
#include <string>
#include <string_view>

#include "daemon/base/limits.hpp"
#include "daemon/base/time.hpp"

namespace ringside::swim {

class NewcomerQuota {
 public:
  explicit NewcomerQuota(int per_minute) : per_minute_(static_cast<std::size_t>(std::max(per_minute, 0))) {}

  // How many more it may bring now.
  [[nodiscard]] std::size_t left(Instant now, std::string_view teller) const {
    if (per_minute_ == 0) return std::numeric_limits<std::size_t>::max();
    const auto at = minutes_.find(teller);
    if (at == minutes_.end() || over(at->second, now))
      return at == minutes_.end() && full(now) ? 0 : per_minute_;
    return per_minute_ - std::min(at->second.taken, per_minute_);
  }
  void take(Instant now, std::string_view teller, std::size_t newcomers) {
    if (per_minute_ == 0 || newcomers == 0) return;
    std::erase_if(minutes_, [&](const auto& entry) { return over(entry.second, now); });
    const auto at = minutes_.try_emplace(std::string(teller), Minute{now, 0}).first;
    at->second.taken += newcomers;
  }

 private:
  struct Minute {
    Instant began;
    std::size_t taken;
  };
  [[nodiscard]] static bool over(const Minute& minute, Instant now) {
    return now - minute.began >= std::chrono::minutes(1);
  }
  // Tellers can be made up too.
  [[nodiscard]] bool full(Instant now) const {
    return minutes_.size() >= limits::gossip_sources &&
           std::ranges::none_of(minutes_, [&](const auto& entry) { return over(entry.second, now); });
  }

  std::size_t per_minute_;
  std::map<std::string, Minute, std::less<>> minutes_;
};

}  // namespace ringside::swim
