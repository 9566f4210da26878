// Which kind of peer answers at which member's address, and of which version a ringside is, as the peers say
// themselves in the init messages of their TChannel connections. The last word counts: a host that moves from
// Ringpop to ringside keeps its address. A peer is often met before gossip names it, so others than members
// are kept too, until the table is full. Control thread.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/peer_kind.hpp"
#include "daemon/net/tchannel_link.hpp"

namespace ringside::control {

[[nodiscard]] PeerKind kind_of(const net::TchannelIdentity&) noexcept;

class PeerKinds {
 public:
  // True when this is news.
  bool learn(const net::TchannelIdentity&);
  [[nodiscard]] PeerKind of(std::string_view address) const;
  [[nodiscard]] std::string version_of(std::string_view address) const;  // empty: not met, or no ringside
  // Whether there are Ringpop nodes among those met: only then the kind of the others is worth asking for.
  [[nodiscard]] bool any_ringpop() const;
  // Some members that nobody has introduced yet, each named only once.
  std::vector<std::string> strangers(const std::vector<std::string>& members, std::size_t max);
  [[nodiscard]] bool full() const;
  void keep_only(const std::vector<std::string>& members);  // sorted

 private:
  struct Peer {
    PeerKind kind = PeerKind::unknown;
    std::string version;  // of its ringside
    friend bool operator==(const Peer&, const Peer&) = default;
  };
  std::map<std::string, Peer, std::less<>> kinds_;
  std::set<std::string> named_;
};

}  // namespace ringside::control
