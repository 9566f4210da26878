// The names of events, and choosing some of them: GET /v1/events, webhooks and the command line write them
// the same way. What they mean is in api/events.hpp. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/base/result.hpp"

namespace ringside {

enum class EventType : std::uint8_t {
  member_join,     // a member that was not there, or was given up, is alive
  member_suspect,  // it does not answer
  member_faulty,   // it was given up
  member_damped,   // it lives, and stays out of the ring for a while: it came and went too often
  member_leaving,  // it said that it goes
  member_left,     // one that went is forgotten
  member_update,   // a suspicion was wrong; or its labels, its name, its app or its incarnation are new
  member_reaped,   // one that was given up is forgotten
  ring_changed,    // keys have other owners
  app_up,
  app_down,
  draining,            // this node leaves
  partition_detected,  // most of the members are gone for this one
  partition_healed,    // they are back
};
inline constexpr std::size_t event_types = 14;
[[nodiscard]] std::string_view to_string(EventType) noexcept;  // "member-join"

// Some of the types: names and beginnings of names, "ring-*,app-up".
class EventFilter {
 public:
  EventFilter() = default;  // all of them
  // The error is one sentence; a part that no type fits is one.
  [[nodiscard]] static Result<EventFilter, std::string> parse(std::string_view text);
  [[nodiscard]] bool takes(EventType type) const noexcept {
    return ((types_ >> static_cast<unsigned>(type)) & 1U) != 0;
  }

 private:
  std::uint32_t types_ = (1U << event_types) - 1;
};

}  // namespace ringside
