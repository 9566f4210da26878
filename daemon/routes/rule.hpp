// One entry of `routes` as the operator wrote it; Table checks and compiles it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/time.hpp"

namespace ringside::routes {

// What becomes of a request that the route matches and that has no key.
enum class Missing : std::uint8_t {
  reject,  // 400 missing_key
  local,   // this node's own app
  random,  // any node's app
};

inline constexpr std::array<std::string_view, 3> missing_words{"reject", "local", "random"};

struct Rule {
  std::string match;                   // path template
  std::vector<std::string> methods{};  // empty: any
  std::string key{};                   // key template; empty: no request of this route has a key
  Missing missing = Missing::reject;
  std::optional<Millis> timeout{};   // instead of forward.timeout; 0: no limit
  std::optional<int> retry{};        // instead of forward.retry.max
  std::optional<int> concurrency{};  // requests under way that came to this node
  bool upgrade = false;              // connections may become tunnels for another protocol
  friend bool operator==(const Rule&, const Rule&) = default;
};

using Rules = std::vector<Rule>;

}  // namespace ringside::routes
