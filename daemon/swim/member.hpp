// One row of the member list, as small as it can be: a simulated cluster of 1,000 nodes holds a million of
// them. The address is the key of the list and stands beside the row. Control thread only.
#pragma once

#include <cstdint>
#include <string_view>

#include "daemon/swim/precedence.hpp"
#include "proto/ringpop/messages.hpp"

namespace ringside::swim {

struct Member {
  ringpop::Status status = ringpop::Status::alive;
  std::int32_t label_checksum = 0;  // of `labels`, kept because every change is judged by it
  std::int64_t incarnation = 0;
  ringpop::Labels labels;
};

[[nodiscard]] inline Standing standing(const Member& member) {
  return {member.status, member.incarnation, member.label_checksum};
}

// Alive and suspect members are in the ring and are probed; nobody else is (spec F.6).
[[nodiscard]] constexpr bool reachable(ringpop::Status status) {
  return status == ringpop::Status::alive || status == ringpop::Status::suspect;
}

// The identity label, else the address (spec C.7).
[[nodiscard]] inline std::string_view name_of(std::string_view address, const ringpop::Labels& labels) {
  for (const auto& [key, value] : labels) {
    if (key == ringpop::identity_label && !value.empty()) return value;
  }
  return address;
}

}  // namespace ringside::swim
