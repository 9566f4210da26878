// When an app counts as up, restarting and down, and when it is looked at.
#include "daemon/control/app_health.hpp"

#include <catch2/catch.hpp>

namespace ringside::control::test {
namespace {

using namespace std::chrono_literals;
using api::AppState;

const Probed passed{true, false, ""};
const Probed refused{false, true, "Connection refused"};
const Probed slow{false, false, "no answer within 500ms"};

struct Watched {
  explicit Watched(config::Config c = with_app()) : config(std::move(c)), health(config.app, now()) {}
  static config::Config with_app() {
    config::Config config;
    config.app.address = "127.0.0.1:5000";
    return config;
  }
  [[nodiscard]] Now now() const { return {Instant{} + time, WallTime{time}}; }
  void to(Millis at) { time = at; }
  // The probe that is due now ends at once.
  bool probe(const Probed& how) {
    REQUIRE(health.take_probe(now()));
    return health.on_probe(now(), how);
  }
  [[nodiscard]] Millis next() const {
    return std::chrono::duration_cast<Millis>(health.next_deadline() - Instant{});
  }
  [[nodiscard]] AppState state() const { return health.app().state; }
  config::Config config;
  Millis time{1000};
  AppHealth health;
};

TEST_CASE("an app that is there is up with its first probe, and is then looked at every interval") {
  Watched w;
  CHECK(w.state() == AppState::starting);
  CHECK(!w.health.has_place());
  CHECK(w.next() == 1000ms);
  CHECK(w.probe(passed));
  CHECK(w.state() == AppState::up);
  CHECK(w.health.has_place());
  CHECK(w.next() == 3000ms);
  CHECK(!w.health.take_probe(w.now()));
  w.to(3000ms);
  CHECK(!w.probe(passed));  // no news
  CHECK(w.next() == 5000ms);
}

TEST_CASE("an app that is not there yet is looked at often, and the reason is news once") {
  Watched w;
  CHECK(w.probe(refused));
  CHECK(w.state() == AppState::starting);
  CHECK(w.health.app().reason == "Connection refused");
  for (int i = 1; i <= 50; ++i) {
    w.to(w.next());
    CHECK(w.time == 1000ms + i * 200ms);
    CHECK(!w.probe(refused));
  }
  CHECK(w.state() == AppState::starting);  // however long it takes: it has never been up
  w.to(w.next());
  CHECK(w.probe(passed));
  CHECK(w.health.app().reason.empty());
}

TEST_CASE(
    "a refused request is looked into at once; three refusals make it restart, app.grace takes its place") {
  Watched w;
  w.probe(passed);
  w.to(1700ms);
  w.health.on_refused(w.now());
  CHECK(w.next() == 1700ms);
  CHECK(!w.probe(refused));
  w.to(1900ms);
  CHECK(!w.probe(refused));
  w.to(2100ms);
  CHECK(w.probe(refused));
  CHECK(w.state() == AppState::restarting);
  CHECK(w.health.app().reason == "Connection refused");
  CHECK(w.health.app().since == WallTime{2100ms});
  CHECK(w.health.has_place());
  for (Millis at = 2300ms; at < 6700ms; at += 200ms) {
    w.to(at);
    CHECK(w.next() == at);
    CHECK(!w.health.on_time(w.now()));
    CHECK(!w.probe(refused));
  }
  w.to(6700ms);  // the first failure and 5 s
  CHECK(w.next() == 6700ms);
  CHECK(w.health.on_time(w.now()));
  CHECK(w.state() == AppState::down);
  CHECK(!w.health.has_place());
  CHECK(w.health.app().since == WallTime{2100ms});
  CHECK(w.probe(passed));
  CHECK(w.state() == AppState::up);
}

TEST_CASE("back within the grace, nothing moves, and those who wait hear of it") {
  Watched w;
  w.probe(passed);
  const auto before = w.health.app().answers;
  w.health.on_refused(w.now());
  for (int i = 0; i < 3; ++i) {
    w.probe(refused);
    w.to(w.next());
  }
  CHECK(w.state() == AppState::restarting);
  const auto restarting = w.health.app().answers;
  CHECK(restarting > before);
  CHECK(w.probe(passed));
  CHECK(w.state() == AppState::up);
  CHECK(w.health.app().answers > restarting);
}

TEST_CASE("when a refused request turns out to be a blink, that is told too, and only by a later probe") {
  Watched w;
  w.probe(passed);
  const auto before = w.health.app().answers;
  w.to(3000ms);
  REQUIRE(w.health.take_probe(w.now()));
  w.health.on_refused(w.now());  // what is under way may have seen what was before
  CHECK(!w.health.on_probe(w.now(), passed));
  CHECK(w.health.app().answers == before);
  CHECK(w.next() == 3000ms);
  CHECK(w.probe(passed));
  CHECK(w.health.app().answers == before + 1);
  CHECK(w.next() == 5000ms);
}

TEST_CASE(
    "slow answers are patient: it takes app.health.fail of them, an interval apart, and one good one "
    "forgives") {
  Watched w;
  w.probe(passed);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 2; ++i) {
      w.to(w.time + 2000ms);
      CHECK(!w.probe(slow));
      CHECK(w.next() == w.time + 2000ms);
    }
    w.to(w.time + 2000ms);
    CHECK(!w.probe(passed));
    CHECK(w.state() == AppState::up);
  }
}

TEST_CASE("app.health.pass probes in a row bring it up, and a failure between them counts") {
  auto config = Watched::with_app();
  config.app.health.pass = 3;
  Watched w(config);
  for (const auto& how : {passed, passed, refused, passed, passed}) {
    w.probe(how);
    CHECK(w.state() == AppState::starting);
    w.to(w.next());
  }
  CHECK(w.probe(passed));
  CHECK(w.state() == AppState::up);
}

TEST_CASE("without grace an app that is gone is down at once; without an app nothing is looked at") {
  auto config = Watched::with_app();
  config.app.grace = 0ms;
  config.app.health.fail = 1;
  Watched w(config);
  w.probe(passed);
  w.health.on_refused(w.now());
  CHECK(w.probe(refused));
  CHECK(w.state() == AppState::down);

  config::Config none;
  Watched without(none);
  CHECK(without.state() == AppState::none);
  CHECK(without.health.next_deadline() == never);
  without.health.on_refused(without.now());
  CHECK(without.health.next_deadline() == never);
}

TEST_CASE("with app.health.required: false the member keeps its place whatever becomes of the app") {
  auto config = Watched::with_app();
  config.app.health.required = false;
  config.app.grace = 0ms;
  config.app.health.fail = 1;
  Watched w(config);
  CHECK(w.health.has_place());
  w.probe(passed);
  w.health.on_refused(w.now());
  w.probe(refused);
  CHECK(w.state() == AppState::down);
  CHECK(w.health.has_place());
}

TEST_CASE("an app that moves keeps its place until the grace is over, and is up when the new one is found") {
  Watched w;
  (void)w.probe(passed);
  w.to(2000ms);
  config::AppSettings other = w.config.app;
  other.address = "127.0.0.1:5001";
  w.health.move(other, w.now());
  CHECK(w.state() == AppState::restarting);
  CHECK(w.health.has_place());
  CHECK(w.next() == 2000ms);
  CHECK(w.probe(refused));
  w.to(2200ms);
  CHECK(w.probe(passed));
  CHECK(w.state() == AppState::up);

  w.health.move(w.config.app, w.now());
  CHECK(w.probe(refused));
  w.to(2200ms + 5000ms);
  CHECK(w.health.on_time(w.now()));
  CHECK(w.state() == AppState::down);
}

TEST_CASE("an app comes to a node that had none, and goes for good") {
  Watched w{config::Config{}};
  CHECK(w.state() == AppState::none);
  CHECK(w.health.next_deadline() == never);
  w.health.move(Watched::with_app().app, w.now());
  CHECK(w.state() == AppState::starting);
  CHECK(w.probe(passed));
  CHECK(w.health.has_place());
  w.health.move({}, w.now());
  CHECK(w.state() == AppState::none);
  CHECK(!w.health.has_place());
  CHECK(w.health.next_deadline() == never);
}

}  // namespace
}  // namespace ringside::control::test
