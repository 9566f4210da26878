// What happens to the members, the ring and the app as events: the difference of two views, kept in a log. A
// log is an immutable value that hangs on the view to which its last event led; who has the view has both,
// and who holds the state of one number and all events behind it knows the state of the last.
//
// Made on the control thread, read by everybody.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/api/view.hpp"
#include "daemon/base/event_types.hpp"
#include "daemon/base/time.hpp"

namespace ringside::api {

struct News {
  EventType type;
  std::string data;  // JSON, one line
};

// What led from one view to the next, in this order: members by address, a partition, the app, the
// ring, draining.
[[nodiscard]] std::vector<News> what_happened(const View& before, const View& after, WallTime now);

// Whether the two differ in anything that a read of the API shows.
[[nodiscard]] bool looks_the_same(const View&, const View&);

struct Event {
  std::uint64_t number;  // from 1, without a gap
  EventType type;
  std::string data;
};
using EventPtr = std::shared_ptr<const Event>;

class EventLog {
 public:
  // The same and what has happened since; the oldest make room (limits::events_kept, events_kept_bytes).
  [[nodiscard]] std::shared_ptr<const EventLog> with(std::vector<News>) const;

  [[nodiscard]] std::uint64_t last() const noexcept { return last_; }              // 0: nothing has happened
  [[nodiscard]] std::span<const EventPtr> kept() const noexcept { return kept_; }  // oldest first
  // Those behind a number. Nothing: some of them are not kept any more, or no event has had that number.
  [[nodiscard]] std::optional<std::span<const EventPtr>> after(std::uint64_t number) const noexcept;

 private:
  std::vector<EventPtr> kept_;
  std::uint64_t last_ = 0;
  std::size_t bytes_ = 0;
};

// The names of events outside: "{boot id}-{number}", so that one of an earlier life is known as such.
[[nodiscard]] std::string event_id(const View&, std::uint64_t number);
// Nothing: it is none of this life's.
[[nodiscard]] std::optional<std::uint64_t> event_number(const View&, std::string_view id);

// Everything that events tell the changes of, as JSON: for who cannot know what happened before. `reason`:
// why it is told.
[[nodiscard]] std::string state_json(const View&, std::string_view reason, WallTime now);

}  // namespace ringside::api
