#include "daemon/ring/tenure.hpp"

#include <algorithm>
#include <limits>
#include <span>

#include "daemon/base/limits.hpp"
#include "daemon/ring/ranges.hpp"

namespace ringside::ring {
namespace {

constexpr std::uint32_t last_hash = std::numeric_limits<std::uint32_t>::max();

std::vector<Range> owned(const Snapshot& ring, std::string_view self) {
  const auto servers = ring.servers();
  const auto at = std::ranges::lower_bound(servers, self, {}, &Server::address);
  if (at == servers.end() || at->address != self) return {};
  return ranges(ring, MemberId{static_cast<std::uint32_t>(at - servers.begin())});
}

}  // namespace

Tenure::Tenure() : pieces_{{last_hash, 0}} {}

// Both the old pieces and the new ranges ascend: they are walked through together.
Tenure Tenure::after(const Snapshot& ring, std::string_view self, std::int64_t now, std::int64_t seen) const {
  Tenure next;
  next.pieces_.clear();
  next.highest_ = std::max({now, seen, highest_});
  auto old = pieces_.begin();
  const auto cover = [&](std::uint32_t last, bool ours) {  // from where the last one ended
    for (;; ++old) {
      const std::uint32_t end = std::min(last, old->last);
      next.add(end, !ours ? 0 : old->since != 0 ? old->since : next.highest_);
      if (last <= old->last) break;
    }
  };
  std::uint64_t covered = 0;  // hashes below this one are done
  const auto ranges = owned(ring, self);
  for (const Range& range : ranges) {
    if (range.from > covered) cover(range.from - 1, false);
    cover(range.to, true);
    covered = std::uint64_t{range.to} + 1;
  }
  if (covered <= last_hash) cover(last_hash, false);
  next.bound(ranges.size());
  return next;
}

std::int64_t Tenure::since(std::uint32_t hash) const noexcept {
  return std::ranges::lower_bound(pieces_, hash, {}, &Piece::last)->since;
}

// Neighbours of one time are one piece. An end that repeats the one before it adds nothing: a piece that was
// walked to its end is met again by who begins behind it.
void Tenure::add(std::uint32_t last, std::int64_t since) {
  if (!pieces_.empty() && pieces_.back().last >= last) return;
  if (!pieces_.empty() && pieces_.back().since == since)
    pieces_.back().last = last;
  else
    pieces_.push_back({last, since});
}

// Of too many times, each range keeps its latest.
void Tenure::bound(std::size_t ranges) {
  if (pieces_.size() <= 2 * ranges + 1 + limits::tenures) return;
  std::vector<Piece> all;
  all.swap(pieces_);
  for (const Piece& piece : all) {
    const bool joins = !pieces_.empty() && (pieces_.back().since != 0) == (piece.since != 0);
    if (joins)
      pieces_.back() = {piece.last, std::max(pieces_.back().since, piece.since)};
    else
      pieces_.push_back(piece);
  }
}

}  // namespace ringside::ring
