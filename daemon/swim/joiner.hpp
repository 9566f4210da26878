// Joining through seeds (spec E.4): groups of seeds are asked in parallel, those on other machines first,
// with a back-off between groups, until enough have answered. It never gives up. Which seed is asked and when
// it is enough is decided here; node.cpp sends the requests and merges the answers. Control thread only.
//
// Ringpop waits for join_size answers however long it takes. We are also content with a whole round in which
// at least one seed answered: one dead seed among two must not keep a node out for ever.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/rng.hpp"
#include "daemon/base/time.hpp"
#include "daemon/swim/node.hpp"

namespace ringside::swim {

class Joiner {
 public:
  explicit Joiner(const Config& config);

  // (Re)starts with these seeds; our own address among them is skipped. While joining, the same list again
  // changes nothing, and with another one only the calls under way are kept.
  void set_seeds(Instant now, std::string_view self, std::span<const std::string> seeds);
  // Somebody speaks to us while we wait for the next round: it lives, so ask it at once.
  void offer(Instant now, std::string_view self, std::string_view address, std::size_t seeds_max);

  [[nodiscard]] bool active() const { return phase_ != Phase::idle; }
  [[nodiscard]] Instant next_deadline() const { return phase_ == Phase::waiting ? next_group_ : never; }
  std::vector<std::string> take_group(Rng& rng);  // when next_deadline() is reached

  struct Step {
    std::optional<JoinRound> round;  // a round has ended
    bool complete = false;
    int joined = 0;
  };
  // `error` is empty when the seed answered with its members.
  Step on_answer(Instant now, Rng& rng, std::string_view seed, std::string error);
  // The seed is ourselves under another address: not a seed at all.
  Step on_own_address(Instant now, Rng& rng, std::string_view seed);

 private:
  enum class Phase : std::uint8_t { idle, waiting, asking };
  enum class SeedState : std::uint8_t { untried, asked, joined, failed };
  struct Seed {
    std::string address;
    bool same_host;
    SeedState state = SeedState::untried;
  };
  Step group_moved_on(Instant now, Rng& rng);
  void back_off(Instant now, Rng& rng);
  [[nodiscard]] int count(SeedState state) const;
  [[nodiscard]] int wanted() const;
  Seed* find(std::string_view address);

  int join_size_, parallelism_;
  Millis backoff_min_, backoff_max_;
  Phase phase_ = Phase::idle;
  std::vector<std::string> listed_;  // as given to set_seeds()
  std::vector<Seed> seeds_;          // those, and whoever was offered
  Instant next_group_ = never;
  Millis backoff_cap_{0};
  std::string last_error_;
};

}  // namespace ringside::swim
