// What `ringside simulate` reports, for scenarios whose outcome is known.
#include "daemon/sim/scenario.hpp"

#include <catch2/catch.hpp>

using namespace ringside;
using namespace std::chrono_literals;

namespace {

sim::Report run(const sim::Scenario& scenario) {
  int lines = 0;
  const auto report = sim::run_scenario(scenario, {[&](const std::string&) { ++lines; }, {}});
  CHECK(lines >= 10);
  return report;
}

}  // namespace

TEST_CASE("two minutes without faults: no alarms, no changes, one view", "[sim]") {
  sim::Scenario scenario;
  scenario.time = 2min;
  const auto report = run(scenario);
  REQUIRE(report.cold_start);
  CHECK(*report.cold_start < 2s);
  CHECK(report.suspicions == 0);
  CHECK(report.false_alarms == 0);
  CHECK(report.ring_changes == 0);
  CHECK(report.disagreements.empty());
  CHECK(report.agreed_after == 0s);
  CHECK(report.running_at_end == 10);
  CHECK(report.node_seconds == 1200);
  // Five pings a second and their answers, and as many that are answered: bodies of some 100 to 200 bytes.
  CHECK(report.gossip_bytes / report.node_seconds > 500);
  CHECK(report.gossip_bytes / report.node_seconds < 3000);
}

TEST_CASE("the killed are reported one by one, with the time until they are out of all rings", "[sim]") {
  for (const bool proof : {true, false}) {
    sim::Scenario scenario;
    scenario.config.proof_of_death = proof;
    scenario.kill = 2;
    scenario.time = 2min;
    const auto report = run(scenario);
    REQUIRE(report.detections.size() == 2);
    for (const auto& dead : report.detections) {
      INFO(dead.name);
      REQUIRE(dead.last);
      CHECK(*dead.last >= *dead.first);
      if (proof) {
        CHECK(*dead.last < 500ms);
        continue;
      }
      REQUIRE(dead.suspected);
      CHECK(*dead.suspected < 2s);
      CHECK(*dead.first >= scenario.config.suspect_timeout);
      CHECK(*dead.last < 10s);
    }
    CHECK(report.false_alarms == 0);
    CHECK(report.agreed_after);
    CHECK(report.running_at_end == 8);
  }
}

TEST_CASE("a cut makes owners disagree until it has healed, and counts as no false alarm", "[sim]") {
  sim::Scenario scenario;
  scenario.partition = {40, 30s, 60s};
  scenario.time = 5min;
  const auto report = run(scenario);
  REQUIRE(!report.disagreements.empty());
  CHECK(report.disagreements.front().at > 30s);
  CHECK(report.disagreements.front().worst_per_mille > 200);
  CHECK(report.false_alarms == 0);
  CHECK(report.unreachable_lost > 0);
  CHECK(report.agreed_after);
}

TEST_CASE("while members come and go one by one nobody is called dead, and at the end there is one view",
          "[sim]") {
  sim::Scenario scenario;
  scenario.churn = 2s;
  scenario.time = 2min;
  const auto report = run(scenario);
  CHECK(report.joined == 60);
  CHECK(report.left == 60);
  CHECK(report.running_at_end == 10);
  CHECK(report.false_alarms == 0);
  CHECK(report.ring_changes >= 120 * 8);  // as each of the others sees it
  CHECK(report.agreed_after);
}

TEST_CASE("members come and go also where all but one of the first are killed", "[sim]") {
  sim::Scenario scenario;
  scenario.nodes = 3;
  scenario.kill = 2;
  scenario.churn = 1s;
  scenario.time = 1min;
  const auto report = run(scenario);
  CHECK(report.joined == report.left);
  CHECK(report.running_at_end == 1);
}

TEST_CASE("who joins while the cluster is cut is on one side of it, and all are one cluster afterwards",
          "[sim]") {
  sim::Scenario scenario;
  scenario.config.heal_doubt = 10s;  // or the words of the other side would be taken for true
  scenario.churn = 10s;
  scenario.partition = {40, 30s, 60s};
  scenario.time = 4min;
  const auto report = run(scenario);
  CHECK(report.false_alarms == 0);
  CHECK(report.agreed_after);
}

TEST_CASE("a scenario is the same run again with the same seed, and another one with another", "[sim]") {
  sim::Scenario scenario;
  scenario.nodes = 6;
  scenario.loss_per_mille = 50;
  scenario.freeze_per_mille = 10;
  scenario.time = 1min;
  const auto first = run(scenario);
  CHECK(run(scenario).trace_hash == first.trace_hash);
  CHECK(first.suspicions + first.unreachable_lost < 1000);
  scenario.seed = 2;
  CHECK(run(scenario).trace_hash != first.trace_hash);
}

TEST_CASE("a suspicion under way when the time is up has time to end, and the report says how long it took",
          "[sim]") {
  std::size_t late = 0;
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    INFO("seed " << seed);
    sim::Scenario scenario;
    scenario.loss_per_mille = 150;
    scenario.time = 30s;
    scenario.seed = seed;
    const auto report = run(scenario);
    REQUIRE(report.agreed_after);
    CHECK(*report.agreed_after <= sim::settle_limit);
    if (*report.agreed_after > 0s) ++late;
    CHECK(report.node_seconds == 300);  // the time asked for, and no more
  }
  CHECK(late > 0);  // or this shows nothing
}

TEST_CASE("a cut that lasts beyond the end is a disagreement", "[sim]") {
  sim::Scenario scenario;
  scenario.time = 60s;
  scenario.partition = {50, 20s, 300s};
  CHECK(!run(scenario).agreed_after);
}
