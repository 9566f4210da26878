// The answers to the orders about the cluster as a whole: what control found, as JSON.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/api/api.hpp"

namespace ringside::api {

[[nodiscard]] Response evicted_answer(std::string_view address);
[[nodiscard]] Response reaped_answer(std::size_t members);
// `reached`: addresses of members of partitions that had been lost.
[[nodiscard]] Response healed_answer(std::span<const std::string> reached);

struct JoinedPeer {
  std::string peer;   // an address, or the seed that gave none
  std::string error;  // empty: it is a member that we reach
};
// 503 when none of them is.
[[nodiscard]] Response joined_answer(std::span<const JoinedPeer>);

struct AskedMember {
  std::string name, address;
  std::optional<std::uint32_t> checksum;  // of its membership; none: it did not say
};
// Members of equal checksums see the same cluster. The largest group first.
[[nodiscard]] Response partitions_answer(std::span<const AskedMember>);
// From a Ringpop's answer to /admin/stats.
[[nodiscard]] std::optional<std::uint32_t> membership_checksum_in(std::string_view stats);

}  // namespace ringside::api
