// How many repeats of requests that may have run are allowed: a share of the requests of the last ten
// seconds. An app in trouble loses many requests at once; repeating all of them would double its load at the
// worst moment. The first few are always allowed, so that a quiet daemon may repeat too. A worker has one of
// these.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "daemon/base/time.hpp"

namespace ringside::forward {

class RetryBudget {
 public:
  static constexpr std::uint64_t always = 10;  // repeats in any ten seconds

  explicit RetryBudget(int percent) : percent_(static_cast<std::uint64_t>(percent)) {}

  void count_request(Instant now) noexcept {
    move_on(now);
    ++slices_[place(second_)].requests;
    ++requests_;
  }

  // Takes one repeat out of the budget; false: none is left.
  [[nodiscard]] bool take(Instant now) noexcept {
    move_on(now);
    if (repeats_ >= std::max(always, requests_ * percent_ / 100)) return false;
    ++slices_[place(second_)].repeats;
    ++repeats_;
    return true;
  }

 private:
  static constexpr std::int64_t window = 10;  // slices of a second; the newest one has just begun

  struct Slice {
    std::uint64_t requests = 0, repeats = 0;
  };

  static std::size_t place(std::int64_t second) noexcept { return static_cast<std::size_t>(second % window); }

  // Forgets what has left the window.
  void move_on(Instant now) noexcept {
    const auto second = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    if (second <= second_) return;
    for (auto gone = std::max(second_ + 1, second - window + 1); gone <= second; ++gone) {
      Slice& slice = slices_[place(gone)];
      requests_ -= slice.requests;
      repeats_ -= slice.repeats;
      slice = {};
    }
    second_ = second;
  }

  std::uint64_t percent_;
  std::array<Slice, window> slices_{};
  std::int64_t second_ = 0;                   // of the newest slice
  std::uint64_t requests_ = 0, repeats_ = 0;  // of all slices
};

}  // namespace ringside::forward
