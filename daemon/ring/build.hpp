// The rules by which every node places a server's points. Inside ring/ only.
#pragma once

#include <cstdint>
#include <vector>

#include "daemon/ring/snapshot.hpp"

namespace ringside::ring {

// The first `count` points of a server, in no order.
void append_points(const Server&, MemberId id, std::uint32_t count, std::vector<Point>&);

// The order of points on a ring whose ids follow the order of addresses: hash, then address.
[[nodiscard]] bool comes_before(const Point&, const Point&) noexcept;

}  // namespace ringside::ring
