// The peer port: accepts, reads just enough to tell what a connection is for, and hands it on with the bytes
// read. TLS is known by its first byte (an init frame is too short to start like it), HTTP/2 by a fixed
// preface; everything else is taken for TChannel. Where plain connections are not taken, nothing of them is
// looked at beyond the first byte; the peer is told why, as an error frame. TChannel comes from a Ringpop
// peer, for gossip, or from another ringside's worker, with calls that have been sent on: the init message
// says so. A connection is held until that is clear; one that says nothing is closed. Control thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/base/time.hpp"
#include "daemon/net/listener.hpp"

namespace ringside::control {

enum class PeerProtocol : std::uint8_t {
  undecided,
  tls,       // whatever is inside
  http2,     // forwarded requests
  tchannel,  // gossip
  calls,     // TChannel too: relayed calls
};
[[nodiscard]] PeerProtocol tell_protocol(std::string_view first_bytes);

class PeerPort {
 public:
  enum class TurnedAway : std::uint8_t {
    stranger,  // it comes from where nobody may
    too_many,
    silent,
    plain,  // and only TLS is spoken here
    tls,    // and there is none here
  };
  struct Events {
    std::function<bool(const std::string& remote)> allows{};  // may it connect at all; none: everybody may
    std::function<void(net::Socket, std::string first_bytes, std::string remote)> tchannel;
    // For the workers; the receiver owns fd.
    std::function<void(int fd, std::string first_bytes, std::string remote)> http2;
    std::function<void(int fd, std::string first_bytes)> calls{};
    std::function<void(int fd, std::string first_bytes, std::string remote)> tls{};  // for the workers too
    std::function<void(TurnedAway, const std::string& remote)> turned_away{};
  };
  // At most `undecided_max` connections wait to be told apart, each for at most `silence`; for one more the
  // oldest goes.
  PeerPort(boost::asio::io_context&, const net::ListeningSocket&, std::size_t undecided_max, Duration silence,
           Events);
  ~PeerPort();  // closes what is still undecided; no callback comes after it
  PeerPort(const PeerPort&) = delete;
  PeerPort& operator=(const PeerPort&) = delete;

  void take(bool plain, bool tls);  // at first: plain alone

 private:
  struct State;
  std::shared_ptr<State> state_;
  net::Acceptor acceptor_;
};

}  // namespace ringside::control
