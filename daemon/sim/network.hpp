// The links between the simulated hosts, as calls over TCP see them: a message arrives after a delay, or
// never (loss that TCP could not hide, a cut link), and then its caller times out. Cuts are one-way. What
// else can befall a message is drawn for each: a longer way (and so another order), a second arrival, a
// connection that breaks under it, a firewall that refuses it.
#pragma once

#include <algorithm>
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

  // In 1,000 messages each.
  void set_loss_per_mille(std::uint32_t loss) { loss_per_mille_ = loss; }
  void set_resets_per_mille(std::uint32_t resets) { resets_per_mille_ = resets; }
  void set_duplicates_per_mille(std::uint32_t duplicates) { duplicates_per_mille_ = duplicates; }
  void set_late_per_mille(std::uint32_t late) { late_per_mille_ = late; }
  void set_delay(Duration delay) { delay_ = delay; }  // of every message, besides
  void cut(HostId from, HostId to) { cuts_.emplace(from, to); }
  void mend(HostId from, HostId to) { cuts_.erase({from, to}); }
  void mend_all() {
    cuts_.clear();
    refusals_.clear();
  }
  // A firewall between two hosts that answers in the other's place: connections are refused, both ways.
  void refuse(HostId some, HostId other) {
    refusals_.insert(std::minmax(some, other));
    has_refused_ = true;
  }
  void accept(HostId some, HostId other) { refusals_.erase(std::minmax(some, other)); }
  [[nodiscard]] bool refuses(HostId from, HostId to) const {
    return refusals_.contains(std::minmax(from, to));
  }
  [[nodiscard]] bool has_refused() const { return has_refused_; }  // at any time

  // How long one message takes; nothing when it never arrives.
  std::optional<Duration> pass(HostId from, HostId to) {
    Duration delay = delay_ + std::chrono::microseconds(delays_us[rng_.below(delays_us.size())]);
    if (draw(late_per_mille_)) delay += Millis(static_cast<std::int64_t>(rng_.below(late_max_ms)));
    const bool lost = draw(loss_per_mille_);
    if (lost || cuts_.contains({from, to})) return std::nullopt;
    return delay;
  }
  bool breaks() { return draw(resets_per_mille_); }
  bool doubles() { return draw(duplicates_per_mille_); }

 private:
  bool draw(std::uint32_t per_mille) { return per_mille > 0 && rng_.chance(per_mille, 1000); }

  static constexpr std::uint64_t late_max_ms = 2000;
  // Log-normal quantiles around a median of 0.4 ms (sigma 0.8): integers, since floats differ between
  // compilers.
  static constexpr std::array<std::uint32_t, 32> delays_us{
      71,  105, 129, 150, 169, 188, 206, 224, 242, 261, 280, 300, 320,  342,  364,  388,
      413, 440, 468, 500, 534, 571, 613, 660, 714, 777, 853, 947, 1070, 1244, 1529, 2241};
  Rng rng_;
  std::uint32_t loss_per_mille_ = 0, resets_per_mille_ = 0, duplicates_per_mille_ = 0, late_per_mille_ = 0;
  Duration delay_{};
  std::set<std::pair<HostId, HostId>> cuts_, refusals_;
  bool has_refused_ = false;
};

}  // namespace ringside::sim
