// Where peers' TLS connections come in: the control thread has seen the first byte and handed them over; here
// the handshake runs, and what both sides have agreed on inside says who gets the connection: this worker's
// links, its relay, or the control thread again, for gossip. A worker, so that a flood of handshakes delays
// no ping.
//
// Bounded: of more than limits::tls_handshakes at once the oldest goes, and each has
// limits::tls_handshake_time. A peer that is refused gets one line in the log, at most one each second.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/net/stream.hpp"
#include "daemon/worker/context.hpp"

namespace ringside::worker {

class TlsDoor {
 public:
  struct Exits {
    std::function<void(net::Stream&&)> http2;
    std::function<void(net::Stream&&)> calls;
    std::function<void(net::Stream::Released, std::string remote)> gossip;
  };
  TlsDoor(Context&, Exits);
  ~TlsDoor();

  // `first_bytes` were read from the socket. Without TLS on our side it is closed.
  void enter(net::Socket, std::string_view first_bytes, std::string remote);
  void close_all();

 private:
  class Visitor;
  void leave(Visitor&);
  void let_in(Visitor&);
  void refuse(Visitor&, boost::system::error_code);

  Context& context_;
  Exits exits_;
  std::map<std::uint64_t, std::unique_ptr<Visitor>> visitors_;  // the oldest first
  std::uint64_t next_ = 0;
  Instant complained_{};
};

}  // namespace ringside::worker
