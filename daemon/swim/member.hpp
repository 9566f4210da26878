// One row of the member list, as small as it can be: a simulated cluster of 1,000 nodes holds a million of
// them. The address is the key of the list and stands beside the row. Control thread only.
#pragma once

#include <cstdint>
#include <string_view>

#include "daemon/base/limits.hpp"
#include "daemon/base/text.hpp"
#include "daemon/swim/precedence.hpp"
#include "proto/ringpop/messages.hpp"

namespace ringside::swim {

struct Member {
  ringpop::Status status = ringpop::Status::alive;
  std::int32_t label_checksum = 0;  // of `labels`, kept because every change is judged by it
  std::int64_t incarnation = 0;
  ringpop::Labels labels;
  bool unverified = false;       // known by gossip alone, and not reached by us yet (unverified.hpp)
  bool holds_place = false;      // dead, and in the ring until its successor of the same name is reached
  std::uint32_t rtt_micros = 0;  // of our direct pings, smoothed; 0: none was answered yet
};

[[nodiscard]] inline Standing standing(const Member& member) {
  return {member.status, member.incarnation, member.label_checksum};
}

// Alive and suspect members are in the ring and are suspected when they do not answer; nobody else is (spec
// F.6).
[[nodiscard]] constexpr bool reachable(ringpop::Status status) {
  return status == ringpop::Status::alive || status == ringpop::Status::suspect;
}

// Owns keys, as far as we are concerned.
[[nodiscard]] inline bool in_ring(const Member& member) {
  return member.holds_place || (reachable(member.status) && !member.unverified);
}

// An internal label of a member that stands as `leave` because no app of its answers, or because it is
// damped: it is out of the ring and lives. The value says why. A member that takes its leave has no such
// label.
inline constexpr const char* app_label = "__app";
inline constexpr const char* app_is_down = "down";
inline constexpr const char* app_is_absent = "none";
inline constexpr const char* is_damped = "damped";

[[nodiscard]] inline std::string_view label_of(const ringpop::Labels& labels, std::string_view key) {
  for (const auto& [name, value] : labels) {
    if (name == key) return value;
  }
  return {};
}

// Takes part in gossip: in the ring, or out of it for want of an app, or for a while.
[[nodiscard]] inline bool lives(ringpop::Status status, const ringpop::Labels& labels) {
  return reachable(status) || (status == ringpop::Status::leave && !label_of(labels, app_label).empty());
}

[[nodiscard]] inline bool damped(const Member& member) {
  return member.status == ringpop::Status::leave && label_of(member.labels, app_label) == is_damped;
}

// An internal label of a member that takes more keys than others: a number, in digits. One that says
// something else, and a member without it, weigh 1.
inline constexpr const char* weight_label = "__weight";
[[nodiscard]] inline int weight_of(const ringpop::Labels& labels) {
  const std::string_view text = label_of(labels, weight_label);
  if (text.empty()) return 1;
  const auto weight = parse_integer(text);
  return weight && *weight >= 1 && *weight <= limits::weight ? static_cast<int>(*weight) : 1;
}

// The identity label, else the address (spec C.7).
[[nodiscard]] inline std::string_view name_of(std::string_view address, const ringpop::Labels& labels) {
  const std::string_view identity = label_of(labels, ringpop::identity_label);
  return identity.empty() ? address : identity;
}

}  // namespace ringside::swim
