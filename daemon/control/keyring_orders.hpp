// The cluster's keys, changed on all members from one of them: asks every member what it has, refuses what
// would part them (api/keyring.hpp), tells every member, and answers with what came of each. The other half
// answers the members that ask this one. Both speak over TLS only, so with who knows a key already, as calls
// of the service `ringside` beside gossip. Control thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/api/keyring.hpp"
#include "daemon/api/view.hpp"
#include "daemon/base/result.hpp"
#include "daemon/control/peer_kinds.hpp"
#include "daemon/net/tchannel_peers.hpp"

namespace ringside::control {

class KeyringOrders {
 public:
  using Answer = std::function<void(api::Response)>;
  using Own = std::function<Result<std::vector<std::string>, std::string>(const api::KeyringVerb&)>;
  struct Host {
    net::TchannelPeers& peers;
    const PeerKinds& kinds;
    std::function<api::ViewPtr()> view;  // of this moment
    Own own;                             // this member's keys (control_plane.hpp, Hooks::keyring)
  };
  explicit KeyringOrders(Host host) : host_(std::move(host)) {}

  // One change at a time on this member; a list always.
  void run(const api::KeyringVerb&, Answer);
  // A call of another member to api::keyring_endpoint.
  void receive(const net::IncomingCall&) const;

 private:
  struct Round;
  using Rows = std::vector<api::MemberKeys>;
  using Done = std::function<void(Rows)>;
  void change(const api::KeyringVerb&, const Answer&);
  void ask_all(const api::KeyringVerb&, Done);
  void ask_next(const std::shared_ptr<Round>&);
  static void take(api::MemberKeys&, const net::CallResult&);
  static void finish(Round&);

  Host host_;
  bool changing_ = false;
};

}  // namespace ringside::control
