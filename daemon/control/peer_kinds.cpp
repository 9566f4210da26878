#include "daemon/control/peer_kinds.hpp"

#include <algorithm>

#include "daemon/base/limits.hpp"

namespace ringside::control {
PeerKind kind_of(const net::TchannelIdentity& peer) noexcept {
  if (!peer.ringside_version.empty()) return PeerKind::ringside;
  if (peer.language == "go") return PeerKind::ringpop_go;
  if (peer.language == "node") return PeerKind::ringpop_node;
  return PeerKind::unknown;
}

bool PeerKinds::learn(const net::TchannelIdentity& peer) {
  if (peer.host_port.empty()) return false;  // nobody that could be a member
  const auto known = kinds_.find(peer.host_port);
  if (known == kinds_.end() && full()) return false;
  const Peer met{kind_of(peer), peer.ringside_version.substr(0, limits::version_bytes)};
  const bool news = known == kinds_.end() || known->second != met;
  kinds_.insert_or_assign(peer.host_port, met);
  return news;
}

PeerKind PeerKinds::of(std::string_view address) const {
  const auto known = kinds_.find(address);
  return known == kinds_.end() ? PeerKind::unknown : known->second.kind;
}

std::string PeerKinds::version_of(std::string_view address) const {
  const auto known = kinds_.find(address);
  return known == kinds_.end() ? "" : known->second.version;
}

bool PeerKinds::any_ringpop() const {
  return std::ranges::any_of(kinds_, [](const auto& entry) { return is_ringpop(entry.second.kind); });
}

std::vector<std::string> PeerKinds::strangers(const std::vector<std::string>& members, std::size_t max) {
  std::vector<std::string> out;
  for (const auto& address : members) {
    if (out.size() >= max) break;
    if (!kinds_.contains(address) && named_.insert(address).second) out.push_back(address);
  }
  return out;
}

bool PeerKinds::full() const {
  return std::max(kinds_.size(), named_.size()) >= limits::peer_kinds;
}

void PeerKinds::keep_only(const std::vector<std::string>& members) {
  const auto gone = [&](const std::string& address) { return !std::ranges::binary_search(members, address); };
  std::erase_if(kinds_, [&](const auto& entry) { return gone(entry.first); });
  std::erase_if(named_, gone);
}

}  // namespace ringside::control
