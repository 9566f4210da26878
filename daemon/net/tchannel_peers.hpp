// All TChannel connections of this process: whom we call by address, and who called us.
//
// A call takes an open connection to the address if there is one, whoever dialled it (an accepted one is
// filed under the address its peer announced), else one that is being opened, else it dials. Several
// connections to one address are legal and happen when both sides dial at once. Lives in the thread of its
// io_context.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/base/faults.hpp"
#include "daemon/net/tchannel_link.hpp"
#include "daemon/net/tchannel_tunnel.hpp"

namespace ringside::net {

class TchannelPeers {
 public:
  struct Events {
    std::function<void(IncomingCall)> call;
    std::function<void(const TchannelIdentity&)> met;  // a handshake is over
    std::function<void(const std::string& peer, const std::string& what)> misbehaved;
    std::function<void(TunnelNews)> foreign{};  // calls for other services; without it every call is ours
    std::function<void()> turned_away{};        // an accepted connection, over the cap
    std::function<void(const std::string& address)> lost{};  // an open connection with who is there broke
    // The name of the member at that address; empty: nobody knows. With certificates who is there, or says
    // that it is, must have one for this name.
    std::function<std::string(const std::string& address)> name_of{};
  };
  // The cap holds for accepted and for dialled connections by themselves, so that a flood of callers does not
  // keep us from calling.
  TchannelPeers(boost::asio::io_context&, TchannelOptions, std::size_t connections_max, Events);
  ~TchannelPeers();  // as close()
  TchannelPeers(const TchannelPeers&) = delete;
  TchannelPeers& operator=(const TchannelPeers&) = delete;

  // `done` is called exactly once, never from inside call(); after close() not at all.
  void call(const std::string& address, tchannel::CallRequest, Instant deadline, CallDone done,
            Lane = Lane::gossip);
  // The same over TLS only, whatever else is dialled plain: for what nobody may read on the way.
  void call_secured(const std::string& address, tchannel::CallRequest, Instant deadline, CallDone done);
  // In the certificate of who is connected at that address; empty without one.
  [[nodiscard]] std::vector<std::string> peer_names(const std::string& address) const;
  // What happens to calls from now on, on purpose: lost, or later (base/faults.hpp). Null: nothing.
  void set_faults(FaultsPtr);
  // Opens a connection to the address if there is none: `met` then tells who is there.
  void meet(const std::string& address);
  // An accepted connection whose first bytes were read already (TchannelLink::adopt). Over the cap it is
  // closed.
  void adopt(Socket, const std::string& first_bytes, const std::string& remote,
             security::TlsSessionPtr tls = nullptr);
  // Of connections that are dialled from now on. Those that are plain and may not be so any longer take no
  // new calls, and end with the open ones.
  void set_security(security::PeerSecurity);
  void close();
  [[nodiscard]] std::size_t connections() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace ringside::net
