// Members that stand as `leave`: out of the ring, yet perhaps alive. Those whose app is down or that have
// none (an internal label says so) go on gossiping and are pinged like any other; from those that took their
// leave nothing is expected, they are looked at now and then. Nobody suspects a leaver, and Ringpop never
// forgets one: whoever has not answered for as long as a faulty member is remembered becomes a tombstone.
//
// It only keeps the times; node_probe.cpp pings and declares. Control thread only.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/base/time.hpp"

namespace ringside::swim {

class LeftWatch {
 public:
  // `pause`: between two pings of a member that is silent, or of which nothing is expected.
  LeftWatch(Millis pause, Millis remembered) : pause_(pause), remembered_(remembered) {}

  // The member stands as `leave` now. `gossips`: its label says that it lives.
  void on_left(Instant now, std::string_view address, bool gossips, std::int64_t incarnation);
  void forget(std::string_view address);  // it does not any more, or was evicted
  [[nodiscard]] bool wants_ping(Instant now, std::string_view address) const;
  void answered(Instant now, std::string_view address);
  // Whether it has been silent for so long that it can be forgotten.
  [[nodiscard]] bool failed(Instant now, std::string_view address);
  // It did not answer our last ping.
  [[nodiscard]] bool silent(std::string_view address) const;
  [[nodiscard]] std::size_t size() const { return left_.size(); }

 private:
  struct Left {
    std::int64_t incarnation = 0;
    bool gossips = false;
    Instant next_ping{};
    std::optional<Instant> silent_since;
  };
  Millis pause_, remembered_;
  std::map<std::string, Left, std::less<>> left_;
};

}  // namespace ringside::swim
