// Who owns each of some keys in the view of one node after the other. A ring for each view would cost
// milliseconds, and while members come and go all views differ; but a key's owner is whoever of its view has
// the nearest point behind it, and in what order servers come for a key is the same for all. So each key
// keeps all servers that ever were in that order, and a view is asked for the first of them that it knows.
//
// The answer is that of ring::Snapshot::owner(), as long as no two servers share a name. Single-threaded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "daemon/ring/snapshot.hpp"

namespace ringside::sim {

class KeySample {
 public:
  KeySample(std::size_t keys, std::uint32_t points);

  // A server that some view may know, from now on; its number is the count of those before it.
  void add(const ring::Server&);
  [[nodiscard]] std::size_t keys() const { return keys_.size(); }
  // The first server of the key for which `is_in(number)` holds.
  template <class IsIn>
  [[nodiscard]] std::optional<std::size_t> owner(std::size_t key, const IsIn& is_in) const {
    for (const Place& place : keys_[key].servers)
      if (is_in(place.server)) return place.server;
    return std::nullopt;
  }

 private:
  struct Place {
    std::uint32_t distance;  // from the key to the server's next point
    std::uint32_t server;
  };
  struct Key {
    std::uint32_t hash;
    std::vector<Place> servers;  // the nearest first
  };
  std::vector<Key> keys_;
  std::uint32_t points_;
  std::vector<std::string> addresses_;  // by number: of two at one hash the lower address owns it
};

}  // namespace ringside::sim
