// What a Call keeps of a request whose connection has been switched to another protocol: a tunnel between the
// asker and the app it was opened at, where it stays. Each direction ends on its own.
//
// A WebSocket can be closed with a clear reason: a Close frame fits between two frames, which are followed
// for that alone. Any other protocol can only be cut.
#pragma once

#include <cstddef>
#include <cstdint>

#include "daemon/base/time.hpp"
#include "proto/websocket/frames.hpp"

namespace ringside::worker {

enum class UpgradeEnd : std::uint8_t { moved, draining };

struct Upgrade {
  struct Way {
    websocket::FrameTracker frames;  // if it is a WebSocket
    bool ended = false;              // we have said that nothing more comes
  };
  Way to_app, to_asker;
  bool is_websocket = false;
  bool app_ended = false;  // the app has said so
  bool closing = false;    // by us
  Instant hang_up_at{};    // with `closing`
  UpgradeEnd why{};        // with `closing`
  std::size_t place = 0;   // in Context::upgraded
};

}  // namespace ringside::worker
