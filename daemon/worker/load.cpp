#include "daemon/worker/load.hpp"

#include "daemon/base/limits.hpp"
#include "daemon/ring/hash.hpp"

namespace ringside::worker {

void Load::count(std::string_view address, std::string_view key) {
  const auto owner = owners.find(address);
  if (owner != owners.end())
    ++owner->second;
  else
    owners.emplace(address, std::uint64_t{1});
  if (!key.empty() && rng.below(limits::hot_key_sample) == 0) keys.count(key, ring::fingerprint32(key));
}

// Members that are gone are counted until there are too many of them.
void Load::forget_absent(const api::View& view) {
  if (owners.size() <= limits::members) return;
  boost::unordered::erase_if(
      owners, [&](const auto& entry) { return api::kind_of(view, entry.first) == PeerKind::unknown; });
}

api::Stats Load::stats() const {
  api::Stats stats;
  for (const auto& [address, requests] : owners) stats.owners.emplace(address, requests);
  for (const auto& slot : keys.sorted())
    stats.hot_keys.push_back({std::string(slot.shown()), slot.bytes, slot.count, slot.error});
  stats.counted = keys.counted();
  return stats;
}

}  // namespace ringside::worker
