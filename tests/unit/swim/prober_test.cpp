// Verdicts and pace of the failure detector (spec E.1, E.3).
#include "daemon/swim/prober.hpp"

#include <catch2/catch.hpp>

using namespace ringside;
using swim::Prober;
using namespace std::chrono_literals;
using Says = Prober::HelperSays;
using Outcome = Prober::Outcome;

TEST_CASE("the verdict of the helpers: one yes is enough, one no decides, errors alone say nothing") {
  struct Case {
    std::vector<Says> answers;
    Outcome outcome;
  };
  for (const Case& c : {Case{{Says::reachable}, Outcome::reachable},
                        Case{{Says::unreachable, Says::nothing, Says::reachable}, Outcome::reachable},
                        Case{{Says::unreachable, Says::unreachable, Says::unreachable}, Outcome::unreachable},
                        Case{{Says::nothing, Says::unreachable, Says::nothing}, Outcome::unreachable},
                        Case{{Says::nothing, Says::nothing, Says::nothing}, Outcome::inconclusive},
                        Case{{Says::nothing}, Outcome::inconclusive}}) {
    Prober prober(200ms);
    prober.start(Instant{});
    const auto probe = prober.begin(Instant{}, {"a:1", 5}, never);
    CHECK(prober.pinging(probe));
    prober.ask(c.answers.size(), never);
    CHECK(prober.asking(probe));
    for (std::size_t i = 0; i + 1 < c.answers.size(); ++i) CHECK(!prober.on_helper(c.answers[i]));
    CHECK(prober.on_helper(c.answers.back()) == c.outcome);
    prober.end(Instant{});
    CHECK(!prober.asking(probe));
  }
}

TEST_CASE("a yes ends the wait for the other helpers") {
  Prober prober(200ms);
  prober.start(Instant{});
  prober.begin(Instant{}, {"a:1", 5}, never);
  prober.ask(3, never);
  CHECK(!prober.on_helper(Says::nothing));
  CHECK(prober.on_helper(Says::reachable) == Outcome::reachable);
}

TEST_CASE("on a quick network periods follow each other 200 ms after the last one's end") {
  Prober prober(200ms);
  Instant now{};
  prober.start(now);
  for (int i = 0; i < 50; ++i) {
    REQUIRE(prober.next_deadline() == now);
    prober.begin(now, {"a:1", 5}, never);
    CHECK(prober.next_deadline() == never);
    now += 1ms;
    prober.end(now);
    now = prober.next_deadline();
    CHECK(now == Instant{} + 201ms * (i + 1));
  }
}

namespace {

// Periods one after the other, each as long as is said.
struct Periods {
  Periods() { prober.start(now); }
  Duration delay_after(Duration took) {
    prober.begin(now, {"a:1", 5}, never);
    now += took;
    prober.end(now);
    const Duration delay = prober.next_deadline() - now;
    now = prober.next_deadline();
    return delay;
  }
  Prober prober{200ms};
  Instant now{};
};

}  // namespace

TEST_CASE("the usual time is the median of the periods so far, and unknown before there are three") {
  Periods periods;
  const auto usual_after = [&](Duration took) {
    periods.delay_after(took);
    return periods.prober.usual_time();
  };
  CHECK(periods.prober.usual_time() == 200ms);
  CHECK(usual_after(2ms) == 200ms);
  CHECK(usual_after(4ms) == 200ms);
  CHECK(usual_after(900ms) == 4ms);
  CHECK(usual_after(6ms) == 5ms);
  for (int i = 0; i < 6; ++i) usual_after(100ms);
  CHECK(usual_after(100ms) == 100ms);  // of the last ten
}

TEST_CASE("on a slow network the delay becomes twice the median period, and comes back") {
  Periods periods;
  Duration delay{};
  for (int i = 0; i < 12; ++i) delay = periods.delay_after(1500ms);
  CHECK(delay == 3s);
  for (int i = 0; i < 12; ++i) delay = periods.delay_after(1ms);
  CHECK(delay == 200ms);
}
