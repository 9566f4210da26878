// Who of the members stands in the ring: alive or suspect (spec F.6) and not unverified, and of several that
// use one name the one with the highest incarnation. So a member that comes back under its name at another
// address takes its place on every node that hears of it, at once and without moving a key. Who hears in one
// message that the old address is dead and a new one alive has still to reach the new one: until then the old
// one holds the place. Control thread only.
#pragma once

#include <span>
#include <vector>

#include "daemon/ring/snapshot.hpp"
#include "daemon/swim/node.hpp"

namespace ringside::swim {

[[nodiscard]] std::vector<ring::Server> ring_servers(std::span<const MemberRow> members);

}  // namespace ringside::swim
