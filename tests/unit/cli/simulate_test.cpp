// ringside simulate: the flags, the user's settings, and what is printed. What a run finds is tested with the
// simulator.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/cli_run.hpp"

using namespace ringside;
using Catch::Contains;
using test::run_cli;

namespace {

const std::vector<std::string> short_run{"simulate", "--nodes", "5",      "--minutes", "1",
                                         "--kill",   "1",       "--seed", "7"};

test::CliRun run_with(const std::vector<std::string>& more) {
  std::vector<std::string> all = short_run;
  all.insert(all.end(), more.begin(), more.end());
  return run_cli(all);
}

}  // namespace

TEST_CASE("simulate prints progress to stderr and one screen to stdout") {
  const auto run = run_with({});
  CHECK(run.exit == 0);
  CHECK_THAT(run.err,
             Contains("5 nodes agree ") && Contains("is killed\n") && Contains("60.0 s of 60.0 s: 4 nodes"));
  CHECK_THAT(run.out, Contains("cold start                all agree after ") && Contains(" killed") &&
                          Contains("false alarms              0 of them given up") &&
                          Contains("bytes per node and second\n") &&
                          Contains("at the end                4 nodes run, and they agree\n"));
}

TEST_CASE("simulate has members come and go") {
  const auto run = run_with({"--churn", "10s", "-o", "json"});
  CHECK(run.exit == 0);
  const auto report = nlohmann::json::parse(run.out);
  CHECK(6 == report["joined"]);
  CHECK(6 == report["left"]);
}

TEST_CASE("simulate uses the settings it is given: a shorter time for suspects is seen in the result") {
  const auto out_of_all_rings = [](std::vector<std::string> more) {
    more.insert(more.end(), {"--gossip-proof-of-death", "false"});  // or nobody waits for anything
    const auto run = run_with(more);
    CHECK(run.exit == 0);
    return nlohmann::json::parse(run.out)["detections"][0]["last_out_s"].get<double>();
  };
  CHECK(out_of_all_rings({"-o", "json"}) > 5);
  const double quick = out_of_all_rings({"-o", "json", "--gossip-suspect-timeout", "1s"});
  CHECK(quick > 1);
  CHECK(quick < 4);
}

TEST_CASE("simulate says what is wrong with a flag, and exits 2") {
  struct Case {
    std::vector<std::string> flags;
    std::string says;
  };
  for (const Case& c :
       {Case{{"--loss", "much"}, "--loss takes a share such as 5% or 0.1%, not 'much'"},
        Case{{"--loss", "100%"}, "not '100%'"}, Case{{"--kill", "5"}, "from 0 to 4, not '5'"},
        Case{{"--nodes", "0"}, "--nodes takes a whole number from 1"},
        Case{{"--partition", "40/70@1s"}, "add up to 100"}, Case{{"--partition", "40/60"}, "40/60@30s"},
        Case{{"--partition", "40/60@soon"}, "not '40/60@soon'"},
        Case{{"--partition", "40/60@500ms+2s"}, "whole seconds, which '500ms+2s' does not"},
        Case{{"--partition", "40/60@5s+0s"}, "whole seconds"},
        Case{{"--partition", "40/60@10h"}, "is not over before the end of the run (--minutes)"},
        Case{{"--partition", "40/60@30s+30s", "--minutes", "1"}, "is not over before the end"},
        Case{{"--partition", "1/99@10s"}, "cuts nobody off from the others: there are 5 nodes"},
        Case{{"--loss", "0.04%"}, "--loss goes by tenths of a percent, which '0.04%' is not"},
        Case{{"--freeze", "0.25"}, "--freeze goes by tenths of a percent"},
        Case{{"--churn", "often"}, "--churn takes a time of at least 100ms"},
        Case{{"--churn", "99ms"}, "not '99ms'"},
        Case{{"--churn", "100ms", "--minutes", "10080"}, "more than 60000 nodes"},
        Case{{"--gossip-period", "soon"}, "--gossip-period"}}) {
    INFO(c.says);
    const auto run = run_with(c.flags);
    CHECK(run.exit == 2);
    CHECK(run.out.empty());
    CHECK_THAT(run.err, Contains(c.says));
  }
}
