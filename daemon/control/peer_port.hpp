// The peer port: accepts, reads just enough to tell what a connection speaks, and hands it on with the bytes
// read. HTTP/2 announces itself with a fixed preface; everything else is taken for TChannel (an init frame is
// too short to start like TLS). A connection is held until the first byte that differs from the preface, or
// all of it; one that says nothing is closed. Control thread.
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

enum class PeerProtocol : std::uint8_t { undecided, http2, tchannel };
[[nodiscard]] PeerProtocol tell_protocol(std::string_view first_bytes) noexcept;

class PeerPort {
 public:
  struct Events {
    std::function<void(net::Socket, std::string first_bytes, std::string remote)> tchannel;
    std::function<void(int fd, std::string first_bytes, std::string remote)> http2;  // the receiver owns fd
  };
  // At most `undecided_max` connections wait to be told apart, each for at most `silence`.
  PeerPort(boost::asio::io_context&, const net::ListeningSocket&, std::size_t undecided_max, Duration silence,
           Events);
  ~PeerPort();  // closes what is still undecided; no callback comes after it
  PeerPort(const PeerPort&) = delete;
  PeerPort& operator=(const PeerPort&) = delete;

 private:
  struct State;
  std::shared_ptr<State> state_;
  net::Acceptor acceptor_;
};

}  // namespace ringside::control
