// The links between the simulated hosts, as calls over TCP see them: a message arrives after a delay, or
// never (loss that TCP could not hide, a cut link), and then its caller times out. Cuts are one-way.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <utility>

#include "daemon/base/ids.hpp"
#include "daemon/base/rng.hpp"
#include "daemon/base/time.hpp"

namespace ringside::sim {

using HostId = Id<struct HostTag, std::uint32_t>;

class Network {
 public:
  explicit Network(Rng rng) : rng_(rng) {}

  void set_loss_per_mille(std::uint32_t loss) { loss_per_mille_ = loss; }
  void cut(HostId from, HostId to) { cuts_.emplace(from, to); }
  void mend(HostId from, HostId to) { cuts_.erase({from, to}); }
  void mend_all() { cuts_.clear(); }

  // How long one message takes; nothing when it never arrives.
  std::optional<Duration> pass(HostId from, HostId to) {
    const Duration delay = std::chrono::microseconds(delays_us[rng_.below(delays_us.size())]);
    const bool lost = loss_per_mille_ > 0 && rng_.chance(loss_per_mille_, 1000);
    if (lost || cuts_.contains({from, to})) return std::nullopt;
    return delay;
  }

 private:
  // Log-normal quantiles around a median of 0.4 ms (sigma 0.8): integers, since floats differ between
  // compilers.
  static constexpr std::array<std::uint32_t, 32> delays_us{
      71,  105, 129, 150, 169, 188, 206, 224, 242, 261, 280, 300, 320,  342,  364,  388,
      413, 440, 468, 500, 534, 571, 613, 660, 714, 777, 853, 947, 1070, 1244, 1529, 2241};
  Rng rng_;
  std::uint32_t loss_per_mille_ = 0;
  std::set<std::pair<HostId, HostId>> cuts_;
};

}  // namespace ringside::sim
