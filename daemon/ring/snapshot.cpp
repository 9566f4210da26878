// How a ring is asked (spec F.5); build.cpp has how it is made.
#include "daemon/ring/snapshot.hpp"

#include <algorithm>
#include <charconv>

#include "daemon/ring/hash.hpp"

namespace ringside::ring {

std::optional<MemberId> Snapshot::owner(std::string_view key) const noexcept {
  return owner_of(fingerprint32(key));
}

std::optional<MemberId> Snapshot::owner_of(std::uint32_t hash) const noexcept {
  if (points_.empty()) return std::nullopt;
  return points_.owner(hash);
}

std::size_t Snapshot::owners(std::string_view key, std::span<MemberId> out) const noexcept {
  if (points_.empty()) return 0;
  const auto all = points_.all();
  const std::size_t wanted = std::min(out.size(), servers_.size());
  std::size_t at = position(fingerprint32(key));
  std::size_t found = 0;
  for (std::size_t met = 0; met < all.size() && found < wanted; ++met) {
    const MemberId candidate = all[at].server;
    const auto chosen = out.first(found);
    if (std::find(chosen.begin(), chosen.end(), candidate) == chosen.end()) out[found++] = candidate;
    if (++at == all.size()) at = 0;
  }
  return found;
}

std::optional<MemberId> Snapshot::find_name(std::string_view name) const noexcept {
  const auto at = std::lower_bound(by_name_.begin(), by_name_.end(), name,
                                   [&](MemberId id, std::string_view n) { return server(id).name < n; });
  if (at == by_name_.end() || server(*at).name != name) return std::nullopt;
  return *at;
}

// At 1,000 servers the text is of 2.7 MB. It is written in place: put together with append() it took twice as
// long.
std::uint32_t Snapshot::replica_checksum() const {
  constexpr std::size_t digits_max = 10;
  std::size_t bytes_max = 0;
  for (const Server& server : servers_) {
    const std::size_t points = points_each_ * static_cast<std::size_t>(server.weight);
    bytes_max += points * (digits_max + server.address.size() + 2);  // with "-" and ";"
  }
  std::vector<char> text(bytes_max);
  char* end = text.data();
  for (const Point& point : points()) {
    const std::string& address = server(point.server).address;
    end = std::to_chars(end, end + digits_max, point.hash).ptr;
    *end++ = '-';
    end = std::copy(address.begin(), address.end(), end);
    *end++ = ';';
  }
  return fingerprint32({text.data(), end});
}

std::uint32_t Snapshot::share_ppm(MemberId id) const noexcept {
  constexpr std::uint64_t hash_space = std::uint64_t{1} << 32;
  return static_cast<std::uint32_t>(owned_[id.value] * 1'000'000 / hash_space);
}

}  // namespace ringside::ring
