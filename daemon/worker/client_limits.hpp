// How patient a worker is with its clients: what limits.hpp says, except in tests, which cannot wait that
// long.
#pragma once

#include <cstddef>

#include "daemon/base/limits.hpp"
#include "daemon/base/time.hpp"

namespace ringside::worker {

struct ClientLimits {
  Duration head_time = limits::head_time;
  Duration idle_time = limits::idle_time;
  Duration body_grace = limits::body_grace;
  std::size_t connections = limits::client_connections;
};

}  // namespace ringside::worker
