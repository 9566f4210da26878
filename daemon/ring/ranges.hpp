// The hash space as the members share it: which hashes a server owns, how two such shares differ, and what
// would move if others were in the ring. Exact, to the last of the 2^32 hashes.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "daemon/ring/snapshot.hpp"

namespace ringside::ring {

inline constexpr std::uint64_t hash_space = std::uint64_t{1} << 32;

// Hashes, both ends belong to it. What goes around the end of the space is two ranges.
struct Range {
  std::uint32_t from = 0;
  std::uint32_t to = 0;
  friend auto operator<=>(const Range&, const Range&) = default;
};

// What a server owns: ascending, with something between any two.
[[nodiscard]] std::vector<Range> ranges(const Snapshot&, MemberId);

// What is in `a` and not in `b`; of lists as ranges() gives them, and one itself.
[[nodiscard]] std::vector<Range> difference(std::span<const Range> a, std::span<const Range> b);

[[nodiscard]] std::uint64_t hashes_in(std::span<const Range>) noexcept;

struct Share {
  Server server;
  std::uint64_t before = 0, after = 0;  // hashes it owns
};
struct Move {
  std::optional<std::size_t> from, to;  // places in Plan::shares; nothing: nobody owns the hashes
  std::uint64_t hashes = 0;
};
struct Plan {
  std::vector<Share> shares;  // those that are there and those that come, by address
  std::vector<Move> moves;    // by `from`, then `to`; each pair once
};
// What would change if `added` were in the ring beside those that stay, each with `points` times its weight.
// Of those whose address is not known, and empty, each owns the hashes that it shares with others.
[[nodiscard]] Plan plan(const Snapshot&, std::span<const Server> added, std::span<const MemberId> removed,
                        std::uint32_t points);

}  // namespace ringside::ring
