// The endpoints besides gossip that Ringpop's tools and peers ask for over TChannel: /health, /admin/lookup
// and /admin/stats, in the shapes of ringpop-go. A pure function of what the node shows; the control plane
// calls it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/api/view.hpp"
#include "daemon/base/time.hpp"

namespace ringside::api {

struct RingpopStats {
  std::vector<MemberView>
      members;  // with all labels, internal ones too: tools compute the checksum from them
  std::uint32_t checksum = 0;
  Millis period{};
  std::vector<Duration> period_times;  // of the last protocol periods
  std::uint64_t calls_sent = 0;        // pings and ping-reqs since the start
  std::uint64_t calls_received = 0;    // joins, pings and ping-reqs
  std::uint64_t rss_bytes = 0, heap_bytes = 0, heap_used_bytes = 0;
  WallTime now;
};

struct RingpopAnswer {
  bool ok = true;  // false: an application error
  std::string body;
};

// Nothing for an endpoint that is not served here. `stats` is asked for /admin/stats only: it looks at every
// member and at the heap.
std::optional<RingpopAnswer> answer_ringpop_admin(std::string_view endpoint, std::string_view body,
                                                  const View&, const std::function<RingpopStats()>& stats);

}  // namespace ringside::api
