// One subscriber's place in the log of events, and what it is to be written next, as server-sent events
// (WHATWG HTML 9.2). A value without clock and connection: who holds it asks as often as there is room. It
// holds nothing of what it has not written yet: one that is slow comes back to the log, and is told the whole
// state when the log has moved on without it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/api/events.hpp"

namespace ringside::api {

class Subscription {
 public:
  // Goes on behind the event `last_id`. An empty one, or one that is none of this life's: with the state.
  Subscription(EventFilter, const View&, std::string_view last_id);
  // The same from the oldest event that is kept.
  [[nodiscard]] static Subscription from_the_oldest(EventFilter, const View&);

  struct Piece {
    std::string text;    // whole events; empty: there is no more
    bool reset = false;  // among them the state, because of what was missed
  };
  // What comes next, until it has `room` bytes or a little more.
  [[nodiscard]] Piece next(const View&, WallTime now, std::size_t room);
  // To be written after a silence. It carries the number of what did not pass the filter, so that a
  // subscriber who comes back is not taken for one who missed it.
  [[nodiscard]] std::string comment(const View&) const;

 private:
  EventFilter filter_;
  std::optional<std::uint64_t> seen_;  // nothing: the state has to be told
  std::string_view reason_;            // of that
};

}  // namespace ringside::api
