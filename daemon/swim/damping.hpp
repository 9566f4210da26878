// Flap damping: a member that leaves and re-enters the ring again and again moves keys each time, and is kept
// out of it for a while. Each return costs penalty points, which decay by half in half_life; from `suppress`
// points on the member is damped, until it is down to `reuse` (RFC 2439 does the same to routes).
//
// All members must have the same ring, so none of them judges another: a member damps itself, by standing as
// `leave` with a label that says why, and gossip tells everybody (daemon/decisions/0021). What it cannot
// remember over a restart, the others tell it when it joins. Integers only: a float in a decision would
// differ between compilers. Control thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "daemon/base/time.hpp"

namespace ringside::swim {

struct Damping {
  bool enabled = true;
  int suppress = 5000;  // points; a return costs 500
  int reuse = 2500;
  Millis half_life{300'000};
  int max_share_percent = 10;  // of the members that may be damped at once
};

// Points that decay.
class DampScore {
 public:
  static constexpr int penalty = 500;  // Ringpop's
  static constexpr int most = 10'000;  // Ringpop's too: nobody is kept out for hours

  explicit DampScore(Millis half_life) : half_life_(half_life) {}
  void add(Instant now, int points);
  void raise_to(Instant now, int points);  // if it is lower
  [[nodiscard]] int at(Instant now) const;
  // The first moment, to a sixteenth of the half-life, at which it is no higher than this.
  [[nodiscard]] Instant falls_to(int points) const;

 private:
  Millis half_life_;
  int points_ = 0;
  Instant as_of_{};
};

// What a member remembers of the others' flaps, by name.
class FlapMemory {
 public:
  FlapMemory(Millis half_life, std::size_t names_max) : half_life_(half_life), names_max_(names_max) {}
  void returned(Instant now, std::string_view name);
  [[nodiscard]] int score(Instant now, std::string_view name) const;

 private:
  Millis half_life_;
  std::size_t names_max_;
  std::map<std::string, DampScore, std::less<>> scores_;
};

// Of what the members asked have counted: the second highest, so that no single one decides; with one answer
// that one. Sorts it.
[[nodiscard]] int agreed_score(std::span<int> scores);

// Whether one member more may be damped: as many as the share allows, or one, and two others stay in the
// ring.
[[nodiscard]] bool may_damp(std::size_t members, std::size_t damped, std::size_t others_in_ring,
                            int max_share_percent);

}  // namespace ringside::swim
