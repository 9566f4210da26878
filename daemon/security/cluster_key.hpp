// The cluster key: 32 random bytes that all members have and nobody else. A file holds up to
// limits::cluster_keys of them, one a line as 64 hex digits: the first one is used to dial, all of them are
// accepted. So a key is changed without a stop: add the new one below, put it first, remove the old one, each
// step on all members. Pure but for new_key_text().
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.hpp"

namespace ringside::security {

struct ClusterKey {
  std::array<unsigned char, 32> bytes{};
  std::string
      id;  // the first 8 hex digits of the SHA-256 of the bytes: names the key where it must not be shown
};
using ClusterKeys = std::vector<ClusterKey>;  // the first one is used to dial

// Empty lines and lines that start with # are passed over. The error is one sentence that repeats nothing of
// what may be a key.
[[nodiscard]] Result<ClusterKeys, std::string> parse_cluster_keys(std::string_view text);

// A fresh key as a line of such a file, from the system's random generator.
[[nodiscard]] std::string new_key_text();

}  // namespace ringside::security
