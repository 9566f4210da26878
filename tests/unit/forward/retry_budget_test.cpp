#include "daemon/forward/retry_budget.hpp"

#include <catch2/catch.hpp>
#include <deque>

#include "daemon/base/rng.hpp"

using namespace ringside;
using namespace ringside::forward;
using namespace std::chrono_literals;

namespace {

const Instant start_of_time{1000s};

int take_all(RetryBudget& budget, Instant now) {
  int taken = 0;
  while (budget.take(now)) ++taken;
  return taken;
}

}  // namespace

TEST_CASE("a quiet daemon may repeat ten requests in ten seconds") {
  for (const int percent : {0, 20, 100}) {
    RetryBudget budget(percent);
    CHECK(take_all(budget, start_of_time) == 10);
    CHECK(take_all(budget, start_of_time + 8s) == 0);
    CHECK(take_all(budget, start_of_time + 10s) == 10);
  }
}

TEST_CASE("a busy one may repeat its share of the last ten seconds' requests, no more") {
  RetryBudget budget(20);
  for (int i = 0; i < 1000; ++i) budget.count_request(start_of_time + i * 9ms);
  CHECK(take_all(budget, start_of_time + 9s) == 200);
  for (int i = 0; i < 4; ++i) budget.count_request(start_of_time + 9s);
  CHECK(take_all(budget, start_of_time + 9s) == 0);
  budget.count_request(start_of_time + 9s);
  CHECK(take_all(budget, start_of_time + 9s) == 1);
}

TEST_CASE("what is ten seconds old is forgotten, requests and repeats alike") {
  RetryBudget budget(20);
  for (int i = 0; i < 500; ++i) budget.count_request(start_of_time);
  CHECK(take_all(budget, start_of_time + 5s) == 100);
  for (int i = 0; i < 400; ++i) budget.count_request(start_of_time + 5s);
  CHECK(take_all(budget, start_of_time + 5s) == 80);
  CHECK(take_all(budget, start_of_time + 12s) == 0);   // 400 requests, 180 repeats
  CHECK(take_all(budget, start_of_time + 15s) == 10);  // nothing of either
  CHECK(take_all(budget, start_of_time + 10'000s) == 10);
}

TEST_CASE("whatever comes, repeats stay within the share when they are allowed") {
  struct Event {
    Instant at;
    bool repeat;
  };
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    INFO("seed " << seed);
    Rng rng(seed);
    const int percent = static_cast<int>(rng.below(101));
    RetryBudget budget(percent);
    std::deque<Event> events;
    Instant now = start_of_time;
    for (int step = 0; step < 2000; ++step) {
      now += Millis(rng.below(rng.chance(1, 200) ? 15'000 : 40));
      while (!events.empty() && now - events.front().at >= 10s) events.pop_front();
      if (rng.chance(1, 2)) {
        budget.count_request(now);
        events.push_back({now, false});
        continue;
      }
      if (!budget.take(now)) continue;
      events.push_back({now, true});
      // The window moves on by whole seconds: it is nine to ten seconds long.
      std::uint64_t requests = 0, repeats = 0;
      for (const Event& event : events) {
        if (!event.repeat) ++requests;
        if (event.repeat && now - event.at < 9s) ++repeats;
      }
      REQUIRE(repeats <= std::max(RetryBudget::always, requests * static_cast<std::uint64_t>(percent) / 100));
    }
  }
}
