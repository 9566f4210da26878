// Load on one address: so many connections, each of which asks again as soon as it is answered (a closed
// loop), for a time. What came of it is counted, and how long answers took. One thread, sockets that do not
// block.
//
// A closed loop asks less when answers take longer: the times are those of the requests that were made, not
// of a crowd that comes at its own pace.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "daemon/base/address.hpp"
#include "daemon/base/time.hpp"

namespace ringside::cli {

// Durations in so little room that any number of them fits: to the microsecond up to 256 of them, from there
// on to less than a hundredth.
class Latencies {
 public:
  void add(Duration took);
  // So many thousandths of all took no longer. Zero when there are none.
  [[nodiscard]] Duration at(int permille) const;
  [[nodiscard]] Duration longest() const { return longest_; }

 private:
  static constexpr std::uint64_t steps = 128;       // from each power of two to the next
  static constexpr std::size_t slots = 32 * steps;  // up to three days, and the last one for what took longer
  static std::size_t slot_of(std::uint64_t micros);
  static std::uint64_t most_in(std::size_t slot);

  std::array<std::uint64_t, slots> counts_{};
  std::uint64_t count_ = 0;
  Duration longest_{};
};

struct Tally {
  std::uint64_t requests = 0;
  std::uint64_t failed = 0;                      // not answered, by a 5xx, or by ringside in the app's place
  std::map<std::string, std::uint64_t> results;  // by status and code: "200", "503 no_owner", "no answer"
  std::map<std::string, std::uint64_t> owners;   // by Ringside-Owner, of what was answered
  Latencies latencies;                           // of what was answered
};

struct Load {
  Address at;
  int connections = 1;
  Duration time{};
  bool to_head = false;               // the requests are HEAD
  std::function<std::string()> next;  // the bytes of another request
};

// Returns when the time is over and the last answers have come, or were waited for long enough. `look` is
// called once a second with what there is and how long it has been.
[[nodiscard]] Tally put_load(const Load&, const std::function<void(const Tally&, Duration)>& look);

}  // namespace ringside::cli
