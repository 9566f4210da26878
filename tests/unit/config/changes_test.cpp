// What a configuration that was read again changes, at once and after a restart.
#include "daemon/config/changes.hpp"

#include <catch2/catch.hpp>

#include "daemon/config/show.hpp"

using namespace ringside;
using namespace ringside::config;

namespace {

Loaded must_load(const std::string& yaml) {
  const auto loaded = load(std::vector<std::string>{"-c", "r.yaml"}, {},
                           [&](const std::string&) { return Result<std::string>(yaml); });
  if (!loaded) FAIL(render_problems(loaded.error()));
  return *loaded;
}

}  // namespace

TEST_CASE("a change has its old and new value, and where the new one stands") {
  const auto before = must_load("workers: 2\n");
  const auto after = must_load("workers: 2\nobservability: {log: {level: debug}}\nnode: {name: b}\n");
  CHECK(changes(before, before).empty());
  const auto all = changes(before, after);
  REQUIRE(all.size() == 2);
  CHECK(all[0].option->path == "node.name");
  CHECK_FALSE(all[0].option->live);
  CHECK(all[1].option->path == "observability.log.level");
  CHECK(all[1].option->live);
  CHECK(all[1].from == "info");
  CHECK(all[1].to == "debug");
  CHECK(all[1].origin == "r.yaml:2");
  const auto mix = with_live(before, after);
  REQUIRE(mix.has_value());
  CHECK(mix->config.observability.log.level == LogLevel::debug);
  CHECK(mix->config.node.name.empty());
}

TEST_CASE("an API loses its tokens only together with the listener that others reach") {
  const auto open = must_load("listen: {api: [0.0.0.0:7600]}\nsecurity: {api_token_file: /t}\n");
  const auto mix = with_live(open, must_load("listen: {api: [127.0.0.1:7600]}\n"));
  REQUIRE_FALSE(mix.has_value());
  CHECK_THAT(render_problems(mix.error()), Catch::Contains("still in force until a restart"));
}
