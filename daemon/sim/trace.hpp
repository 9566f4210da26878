// A running hash over everything that happened. Two runs with the same seed must end with the same value,
// whichever compiler built them.
#pragma once

#include <cstdint>

namespace ringside::sim {

class Trace {
 public:
  template <class... Words>
  void add(Words... words) {
    (mix(static_cast<std::uint64_t>(words)), ...);
  }
  [[nodiscard]] std::uint64_t hash() const { return hash_; }

 private:
  void mix(std::uint64_t word) {  // the finisher of splitmix64
    std::uint64_t z = (hash_ ^ word) + 0x9e3779b97f4a7c15U;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    hash_ = z ^ (z >> 31);
  }
  std::uint64_t hash_ = 0;
};

}  // namespace ringside::sim
