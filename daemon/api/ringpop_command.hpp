// What Ringpop's tools may tell a node to do over TChannel, beside the questions of ringpop_admin.hpp: the
// names of ringpop-go and ringpop-node, their bodies and answers. Pure functions; the control plane carries
// the commands out.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/api/ringpop_admin.hpp"

namespace ringside::api {

enum class RingpopCommand : std::uint8_t {
  gossip_start,
  gossip_stop,
  gossip_status,
  gossip_tick,
  member_join,
  member_leave,
  reap,
  heal,
  debug_set,
  debug_clear,
  damp_req,
  config_get,
  config_set,
  reload,
  trace_add,
  trace_remove,
};

// Deprecated names included. Nothing for an endpoint that is no command.
std::optional<RingpopCommand> ringpop_command(std::string_view endpoint);
// It does more than ask.
[[nodiscard]] bool changes_something(RingpopCommand) noexcept;

// Answers. ringpop-node's are bare words in places; these are always JSON, which both libraries' tools take.
[[nodiscard]] RingpopAnswer done(std::string_view status);  // {"status":"ok"}
[[nodiscard]] RingpopAnswer refused(std::string_view type, std::string_view message);
[[nodiscard]] RingpopAnswer ticked(std::uint32_t checksum);
[[nodiscard]] RingpopAnswer reaped(std::size_t members);
[[nodiscard]] RingpopAnswer healed(std::span<const std::string> targets, std::string_view error);
// The path in the body of /admin/reload; nothing when it has none.
[[nodiscard]] std::optional<std::string> reload_file(std::string_view body);
// ringpop-node's question how much others flap, as this node has counted it.
[[nodiscard]] RingpopAnswer damp_scores(std::string_view body, const View& view);

}  // namespace ringside::api
