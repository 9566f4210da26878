// The forwarding rules as stories: each step is an input, each expectation the action that must follow.
#include "daemon/forward/exchange.hpp"

#include <catch2/catch.hpp>
#include <set>

#include "daemon/base/rng.hpp"

using namespace ringside;
using namespace ringside::forward;
using namespace std::chrono_literals;

namespace {

const Instant start_of_time{};

ring::SnapshotPtr ring_of(std::vector<std::string> names, std::uint64_t version, std::string suffix = ":1") {
  std::vector<ring::Server> servers;
  for (const auto& name : names) servers.push_back({name, name + suffix});
  return ring::build(std::move(servers), 100, version);
}

std::string key_of(const ring::Snapshot& ring, std::string_view name) {
  for (int i = 0;; ++i) {
    std::string key = "key-" + std::to_string(i);
    if (ring.server(*ring.owner(key)).name == name) return key;
  }
}

Subject subject(std::string_view key, int hops = 0, bool repeatable = false) {
  return {key, hops, repeatable, start_of_time + 5s};
}

}  // namespace

TEST_CASE("a key of our own goes to our app") {
  const auto ring = ring_of({"a", "b"}, 1);
  const auto key = key_of(*ring, "a");
  Exchange exchange({}, subject(key), "a:1");
  CHECK(exchange.start(start_of_time, *ring) == Action(Local{1}));
}

TEST_CASE("another node's key goes to its ringside") {
  const auto ring = ring_of({"a", "b"}, 1);
  const auto key = key_of(*ring, "b");
  Exchange exchange({}, subject(key), "a:1");
  CHECK(exchange.start(start_of_time, *ring) == Action(Attempt{{"b", "b:1"}, 1}));
}

TEST_CASE("an empty ring has no owner") {
  const auto ring = ring_of({}, 1);
  Exchange exchange({}, subject("k"), "a:1");
  CHECK(exchange.start(start_of_time, *ring) == Action(GiveUp{Failure::no_owner, false}));
}

TEST_CASE("at the hop limit a node serves its own keys and refuses the others'") {
  const auto ring = ring_of({"a", "b"}, 1);
  const auto ours = key_of(*ring, "a"), theirs = key_of(*ring, "b");
  CHECK(Exchange({}, subject(ours, 2), "a:1").start(start_of_time, *ring) == Action(Local{1}));
  CHECK(Exchange({}, subject(theirs, 1), "a:1").start(start_of_time, *ring) ==
        Action(Attempt{{"b", "b:1"}, 1}));
  CHECK(Exchange({}, subject(theirs, 2), "a:1").start(start_of_time, *ring) ==
        Action(GiveUp{Failure::not_owner, false}));
}

TEST_CASE("a try that reached no app follows the ring when it has moved") {
  const auto before = ring_of({"a", "b", "c"}, 1);
  const auto after = ring_of({"a", "c"}, 2);
  const auto key = key_of(*before, "b");
  Exchange exchange({}, subject(key), "a:1");
  (void)exchange.start(start_of_time, *before);
  const auto next = exchange.on_failure(start_of_time + 1ms, Outcome::not_executed, true, *after);
  const auto& owner = after->server(*after->owner(key));
  CHECK(next == (owner.name == "a" ? Action(Local{2}) : Action(Attempt{{owner.name, owner.address}, 2})));
  CHECK(exchange.rerouted());
}

TEST_CASE("with the ring unmoved it waits one second for it, in all, and then gives up unexecuted") {
  const auto ring = ring_of({"a", "b"}, 1);
  const auto key = key_of(*ring, "b");
  Exchange exchange({}, subject(key), "a:1");
  (void)exchange.start(start_of_time, *ring);
  CHECK(exchange.on_failure(start_of_time + 100ms, Outcome::not_executed, true, *ring) ==
        Action(Wait{start_of_time + 1100ms}));
  const auto same_owner = ring_of({"a", "b"}, 2);
  CHECK(exchange.on_wake(start_of_time + 600ms, *same_owner) == Action(Wait{start_of_time + 1100ms}));
  CHECK(exchange.on_wake(start_of_time + 1100ms, *same_owner) == Action(GiveUp{Failure::unreachable, false}));
}

TEST_CASE("a wait ends at once when the owner comes back at another address") {
  const auto ring = ring_of({"a", "b"}, 1);
  const auto key = key_of(*ring, "b");
  Exchange exchange({}, subject(key), "a:1");
  (void)exchange.start(start_of_time, *ring);
  (void)exchange.on_failure(start_of_time, Outcome::not_executed, true, *ring);
  const auto moved = ring::build({{"a", "a:1"}, {"b", "b:9"}}, 100, 2);
  CHECK(exchange.on_wake(start_of_time + 10ms, *moved) == Action(Attempt{{"b", "b:9"}, 2}));
}

TEST_CASE("a wait never outlives the deadline") {
  const auto ring = ring_of({"a", "b"}, 1);
  const auto key = key_of(*ring, "b");
  Exchange exchange({}, {key, 0, false, start_of_time + 300ms}, "a:1");
  (void)exchange.start(start_of_time, *ring);
  CHECK(exchange.on_failure(start_of_time, Outcome::not_executed, true, *ring) ==
        Action(Wait{start_of_time + 300ms}));
  CHECK(exchange.on_wake(start_of_time + 300ms, *ring) == Action(GiveUp{Failure::timed_out, false}));
}

TEST_CASE("what may have been executed is repeated only when that cannot matter, and once") {
  const auto ring = ring_of({"a", "b"}, 1);
  const auto key = key_of(*ring, "b");
  SECTION("not repeatable") {
    Exchange exchange({}, subject(key), "a:1");
    (void)exchange.start(start_of_time, *ring);
    CHECK(exchange.on_failure(start_of_time, Outcome::maybe_executed, true, *ring) ==
          Action(GiveUp{Failure::maybe_executed, true}));
  }
  SECTION("repeatable") {
    Exchange exchange({}, subject(key, 0, true), "a:1");
    (void)exchange.start(start_of_time, *ring);
    CHECK(exchange.on_failure(start_of_time, Outcome::maybe_executed, true, *ring) ==
          Action(Attempt{{"b", "b:1"}, 2}));
    CHECK(exchange.on_failure(start_of_time, Outcome::maybe_executed, true, *ring) ==
          Action(GiveUp{Failure::maybe_executed, true}));
  }
  SECTION("repeatable, but the body has gone by") {
    Exchange exchange({}, subject(key, 0, true), "a:1");
    (void)exchange.start(start_of_time, *ring);
    CHECK(exchange.on_failure(start_of_time, Outcome::maybe_executed, false, *ring) ==
          Action(GiveUp{Failure::maybe_executed, true}));
  }
}

TEST_CASE("a repeat of what may have run comes after a pause, and each further one waits twice as long") {
  const auto ring = ring_of({"a", "b"}, 1);
  const auto key = key_of(*ring, "b");
  const Attempt again{{"b", "b:1"}, 0};
  Policy policy;
  policy.retries = 4;
  policy.backoff = 25ms;
  policy.backoff_max = 100ms;
  Exchange exchange(policy, subject(key, 0, true), "a:1");
  Instant now = start_of_time;
  (void)exchange.start(now, *ring);
  int attempt = 1;
  for (const Millis pause : {25ms, 50ms, 100ms, 100ms}) {
    CHECK(exchange.on_failure(now, Outcome::maybe_executed, true, *ring) == Action(Wait{now + pause}));
    CHECK(exchange.on_wake(now + pause - 1ms, *ring_of({"a", "b"}, 2)) == Action(Wait{now + pause}));
    now += pause;
    CHECK(exchange.on_wake(now, *ring) == Action(Attempt{again.to, ++attempt}));
  }
  CHECK(exchange.on_failure(now, Outcome::maybe_executed, true, *ring) ==
        Action(GiveUp{Failure::maybe_executed, true}));
}

TEST_CASE("such a pause ends early when the key moves, and never outlives the deadline") {
  const auto ring = ring_of({"a", "b"}, 1);
  const auto key = key_of(*ring, "b");
  Policy policy;
  policy.backoff = 1s;
  Exchange moved(policy, subject(key, 0, true), "a:1");
  (void)moved.start(start_of_time, *ring);
  (void)moved.on_failure(start_of_time, Outcome::maybe_executed, true, *ring);
  CHECK(moved.on_wake(start_of_time + 1ms, *ring_of({"a"}, 2)) == Action(Local{2}));

  Exchange late(policy, {key, 0, true, start_of_time + 300ms}, "a:1");
  (void)late.start(start_of_time, *ring);
  CHECK(late.on_failure(start_of_time, Outcome::maybe_executed, true, *ring) ==
        Action(Wait{start_of_time + 300ms}));
  CHECK(late.on_wake(start_of_time + 300ms, *ring) == Action(GiveUp{Failure::timed_out, true}));
}

TEST_CASE("chance takes up to half of a pause away, so that what was lost together comes back apart") {
  const auto ring = ring_of({"a", "b"}, 1);
  const auto key = key_of(*ring, "b");
  Policy policy;
  policy.backoff = 20ms;
  Rng rng(1);
  std::set<Instant> ends;
  for (int i = 0; i < 200; ++i) {
    Exchange exchange(policy, subject(key, 0, true), "a:1", nullptr, &rng);
    (void)exchange.start(start_of_time, *ring);
    const auto end =
        std::get<Wait>(exchange.on_failure(start_of_time, Outcome::maybe_executed, true, *ring)).until;
    CHECK(end >= start_of_time + 10ms);
    CHECK(end <= start_of_time + 20ms);
    ends.insert(end);
  }
  CHECK(ends.size() > 150);
}

TEST_CASE("a renewed exchange is a new one") {
  const auto ring = ring_of({"a", "b"}, 1), moved = ring_of({"b"}, 2);
  const auto key = key_of(*ring, "a");
  Exchange exchange({}, subject(key, 0, true), "a:1");
  (void)exchange.start(start_of_time, *ring);
  (void)exchange.on_failure(start_of_time, Outcome::maybe_executed, true, *moved);
  (void)exchange.on_failure(start_of_time, Outcome::not_executed, true, *moved);
  REQUIRE((exchange.executed_maybe() && exchange.rerouted()));
  exchange.renew({}, subject(key, 2));
  CHECK_FALSE((exchange.executed_maybe() || exchange.rerouted()));
  CHECK(exchange.owner().empty());
  CHECK(exchange.start(start_of_time, *ring) == Action(Local{1}));
  CHECK(exchange.on_failure(start_of_time, Outcome::not_executed, true, *ring) ==
        Action(Wait{start_of_time + 1s}));
}

TEST_CASE("repeats of all requests together stay within the budget; tries that ran nowhere do not need it") {
  const auto ring = ring_of({"a", "b"}, 1), moved = ring_of({"b"}, 2);
  const auto key = key_of(*ring, "b");
  RetryBudget budget(0);
  for (std::uint64_t i = 0; i <= RetryBudget::always; ++i) {
    Exchange exchange({}, subject(key, 0, true), "a:1", &budget);
    CHECK(exchange.repeats_left() == 1);
    (void)exchange.start(start_of_time, *ring);
    const auto action = exchange.on_failure(start_of_time, Outcome::maybe_executed, true, *ring);
    CHECK(action == (i < RetryBudget::always ? Action(Attempt{{"b", "b:1"}, 2})
                                             : Action(GiveUp{Failure::maybe_executed, true})));
    CHECK(exchange.repeats_left() == (i < RetryBudget::always ? 0 : 1));
  }
  Exchange unreached({}, subject(key), "a:1", &budget);
  (void)unreached.start(start_of_time, *ring);
  CHECK(std::holds_alternative<Attempt>(
      unreached.on_failure(start_of_time, Outcome::not_executed, true, *moved)));
}

TEST_CASE("what cannot be repeated takes nothing out of the budget") {
  const auto ring = ring_of({"a", "b"}, 1);
  const auto key = key_of(*ring, "b");
  RetryBudget budget(0);
  for (const bool repeatable : {false, true}) {
    Policy policy;
    policy.retries = repeatable ? 0 : 1;
    Exchange exchange(policy, subject(key, 0, repeatable), "a:1", &budget);
    (void)exchange.start(start_of_time, *ring);
    (void)exchange.on_failure(start_of_time, Outcome::maybe_executed, true, *ring);
  }
  std::uint64_t left = 0;
  while (budget.take(start_of_time)) ++left;
  CHECK(left == RetryBudget::always);
}

TEST_CASE("once a try may have been executed, every later giving up says so") {
  const auto ring = ring_of({"a", "b"}, 1);
  const auto key = key_of(*ring, "b");
  Exchange exchange({}, subject(key, 0, true), "a:1");
  (void)exchange.start(start_of_time, *ring);
  (void)exchange.on_failure(start_of_time, Outcome::maybe_executed, true, *ring);
  (void)exchange.on_failure(start_of_time, Outcome::not_executed, true, *ring);
  CHECK(exchange.on_wake(start_of_time + 1s, *ring) == Action(GiveUp{Failure::unreachable, true}));
}

TEST_CASE(
    "whatever happens, an exchange ends, stays within its bounds and never repeats an unrepeatable request") {
  for (std::uint64_t seed = 1; seed <= 2000; ++seed) {
    INFO("seed " << seed);
    Rng rng(seed);
    const Policy policy{static_cast<int>(rng.below(3)), static_cast<int>(1 + rng.below(2)), 1s, 8, 250ms,
                        Millis(rng.below(2) * 40)};
    const bool repeatable = rng.chance(1, 2);
    std::uint64_t version = 1;
    auto ring = ring_of({"a", "b", "c"}, version);
    Instant now = start_of_time;
    Exchange exchange(policy, {"some key", static_cast<int>(rng.below(3)), repeatable, now + 5s}, "a:1");
    Action action = exchange.start(now, *ring);
    int may_have_run = 0, steps = 0;
    while (!std::holds_alternative<GiveUp>(action)) {
      REQUIRE(++steps < 100);
      now += Millis(rng.below(400));
      if (rng.chance(1, 3))
        ring = rng.chance(1, 2) ? ring_of({"a", "c"}, ++version) : ring_of({"a", "b", "c"}, ++version);
      if (std::holds_alternative<Wait>(action)) {
        REQUIRE(std::get<Wait>(action).until <= start_of_time + 5s);
        action = exchange.on_wake(now, *ring);
        continue;
      }
      if (rng.chance(1, 8)) break;  // it worked
      const auto outcome = rng.chance(1, 2) ? Outcome::not_executed : Outcome::maybe_executed;
      if (outcome == Outcome::maybe_executed) ++may_have_run;
      action = exchange.on_failure(now, outcome, rng.chance(3, 4), *ring);
      REQUIRE((repeatable || may_have_run == 0 || std::holds_alternative<GiveUp>(action)));
    }
    REQUIRE(exchange.attempts() <= policy.attempts_max);
    REQUIRE(may_have_run <= (repeatable ? policy.retries + 1 : 1));
    if (const auto* end = std::get_if<GiveUp>(&action)) REQUIRE(end->executed_maybe == (may_have_run > 0));
  }
}

TEST_CASE("an owner whose ring differed is asked again every quarter of a second, for a second in all") {
  const auto ring = ring_of({"a", "b"}, 1);
  const auto key = key_of(*ring, "b");
  Exchange exchange({}, subject(key), "a:1");
  (void)exchange.start(start_of_time, *ring);
  const Attempt again{{"b", "b:1"}, 0};
  Instant now = start_of_time;
  for (int attempt = 2; attempt <= 4; ++attempt) {
    CHECK(exchange.on_failure(now, Outcome::ring_differs, true, *ring) == Action(Wait{now + 250ms}));
    CHECK(exchange.on_wake(now + 100ms, *ring) == Action(Wait{now + 250ms}));
    now += 250ms;
    CHECK(exchange.on_wake(now, *ring) == Action(Attempt{again.to, attempt}));
  }
  CHECK(exchange.on_failure(now, Outcome::ring_differs, true, *ring) == Action(Wait{start_of_time + 1s}));
  CHECK(exchange.on_wake(start_of_time + 1s, *ring) == Action(GiveUp{Failure::unreachable, false}));
  CHECK_FALSE(exchange.rerouted());
}

TEST_CASE("in the middle an owner whose ring differed is left to the entry, unless our own ring has moved") {
  const auto ring = ring_of({"a", "b", "c"}, 1);
  const auto key = key_of(*ring, "b");
  Exchange middle({}, subject(key, 1), "a:1");
  (void)middle.start(start_of_time, *ring);
  SECTION("our ring is as it was") {
    CHECK(middle.on_failure(start_of_time, Outcome::ring_differs, true, *ring) ==
          Action(GiveUp{Failure::not_owner, false}));
  }
  SECTION("the body has gone by: the entry may still have it") {
    CHECK(middle.on_failure(start_of_time, Outcome::ring_differs, false, *ring_of({"a"}, 2)) ==
          Action(GiveUp{Failure::not_owner, false}));
  }
  SECTION("our ring has moved") {
    CHECK(middle.on_failure(start_of_time, Outcome::ring_differs, true, *ring_of({"a"}, 2)) ==
          Action(Local{2}));
  }
}

TEST_CASE(
    "who owned the key lately serves it at the hop limit, and when who it was passed on to refuses it") {
  const auto before = ring_of({"a", "b"}, 1), now = ring_of({"b"}, 2);
  const auto key = key_of(*before, "a");
  PastRings past;
  past.note(start_of_time, before);
  const auto exchange = [&](int hops) {
    return Exchange({}, subject(key, hops), "a:1", nullptr, nullptr, &past);
  };
  SECTION("at the hop limit") {
    auto late = subject(key, 2);
    late.deadline = start_of_time + 20s;
    CHECK(Exchange({}, late, "a:1", nullptr, nullptr, &past).start(start_of_time + 9s, *now) ==
          Action(Local{1}));
    CHECK(Exchange({}, late, "a:1", nullptr, nullptr, &past).start(start_of_time + 10s, *now) ==
          Action(GiveUp{Failure::not_owner, false}));
  }
  SECTION("in the middle, only when the owner has refused it") {
    auto middle = exchange(1);
    CHECK(middle.start(start_of_time, *now) == Action(Attempt{{"b", "b:1"}, 1}));
    SECTION("because its ring differs") {
      CHECK(middle.on_failure(start_of_time, Outcome::ring_differs, true, *now) == Action(Local{2}));
    }
    SECTION("but not when it cannot be reached: it may have died, and then the ring will move") {
      CHECK(
          std::holds_alternative<Wait>(middle.on_failure(start_of_time, Outcome::not_executed, true, *now)));
    }
    SECTION("but not without the body") {
      CHECK(middle.on_failure(start_of_time, Outcome::ring_differs, false, *now) ==
            Action(GiveUp{Failure::not_owner, false}));
    }
    SECTION("and by the newer ring if it has moved again") {
      CHECK(middle.on_failure(start_of_time, Outcome::ring_differs, true, *ring_of({"c"}, 3)) ==
            Action(Attempt{{"c", "c:1"}, 2}));
    }
  }
  SECTION("at the entry, after all the waiting") {
    auto entry = exchange(0);
    (void)entry.start(start_of_time, *now);
    CHECK(entry.on_failure(start_of_time, Outcome::ring_differs, true, *now) ==
          Action(Wait{start_of_time + 250ms}));
    (void)entry.on_wake(start_of_time + 250ms, *now);
    CHECK(entry.on_failure(start_of_time + 1s, Outcome::ring_differs, true, *now) == Action(Local{3}));
  }
  SECTION("a request that is served so is not ours by the ring: while it waits it may still go elsewhere") {
    auto served = exchange(2);
    (void)served.start(start_of_time, *now);
    CHECK(served.is_ours(*now));
    CHECK_FALSE(served.is_ours(*ring_of({"b"}, 3)));
  }
}

TEST_CASE(
    "a pinned request stays at this node's app, whatever the ring says, and is repeated by the same rule") {
  const auto empty = ring_of({}, 1), moved = ring_of({"b"}, 2);
  for (const bool repeatable : {false, true}) {
    Exchange exchange({}, {"", 0, repeatable, start_of_time + 5s, true}, "a:1");
    CHECK(exchange.start(start_of_time, *empty) == Action(Local{1}));
    if (repeatable)
      CHECK(exchange.on_failure(start_of_time, Outcome::maybe_executed, true, *moved) == Action(Local{2}));
    CHECK(exchange.on_failure(start_of_time, Outcome::maybe_executed, true, *moved) ==
          Action(GiveUp{Failure::maybe_executed, true}));
  }
  Exchange refused({}, {"", 0, true, start_of_time + 5s, true}, "a:1");
  (void)refused.start(start_of_time, *empty);
  CHECK(refused.on_failure(start_of_time, Outcome::not_executed, true, *empty) ==
        Action(GiveUp{Failure::unreachable, false}));
}

TEST_CASE("an owner whose ring differed is left when our own ring moves") {
  const auto ring = ring_of({"a", "b"}, 1);
  const auto key = key_of(*ring, "b");
  Exchange exchange({}, subject(key), "a:1");
  (void)exchange.start(start_of_time, *ring);
  (void)exchange.on_failure(start_of_time, Outcome::ring_differs, true, *ring);
  CHECK(exchange.on_wake(start_of_time + 10ms, *ring_of({"a"}, 2)) == Action(Local{2}));
}

TEST_CASE("a request for a named member is for that one or nobody, whatever the ring says") {
  const auto ring = ring_of({"a", "c"}, 1), moved = ring_of({"a", "b"}, 2);
  const Subject named{"", 0, false, start_of_time + 5s, false, {"b", "b:1"}};
  const auto at_b = [](int number) { return Action(Attempt{{"b", "b:1"}, number}); };
  SECTION("it is tried again as long as it surely was not executed, for a second in all") {
    Exchange exchange({}, named, "a:1");
    CHECK(exchange.start(start_of_time, *ring) == at_b(1));
    CHECK(exchange.on_failure(start_of_time, Outcome::not_executed, true, *ring) ==
          Action(Wait{start_of_time + 250ms}));
    CHECK(exchange.on_wake(start_of_time + 250ms, *ring) == at_b(2));
    CHECK(exchange.on_failure(start_of_time + 300ms, Outcome::not_executed, true, *moved) == at_b(3));
    CHECK(exchange.on_failure(start_of_time + 1s, Outcome::not_executed, true, *moved) ==
          Action(GiveUp{Failure::unreachable, false}));
    CHECK_FALSE(exchange.rerouted());
  }
  SECTION("a ring that moves while it waits is no reason to look elsewhere") {
    Exchange exchange({}, named, "a:1");
    (void)exchange.start(start_of_time, *ring);
    (void)exchange.on_failure(start_of_time, Outcome::not_executed, true, *ring);
    CHECK(exchange.on_wake(start_of_time + 100ms, *moved) == Action(Wait{start_of_time + 250ms}));
  }
  SECTION("what may have run is not repeated") {
    Exchange exchange({}, named, "a:1");
    (void)exchange.start(start_of_time, *ring);
    CHECK(exchange.on_failure(start_of_time, Outcome::maybe_executed, true, *ring) ==
          Action(GiveUp{Failure::maybe_executed, true}));
  }
  SECTION("and nobody serves it because the empty key was his lately") {
    PastRings past;
    past.note(start_of_time, ring_of({"a"}, 1));
    Exchange exchange({}, named, "a:1", nullptr, nullptr, &past);
    (void)exchange.start(start_of_time, *ring);
    CHECK_FALSE(exchange.owned_lately(start_of_time));
    CHECK(exchange.on_failure(start_of_time + 1s, Outcome::ring_differs, true, *ring) ==
          Action(Wait{start_of_time + 1250ms}));
  }
}

TEST_CASE("a caller that wants the owner here or nobody is told who it is") {
  const auto ring = ring_of({"a", "b"}, 1), moved = ring_of({"b"}, 2);
  const auto wanted = [](std::string_view key) {
    return Subject{key, 0, true, start_of_time + 5s, false, {}, Place::local_only};
  };
  const auto ours = key_of(*ring, "a"), theirs = key_of(*ring, "b");
  Exchange refused({}, wanted(theirs), "a:1");
  CHECK(refused.start(start_of_time, *ring) == Action(GiveUp{Failure::kept_here, false}));
  CHECK(refused.owner() == "b");
  Exchange kept({}, wanted(ours), "a:1");
  CHECK(kept.start(start_of_time, *ring) == Action(Local{1}));
  CHECK(kept.on_failure(start_of_time, Outcome::not_executed, true, *moved) ==
        Action(GiveUp{Failure::kept_here, false}));
}

TEST_CASE("a caller that prefers this node gets its app, and the owner if it surely was not executed there") {
  const auto ring = ring_of({"a", "b"}, 1), moved = ring_of({"a", "b", "c"}, 2);
  const auto key = key_of(*ring, "b");
  Exchange exchange({}, {key, 0, false, start_of_time + 5s, false, {}, Place::prefer_local}, "a:1");
  CHECK(exchange.start(start_of_time, *ring) == Action(Local{1}));
  CHECK(exchange.preferred());
  CHECK(exchange.owner() == "b");
  CHECK(exchange.is_ours(*ring));
  CHECK_FALSE(exchange.is_ours(*moved));
  SECTION("not executed") {
    CHECK(exchange.on_failure(start_of_time, Outcome::not_executed, true, *ring) ==
          Action(Attempt{{"b", "b:1"}, 2}));
    CHECK_FALSE(exchange.preferred());
  }
  SECTION("perhaps executed") {
    CHECK(exchange.on_failure(start_of_time, Outcome::maybe_executed, true, *ring) ==
          Action(GiveUp{Failure::maybe_executed, true}));
  }
  SECTION("its own key is its own") {
    const auto ours = key_of(*ring, "a");
    Exchange own({}, {ours, 0, false, start_of_time + 5s, false, {}, Place::prefer_local}, "a:1");
    CHECK(own.start(start_of_time, *ring) == Action(Local{1}));
    CHECK_FALSE(own.preferred());
  }
}
