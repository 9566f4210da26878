#include "daemon/forward/breaker.hpp"

#include <catch2/catch.hpp>

using namespace ringside;
using namespace ringside::forward;
using namespace std::chrono_literals;

namespace {
const Instant start_of_time{1000s};
const BreakerPolicy policy{3, 1s};
}  // namespace

TEST_CASE("a breaker opens at the last of its failures in a row, once, and says so") {
  Breaker breaker;
  for (int i = 0; i < 2; ++i) {
    CHECK(breaker.admits(start_of_time, policy));
    CHECK_FALSE(breaker.fail(start_of_time, policy));
    CHECK_FALSE(breaker.open());
  }
  CHECK(breaker.fail(start_of_time, policy));
  CHECK(breaker.open());
  CHECK_FALSE(breaker.admits(start_of_time, policy));
  CHECK_FALSE(breaker.fail(start_of_time, policy));
}

TEST_CASE("an open breaker lets one request through in each pause") {
  Breaker breaker;
  for (int i = 0; i < 3; ++i) (void)breaker.fail(start_of_time, policy);
  CHECK(breaker.probe_at() == start_of_time + 1s);
  CHECK_FALSE(breaker.admits(start_of_time + 999ms, policy));
  CHECK(breaker.admits(start_of_time + 1s, policy));
  CHECK_FALSE(breaker.admits(start_of_time + 1s, policy));
  CHECK_FALSE(breaker.fail(start_of_time + 1001ms, policy));  // the probe has failed
  CHECK_FALSE(breaker.admits(start_of_time + 1999ms, policy));
  CHECK(breaker.admits(start_of_time + 2s, policy));
  CHECK(breaker.admits(start_of_time + 60s, policy));  // nobody has told what became of the last one
}

TEST_CASE("failures of requests that were under way when it opened do not keep a breaker open longer") {
  Breaker breaker;
  for (int i = 0; i < 3; ++i) (void)breaker.fail(start_of_time, policy);
  for (int i = 0; i < 100; ++i) (void)breaker.fail(start_of_time + 900ms, policy);
  CHECK(breaker.admits(start_of_time + 1s, policy));
}

TEST_CASE("a breaker that is switched off never opens") {
  Breaker breaker;
  for (int i = 0; i < 1000; ++i) CHECK_FALSE(breaker.fail(start_of_time, {0, 1s}));
  CHECK(breaker.admits(start_of_time, {0, 1s}));
}
