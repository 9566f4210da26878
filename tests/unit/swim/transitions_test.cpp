// What time does to a member (spec C.6).
#include "daemon/swim/transitions.hpp"

#include <catch2/catch.hpp>

using namespace ringside;
using namespace ringside::swim;
using namespace std::chrono_literals;
using ringpop::Status;

namespace {

const Instant start{};

Config plain() {
  Config config;
  config.lifeguard = plain_swim;
  return config;
}

}  // namespace

TEST_CASE("suspect, faulty and tombstone wait for their own times; alive and leave for nothing") {
  const Config config = plain();
  struct Case {
    Status status;
    std::optional<Millis> time;
  };
  for (const Case& c : {Case{Status::alive, std::nullopt}, Case{Status::suspect, config.suspect_timeout},
                        Case{Status::faulty, config.faulty_timeout}, Case{Status::leave, std::nullopt},
                        Case{Status::tombstone, config.tombstone_timeout}}) {
    Transitions transitions(config);
    transitions.on_status(start, "a:1", c.status, 1, {});
    CHECK(transitions.next_deadline() == (c.time ? start + *c.time : never));
    if (!c.time) continue;
    CHECK(!transitions.pop_due(start + *c.time - 1ms));
    const auto due = transitions.pop_due(start + *c.time);
    REQUIRE(due);
    CHECK(due->from == c.status);
    CHECK(transitions.next_deadline() == never);
  }
}

TEST_CASE("the same news again does not restart the timer, a higher incarnation does, alive stops it") {
  Transitions transitions(plain());
  transitions.on_status(start, "a:1", Status::suspect, 1, {});
  transitions.on_status(start + 2s, "a:1", Status::suspect, 1, {});
  CHECK(transitions.next_deadline() == start + 5s);
  transitions.on_status(start + 2s, "a:1", Status::suspect, 2, {});
  CHECK(transitions.next_deadline() == start + 7s);
  CHECK(transitions.pop_due(start + 7s)->incarnation == 2);

  transitions.on_status(start, "a:1", Status::suspect, 3, {});
  transitions.on_status(start, "b:1", Status::suspect, 1, {});
  transitions.on_status(start, "a:1", Status::alive, 4, {});
  CHECK(transitions.size() == 1);
  CHECK(transitions.pop_due(start + 5s)->address == "b:1");
  CHECK(!transitions.pop_due(start + 5s));
}
