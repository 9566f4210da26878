// What GET /v1/stats shows: for whom requests were, and which keys are hot. Each worker counts for itself;
// asked, they are added up.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace ringside::api {

struct HotKey {
  std::string key;          // its first bytes, at most limits::hot_key_bytes
  std::uint64_t bytes = 0;  // of the whole key
  std::uint64_t count = 0;  // at most so many of the requests looked at had it,
  std::uint64_t error = 0;  // and at least so many fewer
};
struct Stats {
  std::map<std::string, std::uint64_t> owners;  // by address: requests given to its app or its ringside
  std::vector<HotKey> hot_keys;                 // in no order
  std::uint64_t counted = 0;                    // requests looked at for them
};

// Adds one worker's to those of others.
void add(Stats& sum, const Stats& one);

}  // namespace ringside::api
