// For whom this worker's requests are: how many each owner got, and which keys are asked for most. One
// worker's; GET /v1/stats adds up all. On the way of every request, so it allocates only for an owner that it
// has not met yet.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "daemon/api/stats.hpp"
#include "daemon/api/view.hpp"
#include "daemon/base/rng.hpp"
#include "daemon/base/text_hash.hpp"
#include "daemon/forward/hot_keys.hpp"

namespace ringside::worker {

struct Load {
  explicit Load(std::uint64_t seed) : rng(seed) {}

  // A try at the app or the ringside of the member at `address`. The key is empty when there is none. Which
  // keys are looked at is by chance: one in so many would always miss what comes in turns.
  void count(std::string_view address, std::string_view key);
  void forget_absent(const api::View&);
  [[nodiscard]] api::Stats stats() const;

  boost::unordered_flat_map<std::string, std::uint64_t, TextHash, std::equal_to<>> owners;
  forward::HotKeys keys;
  Rng rng;
};

}  // namespace ringside::worker
