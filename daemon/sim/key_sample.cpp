// See key_sample.hpp.
#include "daemon/sim/key_sample.hpp"

#include <algorithm>
#include <string>

#include "daemon/ring/hash.hpp"

namespace ringside::sim {

KeySample::KeySample(std::size_t keys, std::uint32_t points) : points_(points) {
  for (std::size_t i = 0; i < keys; ++i)
    keys_.push_back({ring::fingerprint32("key-" + std::to_string(i)), {}});
}

void KeySample::add(const ring::Server& server) {
  const auto alone = ring::build({server}, points_, 1);
  const auto number = static_cast<std::uint32_t>(addresses_.size());
  addresses_.push_back(server.address);
  for (Key& key : keys_) {
    const Place place{alone->points()[alone->position(key.hash)].hash - key.hash, number};  // modulo 2^32
    const auto comes_before = [this](const Place& a, const Place& b) {
      return a.distance != b.distance ? a.distance < b.distance : addresses_[a.server] < addresses_[b.server];
    };
    key.servers.insert(std::ranges::upper_bound(key.servers, place, comes_before), place);
  }
}

}  // namespace ringside::sim
