// Listening sockets and the loop that accepts on them.
//
// A socket is opened once per address, without SO_REUSEPORT across processes: a second daemon on the same
// port is an error that says so, not a silent thief of half the connections. Each worker then accepts on its
// own duplicate of the descriptor; the kernel wakes them all and one gets the connection.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "daemon/base/address.hpp"
#include "daemon/base/result.hpp"

namespace ringside::net {

// TCP or unix alike. The executor is named, not type-erased: this is the hot path.
using Socket = boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol,
                                                boost::asio::io_context::executor_type>;

// What every TCP connection of ours gets: no delay for small writes, and keepalive, so that a side that lost
// power is noticed after half a minute even where nobody writes. Without effect on unix sockets.
void tune(Socket&);

// An owned listening descriptor. A unix socket's file is removed again when the owner goes.
class ListeningSocket {
 public:
  // Binds and listens. `option` is the configuration path that named the address (for the error, which is one
  // sentence with cause and remedy). Port 0 picks a free port. A left-over socket file that nobody listens on
  // is replaced; unix sockets get mode 0660.
  static Result<ListeningSocket, std::string> open(const Address&, std::string_view option);
  ~ListeningSocket();
  ListeningSocket(ListeningSocket&&) noexcept;
  ListeningSocket& operator=(ListeningSocket&&) noexcept;

  [[nodiscard]] const Address& address() const { return address_; }  // with the real port
  [[nodiscard]] int duplicate() const;                               // a new descriptor for one acceptor

 private:
  ListeningSocket(int fd, Address address) : fd_(fd), address_(std::move(address)) {}
  int fd_ = -1;
  Address address_;
};

// Accepts on one duplicate, in the thread of its io_context. Out of descriptors: pauses for 100 ms instead of
// spinning.
class Acceptor {
 public:
  using OnAccept = std::function<void(Socket, std::string remote)>;
  Acceptor(boost::asio::io_context&, const ListeningSocket&, OnAccept);
  ~Acceptor();  // stops; no callback comes after it
  // Before it stops: those who have connected already are let in, and not reset when the socket closes.
  void take_waiting();
  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace ringside::net
