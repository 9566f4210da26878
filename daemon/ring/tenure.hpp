// Since when one server has owned the hashes that it owns: a value beside each ring, made out of the one
// before when the ring changes, and read for each request. What a server keeps over a change keeps its time,
// what it gains gets the time of the change. So an app, or its database, can tell an owner from the one
// before it: best effort, as whoever looks at its own ring cannot know what the others see
// (proto/spec/forwarding.md, section "Fencing").
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "daemon/ring/snapshot.hpp"

namespace ringside::ring {

class Tenure {
 public:
  // Owns nothing, and always has.
  Tenure();

  // Of the server at `self` in the ring that comes now. `now`: milliseconds since 1970, above 0. No time that
  // it ever gives is below one that it has given or was shown, wherever the clock goes: `seen` is the highest
  // of those that others gave.
  [[nodiscard]] Tenure after(const Snapshot& ring, std::string_view self, std::int64_t now,
                             std::int64_t seen) const;

  // Since when it has owned this hash, in milliseconds since 1970; 0: it does not.
  [[nodiscard]] std::int64_t since(std::uint32_t hash) const noexcept;

 private:
  // The whole space in ascending order, cut where the time changes.
  struct Piece {
    std::uint32_t last;  // hash that belongs to it
    std::int64_t since;  // 0: not owned
  };
  void add(std::uint32_t last, std::int64_t since);
  void bound(std::size_t ranges);

  std::vector<Piece> pieces_;
  std::int64_t highest_ = 0;
};

using TenurePtr = std::shared_ptr<const Tenure>;

}  // namespace ringside::ring
