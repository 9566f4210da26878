// The changes that are still being spread. Every recorded change rides on pings and answers until it has been
// told about `limit` times (spec D.1 to D.3), which reaches everybody with near certainty. Control thread
// only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "proto/ringpop/messages.hpp"

namespace ringside::swim {

class Dissemination {
 public:
  // Everything recorded up to a moment. A change that replaced another one later is not covered.
  struct Mark {
    std::uint64_t serial = 0;
  };

  // factor * ceil(log10(pingable + 1)); with nobody to ping 0, which means: told once (spec D.1).
  // Returns whether it is another one now.
  bool set_limit(int factor, std::size_t pingable);
  void record(ringpop::Change change);  // replaces what was recorded of the same address
  void forget(std::string_view address);

  // As sender of a ping or ping-req: all changes. They count as told only when the call succeeded, so that
  // members that do not answer use up nothing.
  [[nodiscard]] std::vector<ringpop::Change> all() const;
  [[nodiscard]] Mark mark() const { return {last_serial_}; }
  void delivered(Mark);

  // As receiver: all but those the requester itself declared, and they count as told at once (spec D.3).
  struct Told {
    std::vector<ringpop::Change> changes;
    std::size_t filtered = 0;  // left out as the requester's own
  };
  Told answer_to(std::string_view requester, std::int64_t requester_incarnation);

  [[nodiscard]] std::size_t size() const { return changes_.size(); }
  [[nodiscard]] int limit() const { return limit_; }

 private:
  struct Recorded {
    ringpop::Change change;
    std::uint64_t serial;
    int told = 0;
  };
  using Changes = std::map<std::string, Recorded, std::less<>>;  // by address
  Changes::iterator told_once_more(Changes::iterator at);  // drops it after its last time; returns the next

  Changes changes_;
  std::uint64_t last_serial_ = 0;
  int limit_ = 0;
};

}  // namespace ringside::swim
