// The keys that are asked for most, in constant memory: Space-Saving (Metwally, Agrawal, El Abbadi: Efficient
// computation of frequent and top-k elements in data streams, 2005). Each slot counts one key; a key without
// a slot takes that of the least count and inherits the count, which is by how much it may be counted too
// often. A key with more than one in `slots` of the requests has a slot for certain.
//
// Now and then all counts are halved, so that yesterday's hot keys fade. Nothing is allocated after
// construction but for the copy that is handed out.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "daemon/base/limits.hpp"
#include "daemon/base/stable_sort.hpp"

namespace ringside::forward {

class HotKeys {
 public:
  static constexpr std::uint64_t halved_after = 65'536;  // counted keys

  struct Slot {
    std::uint64_t count = 0;  // at most so many; 0: the slot is free
    std::uint64_t error = 0;  // at least so many fewer
    std::uint32_t bytes = 0;  // of the whole key
    std::array<char, limits::hot_key_bytes> first{};
    [[nodiscard]] std::string_view shown() const noexcept {
      return {first.data(), std::min<std::size_t>(bytes, first.size())};
    }
  };

  HotKeys() : hashes_(limits::hot_keys), slots_(limits::hot_keys) {}

  // `hash`: of the whole key. Keys of one hash and length with one beginning are taken for one.
  void count(std::string_view key, std::uint64_t hash) {
    if (++counted_ >= halved_after) halve();
    for (std::size_t i = 0; i < hashes_.size(); ++i)
      if (hashes_[i] == hash && slots_[i].count > 0 && is(slots_[i], key)) {
        ++slots_[i].count;
        return;
      }
    const auto least = std::ranges::min_element(slots_, {}, &Slot::count);
    hashes_[static_cast<std::size_t>(least - slots_.begin())] = hash;
    least->error = least->count++;
    least->bytes = static_cast<std::uint32_t>(key.size());
    std::ranges::copy(key.substr(0, least->first.size()), least->first.begin());
  }

  // How many have been counted; halved with the counts.
  [[nodiscard]] std::uint64_t counted() const noexcept { return counted_; }
  // Those in use, most asked for first.
  [[nodiscard]] std::vector<Slot> sorted() const {
    std::vector<Slot> used;
    for (const Slot& slot : slots_)
      if (slot.count > 0) used.push_back(slot);
    stable_sort(used, [](const Slot& a, const Slot& b) { return a.count > b.count; });
    return used;
  }

 private:
  static bool is(const Slot& slot, std::string_view key) noexcept {
    return slot.bytes == key.size() && slot.shown() == key.substr(0, slot.first.size());
  }

  void halve() {
    counted_ /= 2;
    for (Slot& slot : slots_) {
      slot.count /= 2;
      slot.error /= 2;
    }
  }

  std::vector<std::uint64_t> hashes_;  // apart from the rest: a search reads these alone
  std::vector<Slot> slots_;
  std::uint64_t counted_ = 0;
};

}  // namespace ringside::forward
