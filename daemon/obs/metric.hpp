// Counters, gauges and histograms with one writer each: a worker owns its set, anyone may read. A write is a
// relaxed load and store (no locked instruction); a scrape sums the sets. Names and help texts are in
// catalog.hpp only.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>

namespace ringside::obs {

class Counter {
 public:
  void add(std::uint64_t n = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class Gauge {
 public:
  void set(std::int64_t v) noexcept { value_.store(v, std::memory_order_relaxed); }
  void add(std::int64_t n) noexcept { set(value() + n); }
  [[nodiscard]] std::int64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

// Durations in microseconds, in powers of two from 16 us to about 67 s, plus overflow.
class Histogram {
 public:
  static constexpr int first_bit = 4;
  static constexpr std::size_t buckets = 24;

  void observe_us(std::uint64_t us) noexcept {
    const int bits = static_cast<int>(
        std::bit_width(us == 0 ? 0 : us - 1));  // upper bounds are inclusive: le="0.000016" holds 16 us
    const std::size_t i = bits <= first_bit ? 0 : static_cast<std::size_t>(bits - first_bit);
    counts_[i < buckets ? i : buckets - 1].add();
    sum_us_.add(us);
  }
  [[nodiscard]] std::uint64_t count(std::size_t bucket) const noexcept { return counts_[bucket].value(); }
  [[nodiscard]] std::uint64_t sum_us() const noexcept { return sum_us_.value(); }
  // Inclusive upper bound of a bucket in microseconds; the last bucket has none (+Inf).
  static constexpr std::uint64_t bound_us(std::size_t bucket) noexcept {
    return std::uint64_t{1} << (bucket + first_bit);
  }

 private:
  std::array<Counter, buckets> counts_;
  Counter sum_us_;
};

}  // namespace ringside::obs
