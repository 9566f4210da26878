// The only source of randomness in the cores: xoshiro256** seeded by splitmix64 (Blackman and Vigna, 2018),
// so that one seed gives the same bits on every compiler and library. std::shuffle and
// std::uniform_int_distribution do not.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <utility>

namespace ringside {

class Rng {
 public:
  explicit constexpr Rng(std::uint64_t seed) noexcept {
    for (auto& word : state_) {
      seed += 0x9e3779b97f4a7c15U;
      std::uint64_t z = seed;
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
      z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
      word = z ^ (z >> 31);
    }
  }

  constexpr std::uint64_t next() noexcept {
    const std::uint64_t result = rotate(state_[1] * 5, 7) * 9;
    const std::uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = rotate(state_[3], 45);
    return result;
  }

  // Uniform in [0, bound). bound must not be 0. Rejection keeps it exact.
  constexpr std::uint64_t below(std::uint64_t bound) noexcept {
    const std::uint64_t limit = -bound % bound;
    for (;;) {
      const std::uint64_t x = next();
      if (x >= limit) return x % bound;
    }
  }

  // True with probability parts / whole.
  constexpr bool chance(std::uint64_t parts, std::uint64_t whole) noexcept { return below(whole) < parts; }

  template <class T>
  constexpr void shuffle(std::span<T> items) noexcept {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

  // An independent generator, for a part that must not disturb the draws of another.
  constexpr Rng fork() noexcept { return Rng(next()); }

 private:
  static constexpr std::uint64_t rotate(std::uint64_t x, int k) noexcept {
    return (x << k) | (x >> (64 - k));
  }
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace ringside
