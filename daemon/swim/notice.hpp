// Everything the SWIM core tells the outside. Cores do not log: obs/ turns each notice into one log line and
// its metrics, the control plane turns some of them into a new ring.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "proto/ringpop/messages.hpp"

namespace ringside::swim {

// A member's row changed. `before` is empty for a member never seen; `after` is empty for one that was
// evicted.
struct MemberChanged {
  std::string address;
  std::string name;  // its identity label, else the address
  std::optional<ringpop::Status> before;
  std::optional<ringpop::Status> after;
  std::int64_t incarnation = 0;
  std::string source;  // who declared it
};
struct RingInputChanged {};  // alive or suspect members, or their identities, are not what they were
struct JoinRound {           // one round over the seeds has ended
  int asked = 0, joined = 0, failed = 0;
  std::string last_error;  // why the last failed seed failed
};
struct JoinComplete {
  int joined = 0;
};  // enough seeds answered, or we are alone in the list
struct ProbeFailed {
  std::string target;
};  // a direct ping had no good answer
struct ProbeInconclusive {
  std::string target;
};  // no helper could say anything
struct DeathProved {  // refused by a fresh connection of ours, and so many others': faulty at once
  std::string address;
  std::int64_t incarnation = 0;
  int witnesses = 0;
};
struct Refuted {
  std::int64_t incarnation = 0;
};  // gossip said something wrong of us; we answered with this
struct FullSync {
  std::string peer;
  bool reverse = false;
  std::size_t members = 0;
};
struct Damped {  // we stay out of the ring until the score has fallen
  int score = 0;
  std::int64_t millis = 0;  // so long
};
struct DampingEnded {};  // we take our place again
struct NameConflict {
  std::string name, address, other_address;
};  // two live members use one name

struct HealDue {};  // it is time to look for lost partitions: call heal() with what the seeds are now
struct HealEnded {  // a look for lost partitions is over
  std::size_t reached = 0, failed = 0;
  std::string last_error;
};
struct OtherDialect {
  std::string peer;
  bool peer_is_go = false;  // its checksums are ringpop-go's and ours ringpop-node's, or the other way round
};
struct Overslept {  // we did not run when we should have, for so long
  std::int64_t millis = 0;
};
struct ChangesRefused {  // gossip against a rule of ours, in one message
  std::size_t above_cap = 0, ahead_of_time = 0, bad_address = 0, too_many_new = 0;
  std::string source;  // of one of them
};

using Notice = std::variant<MemberChanged, RingInputChanged, JoinRound, JoinComplete, ProbeFailed,
                            ProbeInconclusive, DeathProved, Refuted, FullSync, Damped, DampingEnded,
                            NameConflict, HealDue, HealEnded, OtherDialect, Overslept, ChangesRefused>;

}  // namespace ringside::swim
