// What the control thread and a worker tell each other about a connection of the control thread whose app
// calls the worker relays (tchannel_link_foreign.cpp). Values, posted.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace ringside::net {

struct TunnelNews {              // from the control thread
  std::uint64_t connection = 0;  // a number that is never used again
  std::string frames{};          // whole ones, of foreign calls
  std::size_t written = 0;       // bytes of the worker's frames that the peer has been given
  bool closed = false;           // the connection is gone, nothing comes after this
  // To answer with frames, and to say how many bytes of ours are not held any more. From any thread.
  std::function<void(std::string frames, std::size_t taken)> answer{};
};

}  // namespace ringside::net
