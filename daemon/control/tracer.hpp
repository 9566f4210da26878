// Tells those in the TraceStore of a new membership checksum: a log line, or a call that nobody waits for.
// Control thread.
#pragma once

#include <string>

#include "daemon/control/trace_store.hpp"
#include "daemon/net/tchannel_peers.hpp"

namespace ringside::control {

class Tracer {
 public:
  Tracer(net::TchannelPeers& peers, std::string self) : peers_(peers), self_(std::move(self)) {}

  [[nodiscard]] TraceStore& store() { return store_; }
  // With each new view; tells when its checksum is not the last one's.
  void on_view(WallTime now, const api::View&);

 private:
  void tell(const api::TraceSink&, const std::string& report);

  net::TchannelPeers& peers_;
  std::string self_;
  TraceStore store_;
  std::uint32_t checksum_ = 0;
};

}  // namespace ringside::control
