// A reload beside Ringpop nodes: what these cannot follow is refused before a restart takes it.
#include "daemon/app/settings.hpp"

#include <catch2/catch.hpp>

#include "tests/support/api_call.hpp"

using namespace ringside;
using Catch::Contains;

namespace {

// A daemon's settings over a file that the test rewrites, with a Ringpop node as a member or without.
struct Daemon {
  std::string file, ringpop_member;
  int applied = 0;
  app::Settings settings;

  Daemon(std::string text, std::string member)
      : file(std::move(text)), ringpop_member(std::move(member)), settings(sources(), *load()) {
    settings.serve({.use_secrets = [this](app::Secrets) { ++applied; },
                    .show = [](const config::Config&) {},
                    .ringpop_member = [this] { return ringpop_member; }});
  }
  app::Settings::Sources sources() {
    return {{"-c", "r.yaml"}, {}, [this](const std::string&) -> Result<std::string> { return file; }};
  }
  Result<config::Loaded, std::vector<config::Problem>> load() {
    const auto from = sources();
    return config::load(from.arguments, from.environment, from.read_file);
  }
};

}  // namespace

TEST_CASE("another number of points, or another weight, is refused while a Ringpop node is a member") {
  for (const auto& [text, what] :
       {std::pair{"ring: {points: 200}", "ring.points: 200"}, {"node: {weight: 2}", "node.weight: 2"}}) {
    CAPTURE(what);
    Daemon beside("cluster: c", "10.0.0.9:3000");
    beside.file = std::string("cluster: c\n") + text;
    const auto refused = beside.settings.reload("test");
    CHECK(refused.status == 422);
    CHECK_THAT(refused.body, Contains(what) && Contains("10.0.0.9:3000"));
    CHECK(beside.applied == 0);
    Daemon alone("cluster: c", "");
    alone.file = beside.file;
    CHECK(alone.settings.reload("test").status == 200);
    CHECK(alone.applied == 1);
  }
}

TEST_CASE("what was so at the start, and what goes back to Ringpop's, is not in the way of a reload") {
  Daemon beside("ring: {points: 200}", "10.0.0.9:3000");
  CHECK(beside.settings.reload("test").status == 200);
  beside.file = "ring: {points: 100}";
  CHECK(beside.settings.reload("test").status == 200);
}
