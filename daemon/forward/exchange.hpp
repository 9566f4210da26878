// One keyed request, decided: where to try it, when to try again, when to give up. The shell obeys the action
// and reports what came of it; there is no I/O here.
//
// The rules (proto/spec/forwarding.md):
// - The owner is looked up anew for every try.
// - A request is repeated when it surely reached no app; otherwise only when repeating it cannot matter (an
// idempotent
//   method or an Idempotency-Key), at most `retries` times and while the budget of all requests together
//   lasts. So no request is run twice silently. Such a repeat comes after a pause: who has just been lost may
//   be going down with its door still open.
// - A try that surely reached no app, while the ring still names the same owner, waits for the ring to move:
// at most
//   `ring_wait` and never past the deadline.
// - A node that gets a request from another one and is not the owner passes it on while hops are left; at the
// hop limit
//   it says so (not_owner), and the entry looks again. But who owned the key a moment ago (PastRings) serves
//   it rather than refuse it there, or when who it passed it on to has refused it: the change is on its way.
// - An owner that refused because its ring differed is asked again within the same budget: it may be the one
//   that lags behind. Only the entry does so: a node in the middle tells the entry, which looks again at
//   once.
// - Who has failed too often in a row (forward/breaker.hpp) is not asked: the shell answers at once instead.
// - A pinned request has no owner to look for: it is for this node's app or nobody, and may be repeated
// there. One for a named member is for that one or nobody: it is tried again only when it surely was not
// executed, and its place in the ring does not matter.
// - A caller may keep a request here (local_only), or have it served here though another owns the key
// (prefer_local): then the owner is asked only if it surely was not executed here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "daemon/base/rng.hpp"
#include "daemon/base/time.hpp"
#include "daemon/forward/past_rings.hpp"
#include "daemon/forward/retry_budget.hpp"
#include "daemon/ring/hash.hpp"
#include "daemon/ring/snapshot.hpp"

namespace ringside::forward {

// Where the caller wants a request to run.
enum class Place : std::uint8_t {
  owner,
  local_only,    // here, if the key is ours; else it is refused, with the owner's name
  prefer_local,  // here, whoever owns the key
};

struct Peer {  // good until the exchange looks up its owner again
  std::string_view name, address;
  friend bool operator==(const Peer&, const Peer&) = default;
};

struct Policy {
  int retries = 1;                                       // repeats of a try that may have been executed
  int max_hops = 2;                                      // ringsides a request may be sent to
  Duration ring_wait = std::chrono::seconds(1);          // how long to wait for the ring to move
  int attempts_max = 8;                                  // all tries together: a bound, not a policy
  Duration ring_pause = std::chrono::milliseconds(250);  // before asking an owner again whose ring differed
  Duration backoff{};      // before the first repeat, half of it to all of it; 0: at once
  Duration backoff_max{};  // each further repeat waits twice as long as the one before it, up to this
};

// What the exchange needs to know of the request; the key must outlive it.
struct Subject {
  std::string_view key;     // empty if pinned
  int hops = 0;             // ringsides that have sent it on already; 0 at the entry
  bool repeatable = false;  // idempotent method or Idempotency-Key
  Instant deadline;
  bool pinned = false;         // for this node's app, whatever the ring says
  Peer named = {};             // or for this other member's; must outlive the exchange as well
  Place place = Place::owner;  // prefer_local only while this node's app is there
};

struct Attempt {  // send to this server's ringside
  Peer to;
  int number;  // 1, 2, ...
  friend bool operator==(const Attempt&, const Attempt&) = default;
};
struct Local {  // give to this node's app
  int number;
  friend bool operator==(const Local&, const Local&) = default;
};
struct Wait {  // call on_wake when the ring changed or at this time
  Instant until;
  friend bool operator==(const Wait&, const Wait&) = default;
};
enum class Failure : std::uint8_t {
  no_owner,     // the ring is empty
  kept_here,    // not ours, and for this node alone
  not_owner,    // not ours, and at the hop limit or refused by the owner we know: the entry is to look again
  unreachable,  // the owner cannot be reached and the ring has not moved
  maybe_executed,  // the connection broke with the request under way
  timed_out,       // the deadline has passed
};
struct GiveUp {
  Failure why;
  bool executed_maybe;  // some try may have reached an app
  friend bool operator==(const GiveUp&, const GiveUp&) = default;
};
using Action = std::variant<Attempt, Local, Wait, GiveUp>;

// How a try ended that brought no response head.
enum class Outcome : std::uint8_t {
  not_executed,    // refused connect, REFUSED_STREAM, above a GOAWAY, 421 or 503 with executed: no
  ring_differs,    // refused by a ringside that is not the owner (any more, or yet): its ring or ours is to
                   // move
  maybe_executed,  // anything after the request was on its way
};

class Exchange {
 public:
  // `self_address` is this node's address in the ring; like the key and what follows, it must outlive the
  // exchange. nullptr: no budget; pauses are not shortened by chance; nothing was ours before.
  Exchange(const Policy& policy, const Subject& subject, std::string_view self_address,
           RetryBudget* budget = nullptr, Rng* rng = nullptr, const PastRings* past = nullptr)
      : policy_(policy),
        subject_(subject),
        self_address_(self_address),
        budget_(budget),
        rng_(rng),
        past_(past) {
    hash_ = subject.key.empty() ? 0 : ring::fingerprint32(subject.key);
  }

  // As if new, for another request; its memory is used again.
  void renew(const Policy&, const Subject&);

  Action start(Instant now, const ring::Snapshot&);
  // `replayable`: the whole request, as far as it was sent, is still at hand.
  Action on_failure(Instant now, Outcome, bool replayable, const ring::Snapshot&);
  Action on_wake(Instant now, const ring::Snapshot&);  // only after a Wait

  // After a Local that had to wait: does it still hold?
  [[nodiscard]] bool is_ours(const ring::Snapshot&) const;

  // The key was this node's a moment ago.
  [[nodiscard]] bool owned_lately(Instant now) const {
    return past_ != nullptr && follows_ring() && past_->owned(now, subject_.key, self_address_);
  }

  void extend(Instant deadline) { subject_.deadline = deadline; }  // the body is still coming

  // The try that is under way is here though another owns the key, because the caller prefers that.
  [[nodiscard]] bool preferred() const { return preferred_; }
  // Of the key; 0 without one.
  [[nodiscard]] std::uint32_t key_hash() const { return hash_; }
  [[nodiscard]] bool executed_maybe() const { return executed_maybe_; }
  [[nodiscard]] int attempts() const { return attempts_; }
  [[nodiscard]] int repeats_left() const { return policy_.retries - repeats_; }
  [[nodiscard]] bool rerouted() const {
    return rerouted_;
  }  // some try went to another owner than the one before
  [[nodiscard]] const std::string& owner() const {
    return owner_;
  }  // name of the last owner tried; may be empty
  [[nodiscard]] const std::string& owner_address() const { return owner_address_; }  // likewise

 private:
  Action try_owner(Instant now, const ring::Snapshot&);
  Action serve_once_more();
  Action repeat(Instant now, const ring::Snapshot&);
  Action wait_for_ring(Instant now);
  [[nodiscard]] bool has_moved(const ring::Snapshot&) const;
  [[nodiscard]] bool follows_ring() const { return !subject_.pinned && subject_.named.address.empty(); }

  Policy policy_;
  Subject subject_;
  std::string_view self_address_;
  RetryBudget* budget_;
  Rng* rng_;
  const PastRings* past_;
  std::string owner_;
  std::string owner_address_;
  std::uint32_t hash_ = 0;
  std::uint64_t ring_version_ = 0;  // of the last look-up
  Instant wait_until_ = never;      // set by the first wait; later waits share its budget
  Instant ask_again_ = never;       // the same owner, whose ring differed
  Instant repeat_at_ = never;       // what may have run, after its pause
  int attempts_ = 0;
  int repeats_ = 0;
  bool executed_maybe_ = false;
  bool rerouted_ = false;
  bool preferred_ = false;
  bool split_ = false;  // the last try was refused by a ringside whose ring differs
};

}  // namespace ringside::forward
