// What somebody may do over the API. Each role includes those before it.
#pragma once

#include <cstdint>

namespace ringside {

enum class Role : std::uint8_t {
  none,
  read,  // health, the ring, members, metrics
  app,   // besides: requests for the apps, lookups of many keys
  ops,   // besides: all that changes this node or the cluster
};

}  // namespace ringside
