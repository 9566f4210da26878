// What the two sides of a TChannel connection say of themselves in their init messages, and what of it is
// accepted. Shared by the control thread's links and the workers' sessions. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "daemon/base/result.hpp"
#include "proto/tchannel/message.hpp"

namespace ringside::net {

// Said as host_port by who listens nowhere: no peer sends a call over such a connection that was not asked
// for.
inline constexpr std::string_view nowhere = "0.0.0.0:0";

// Of ourselves. `hop`: how often the calls on this connection have been sent on, itself included; 0: they
// have not. It is a property of the connection, since no field of a call is free for it
// (proto/spec/forwarding.md).
struct TchannelSelf {
  std::string host_port;     // our address as peers dial it, or `nowhere`
  std::string process_name;  // ringside[pid]
  std::string version;       // ours
  int hop = 0;
};
[[nodiscard]] tchannel::Init make_init(const TchannelSelf&);

// What the peer said of itself in its init message.
struct TchannelIdentity {
  std::string host_port;  // empty when it does not listen (0.0.0.0:0) or announced no ip:port
  std::string process_name;
  std::string language;
  std::string ringside_version;  // only a ringside announces one
  int hop = 0;
};
// The error is what to tell the peer before hanging up.
[[nodiscard]] Result<TchannelIdentity, std::string> judge_init(std::span<const std::uint8_t> payload);

// "bad value at byte 12"
[[nodiscard]] std::string text_of(const wire::WireError&);

// Whether the first bytes of a connection can still be TChannel: an init frame is short (and known to be too
// long from its first two bytes).
[[nodiscard]] bool init_too_large(std::string_view first_bytes) noexcept;
inline constexpr std::string_view init_too_large_text =
    "an init frame has at most 4096 bytes; is this TChannel?";

}  // namespace ringside::net
