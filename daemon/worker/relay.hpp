// All TChannel connections of one worker: clients and other ringsides that were accepted, the owners' and the
// app's that were dialled, and the tunnels of the control thread. Calls go between them (RelayCall).
//
// To each member there is a connection for each number of hops, opened when the first call needs it and
// closed when the member has left. To the app there are a few, the one in use in front.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "daemon/base/address.hpp"
#include "daemon/security/tls.hpp"
#include "daemon/worker/tchannel_session.hpp"
#include "daemon/worker/tunnel.hpp"

namespace ringside::worker {

class Relay {
 public:
  using OnIdle = std::function<void()>;
  Relay(Context&, Address app, OnIdle on_idle);  // on_idle: an accepted connection has gone
  ~Relay();

  void accept_client(net::Socket);
  void accept_peer(net::Socket, std::string_view first_bytes);
  void accept_peer(net::Stream&&);
  void take(net::TunnelNews);

  TchannelSession& to_peer(const std::string& address, int hop);
  TchannelSession& to_app();

  void move_app(Address);  // calls that are at the app end where they began
  void forget_absent();    // after a new view: closes connections without calls to who is no member any more
  void end_plain(const security::PeerSecurity&);  // of members, as far as they are not to be plain any more
  void drain();                                   // says goodbye to who was accepted
  [[nodiscard]] bool drained() const { return clients_ == 0 && peers_ == 0; }

 private:
  TchannelSession& add(TchannelSession::Side);
  void on_closed(TchannelSession&);
  void count(TchannelSession::Side, int change);

  Context& context_;
  Address app_;
  OnIdle on_idle_;
  std::unordered_map<TchannelSession*, std::unique_ptr<TchannelSession>> sessions_;
  std::map<std::pair<std::string, int>, TchannelSession*> to_peers_;  // take new calls
  std::vector<TchannelSession*> to_app_;
  std::map<std::uint64_t, std::unique_ptr<Tunnel>> tunnels_;  // by the control thread's number
  std::size_t clients_ = 0, peers_ = 0;
};

}  // namespace ringside::worker
