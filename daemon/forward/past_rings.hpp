// The rings of the last ten seconds, for one question: was this key ours a moment ago? While a change is on
// its way, the members disagree about an owner; a request that has run out of hops is then served by the last
// one on its way that owned the key lately, instead of by nobody. A value; a worker has one of these.
#pragma once

#include <deque>
#include <string_view>

#include "daemon/base/limits.hpp"
#include "daemon/base/time.hpp"
#include "daemon/ring/snapshot.hpp"

namespace ringside::forward {

class PastRings {
 public:
  // This ring counts no more from now on. Of too many (limits::past_rings) the oldest is forgotten.
  void note(Instant now, ring::SnapshotPtr replaced) {
    while (!rings_.empty() && (rings_.front().until <= now || rings_.size() >= limits::past_rings))
      rings_.pop_front();
    rings_.push_back({std::move(replaced), now + limits::owned_lately});
  }
  // Who has no app to serve with owned nothing.
  void forget() { rings_.clear(); }

  [[nodiscard]] bool owned(Instant now, std::string_view key, std::string_view address) const {
    for (const Past& past : rings_) {
      if (past.until <= now) continue;
      const auto id = past.ring->owner(key);
      if (id && past.ring->server(*id).address == address) return true;
    }
    return false;
  }

 private:
  struct Past {
    ring::SnapshotPtr ring;
    Instant until;
  };
  std::deque<Past> rings_;  // the oldest first
};

}  // namespace ringside::forward
