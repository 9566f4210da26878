// Leaving the ring as a value: what is done when, and what does not change it.
#include "daemon/control/drain.hpp"

#include <catch2/catch.hpp>

#include "daemon/base/limits.hpp"

namespace ringside::control {
namespace {

using namespace std::chrono_literals;
using api::DrainState;
using Step = Drain::Step;

Now at(Duration since) {
  return {Instant{} + since, WallTime(std::chrono::floor<Millis>(since))};
}
Instant instant(Duration since) {
  return Instant{} + since;
}
constexpr auto grace = limits::drain_close_time;

TEST_CASE("a drain serves on for the notice, waits for the app's requests and then stays") {
  Drain drain({.notice = 1s});
  CHECK(!drain.active());
  CHECK(drain.look(instant(0s), {.told = true}) == Step::none);
  drain.start(at(0s), 30s);
  CHECK(drain.view().state == DrainState::announcing);
  CHECK(drain.view().deadline == WallTime(30s));
  CHECK(drain.look(instant(999ms), {.told = true}) == Step::none);
  CHECK(drain.look(instant(1s), {.told = true, .at_app = 2}) == Step::show);
  CHECK(drain.view().state == DrainState::finishing);
  CHECK(drain.look(instant(20s), {.told = true, .at_app = 1}) == Step::none);
  CHECK(drain.look(instant(21s), {.told = true}) == Step::show);
  CHECK(drain.view().state == DrainState::drained);
  CHECK(drain.look(instant(1000s), {.told = true}) == Step::none);
  CHECK((drain.active() && !drain.leaving()));
  drain.cancel();
  CHECK(!drain.active());
}

TEST_CASE("who has not told everybody waits for it, but not for long") {
  Drain drain({.notice = 1s});
  drain.start(at(0s), 30s);
  CHECK(drain.look(instant(1s), {}) == Step::none);
  CHECK(drain.look(instant(2s), {}) == Step::show);
  Drain patient({.notice = 5s});
  patient.start(at(0s), 30s);
  CHECK(patient.look(instant(4s), {}) == Step::none);
  CHECK(patient.look(instant(5s), {}) == Step::show);
}

TEST_CASE("at the deadline of a drain the app's requests are cut, once, and given a moment") {
  Drain drain({.notice = 1s});
  drain.start(at(0s), 10s);
  CHECK(drain.look(instant(2s), {.told = true, .at_app = 1}) == Step::show);
  CHECK(drain.look(instant(10s), {.told = true, .at_app = 1}) == Step::cut_at_app);
  CHECK(drain.look(instant(10s), {.told = true, .at_app = 1}) == Step::none);
  CHECK(drain.look(instant(10s + grace), {.told = true, .at_app = 1}) == Step::show);
  CHECK(drain.view().state == DrainState::drained);
  CHECK(drain.view().cut == 1);
  drain.cancel();
  CHECK(drain.view().cut == 0);
}

TEST_CASE("who leaves departs when the app has nothing to do, and ends when no connection is left") {
  Drain drain({.notice = 1s});
  drain.leave(at(0s), 30s, false);
  CHECK(drain.leaving());
  CHECK(drain.look(instant(1s), {.told = true, .at_app = 1}) == Step::show);
  CHECK(drain.look(instant(3s), {.told = true}) == Step::show);
  CHECK(drain.look(instant(3s), {.told = true}) == Step::depart);
  CHECK(drain.view().state == DrainState::departing);
  CHECK(drain.look(instant(4s), {.told = true}) == Step::none);
  CHECK(drain.look(instant(5s), {.told = true, .workers_empty = true}) == Step::exit);
}

TEST_CASE("at the deadline of a leave everything is cut, and a moment later it ends in any case") {
  Drain drain({.notice = 1s});
  drain.leave(at(0s), 10s, false);
  CHECK(drain.look(instant(1s), {.told = true, .at_app = 1}) == Step::show);
  CHECK(drain.look(instant(10s), {.told = true, .at_app = 1}) == Step::depart);
  CHECK(drain.look(instant(10s), {.told = true, .at_app = 1}) == Step::cut_all);
  CHECK(drain.look(instant(10s), {.told = true, .at_app = 1}) == Step::none);
  CHECK(drain.look(instant(10s + grace), {.told = true, .at_app = 1}) == Step::exit);
}

TEST_CASE("a second order to leave changes nothing, and one to drain does not keep who leaves") {
  Drain drain({.notice = 1s});
  drain.leave(at(0s), 10s, false);
  drain.leave(at(5s), 1s, true);
  drain.start(at(5s), 60s);
  CHECK(drain.leaving());
  CHECK(drain.view().since == WallTime(0s));
  CHECK(drain.view().deadline == WallTime(10s));
  drain.hurry(at(6s));
  CHECK(drain.view().deadline == WallTime(6s));
  CHECK(drain.look(instant(6s), {.at_app = 1}) == Step::show);
  CHECK(drain.look(instant(6s), {.at_app = 1}) == Step::depart);
  CHECK(drain.look(instant(6s), {.at_app = 1}) == Step::cut_all);
  drain.hurry(at(7s));  // what has been cut keeps its moment
  CHECK(drain.look(instant(6s + grace), {.at_app = 1}) == Step::exit);
}

TEST_CASE("who is drained leaves at once, unless there is something new to tell") {
  Drain drain({.notice = 1s});
  drain.start(at(0s), 30s);
  CHECK(drain.look(instant(1s), {.told = true}) == Step::show);
  CHECK(drain.look(instant(1s), {.told = true}) == Step::show);
  Drain other = drain;
  drain.leave(at(60s), 30s, false);
  CHECK(drain.look(instant(60s), {.told = true}) == Step::depart);
  other.leave(at(60s), 30s, true);
  CHECK(other.look(instant(60s), {.told = true}) == Step::none);
  CHECK(other.view().state == DrainState::announcing);
}

TEST_CASE("an app that is to end first keeps its leaving ringside, up to the deadline") {
  Drain drain({.notice = 1s, .app_first = true});
  drain.leave(at(0s), 10s, false);
  CHECK(drain.look(instant(1s), {.told = true}) == Step::show);
  CHECK(drain.look(instant(2s), {.told = true}) == Step::none);
  Drain other = drain;
  CHECK(drain.look(instant(3s), {.told = true, .app_ended = true}) == Step::show);
  CHECK(drain.look(instant(3s), {.told = true, .app_ended = true}) == Step::depart);
  CHECK(other.look(instant(10s), {.told = true}) == Step::depart);
  Drain stays({.notice = 1s, .app_first = true});  // a drain is not on its way out: the app is still needed
  stays.start(at(0s), 10s);
  CHECK(stays.look(instant(1s), {.told = true}) == Step::show);
  CHECK(stays.look(instant(1s), {.told = true}) == Step::show);
  CHECK(stays.view().state == DrainState::drained);
}

}  // namespace
}  // namespace ringside::control
