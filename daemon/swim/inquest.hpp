// Proof of death. Who refuses a fresh connection is not slow: its machine answers, and says that no process
// listens there. When several members find the same, each with a connection of its own, nobody has to wait
// out the time of a suspect (daemon/decisions/0020). Silence is no proof; the silent keep that time.
//
// An inquest is a probe out of turn, of one member: it begins when a connection to the member breaks or is
// refused, pings, asks helpers who ping too (spec E.3), and counts what they find. Several may be held at
// once. It only counts and decides; node_inquest.cpp sends and declares. Control thread only.
#pragma once

#include <cstddef>
#include <cstdint>

#include "daemon/base/time.hpp"

namespace ringside::swim {

class Inquest {
 public:
  enum class Found : std::uint8_t {  // by our own ping
    alive,
    refused,  // nobody listens
    lost,     // the connection broke: it may have been an old one, and says little
    silent,   // no answer, or none that counts
  };
  enum class HelperSays : std::uint8_t {
    reachable,
    refused,  // its own fresh connection was
    unreachable,
    gone,     // the helper refuses our connections itself
    nothing,  // the helper failed otherwise
  };
  enum class Next : std::uint8_t {
    wait,  // for other answers, or for next_ping()
    ping,
    ask,  // helpers
    // The verdicts
    alive,
    dead,         // proved
    unreachable,  // to be suspected
    inconclusive,
  };

  // `incarnation`: the member's, as it is now. What is found says nothing about a later one.
  Inquest(std::uint64_t number, std::int64_t incarnation) : number_(number), incarnation_(incarnation) {}

  // `alone`: there is nobody to ask. Then two refusals `refusal_pause` apart are the proof.
  [[nodiscard]] Next on_ping(Instant now, Found found, bool alone);
  void ask(std::size_t helpers);  // so many are being asked
  [[nodiscard]] Next on_helper(HelperSays says);
  // When to ping again, after on_ping() said to wait; else `never`.
  [[nodiscard]] Instant next_ping() const { return next_ping_; }
  void pinging() { next_ping_ = never; }

  [[nodiscard]] std::uint64_t number() const { return number_; }  // tells late answers apart
  [[nodiscard]] std::int64_t incarnation() const { return incarnation_; }
  [[nodiscard]] bool refused() const { return refusals_ > 0; }  // by our own connection
  [[nodiscard]] int witnesses() const { return witnesses_; }    // besides ourselves
  [[nodiscard]] int silent_helpers() const { return silent_; }

  static constexpr Duration refusal_pause = Millis(100);

 private:
  [[nodiscard]] Next pause(Instant now);

  std::uint64_t number_;
  std::int64_t incarnation_;
  Instant next_ping_ = never;
  int pings_ = 0, refusals_ = 0;
  std::size_t left_ = 0;  // helpers that have not answered
  int jury_ = 0;          // helpers that were asked and are not gone themselves
  int witnesses_ = 0, silent_ = 0;
  bool somebody_said_no_ = false;
};

}  // namespace ringside::swim
