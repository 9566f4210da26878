// What runs at a member's address. Learned from how the peer introduces itself when a TChannel connection
// opens (control/peer_kinds); it decides how a request for that member's app travels
// (proto/spec/forwarding.md).
#pragma once

#include <cstdint>
#include <string_view>

namespace ringside {

enum class PeerKind : std::uint8_t {
  unknown,  // not met yet, or it says nothing we know: treated as a ringside
  ringside,
  ringpop_go,
  ringpop_node,
};

[[nodiscard]] constexpr bool is_ringpop(PeerKind kind) noexcept {
  return kind == PeerKind::ringpop_go || kind == PeerKind::ringpop_node;
}

[[nodiscard]] constexpr std::string_view to_string(PeerKind kind) noexcept {
  switch (kind) {
    case PeerKind::unknown: return "unknown";
    case PeerKind::ringside: return "ringside";
    case PeerKind::ringpop_go: return "ringpop-go";
    case PeerKind::ringpop_node: return "ringpop-node";
  }
  return "unknown";
}

}  // namespace ringside
