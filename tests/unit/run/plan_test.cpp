// What follows from a slot, and what the user has set.
#include "daemon/run/plan.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace ringside;

namespace {

using Words = std::vector<std::string>;

struct Made {
  Words arguments;
  config::Environment environment{};
  int slot = 1;
  std::set<std::uint16_t> taken{};
  std::string data_dir{};

  [[nodiscard]] Result<run::Plan, std::string> plan() const {
    const auto loaded = config::load(arguments, environment, config::read_file);
    REQUIRE(loaded.has_value());
    std::uint16_t next = 20'000;
    return run::make_plan(
        {arguments, *loaded, environment, "shop", "my host", slot, "/run/shop/1.seeds", data_dir},
        {[this](std::uint16_t port) { return !taken.contains(port); }, [&] { return next++; }});
  }
};

std::string value_of(const config::Environment& all, std::string_view name) {
  std::string found = "(unset)";
  for (const auto& [variable, value] : all)
    if (variable == name) found = found == "(unset)" ? value : "(twice)";
  return found;
}

}  // namespace

TEST_CASE("name and ports follow from the slot") {
  const auto first = Made{{}}.plan();
  REQUIRE(first.has_value());
  CHECK(first->daemon_arguments == Words{"--name", "my-host-1", "--listen-api", "127.0.0.1:7600",
                                         "--listen-peer", "127.0.0.1:7601", "--app-port", "20000", "--app-id",
                                         "shop", "--cluster", "shop", "--join", "file:/run/shop/1.seeds"});
  CHECK(first->api == "http://127.0.0.1:7600");
  CHECK(first->peer == "127.0.0.1:7601");
  CHECK(first->app == "127.0.0.1:20000");
  const auto second = Made{.arguments = {}, .slot = 2}.plan();
  CHECK(second->name == "my-host-2");
  CHECK(second->api == "http://127.0.0.1:7602");
  CHECK(second->peer == "127.0.0.1:7603");
}

TEST_CASE("what outlives the instance is kept in the slot's folder, unless the user named another") {
  const auto plan = Made{.arguments = {}, .data_dir = "/state/shop/1"}.plan();
  const auto flag = std::ranges::find(plan->daemon_arguments, "--node-data-dir");
  REQUIRE(flag != plan->daemon_arguments.end());
  CHECK(flag[1] == "/state/shop/1");
  for (const Words& words : {Words{}, Words{"--node-data-dir", "/mine"}}) {
    const auto loaded = config::load(words, {}, config::read_file);
    CHECK(run::keeps_by_itself(*loaded) == words.empty());
  }
}

TEST_CASE("a port that is taken is replaced by any other") {
  const auto plan = Made{.arguments = {}, .taken = {7600}}.plan();
  CHECK(plan->api == "http://127.0.0.1:20000");
  CHECK(plan->peer == "127.0.0.1:7601");
}

TEST_CASE("what the user has set stays as it is") {
  const Words flags{"--name",     "a",    "--listen-api", "0.0.0.0:80", "--listen-peer", "[::]:81",
                    "--app-port", "5000", "--join",       "b:1",        "--insecure",    "--app-id=depot"};
  const auto plan = Made{flags}.plan();
  REQUIRE(plan.has_value());
  CHECK(plan->daemon_arguments == flags);
  CHECK(plan->api == "http://127.0.0.1:80");  // where the app dials it
  CHECK(plan->peer == "[::1]:81");
  CHECK(value_of(plan->app_environment, "PORT") == "5000");
}

TEST_CASE("settings of the environment count as the user's") {
  const auto plan =
      Made{.arguments = {}, .environment = {{"RINGSIDE_NODE_NAME", "b"}, {"RINGSIDE_CLUSTER", "c"}}}.plan();
  CHECK(plan->name == "b");
  for (const auto* flag : {"--name", "--cluster"})
    CHECK(std::ranges::find(plan->daemon_arguments, flag) == plan->daemon_arguments.end());
}

TEST_CASE("the app's environment has where its ringside is, and no settings of ours") {
  const auto plan = Made{.arguments = {"--listen-api", "unix:/run/api.sock"},
                         .environment = {{"PATH", "/bin"},
                                         {"PORT", "1"},
                                         {"RINGSIDE_ADDR", "old"},
                                         {"RINGSIDE_WORKERS", "3"},
                                         {"RINGSIDE_API_TOKEN_FILE", "/t"},
                                         {"RINGSIDE_CA_FILE", "/ca.pem"},
                                         {"RINGSIDE_SECURITY_APP_TOKEN_FILE", "/u"}}}
                        .plan();
  REQUIRE(plan.has_value());
  const auto& environment = plan->app_environment;
  CHECK(value_of(environment, "PATH") == "/bin");
  CHECK(value_of(environment, "PORT") == "20000");
  CHECK(value_of(environment, "RINGSIDE_ADDR") == "unix:///run/api.sock");
  CHECK(value_of(environment, "RINGSIDE_NODE_NAME") == "my-host-1");
  CHECK(value_of(environment, "RINGSIDE_API_TOKEN_FILE") == "/t");
  CHECK(value_of(environment, "RINGSIDE_CA_FILE") == "/ca.pem");
  CHECK(value_of(environment, "RINGSIDE_APP_TOKEN_FILE") == "/u");
  CHECK(value_of(environment, "RINGSIDE_WORKERS") == "(unset)");
}

TEST_CASE("an app on a unix socket gets no PORT, and keeps one that was there") {
  const auto plan =
      Made{.arguments = {"--app-address", "unix:/app.sock"}, .environment = {{"PORT", "8000"}}}.plan();
  CHECK(value_of(plan->app_environment, "PORT") == "8000");
}

TEST_CASE("a listener without a port is refused, since the app could not be told") {
  const auto plan = Made{{"--listen-api", "127.0.0.1:0"}}.plan();
  REQUIRE(!plan.has_value());
  CHECK(plan.error() ==
        "listen.api is 127.0.0.1:0; under `ringside run` it needs a port, since the app is told it");
}

TEST_CASE("text becomes a name by replacing what a name cannot hold") {
  CHECK(run::plain("my app/2.0_x-y", 63) == "my-app-2.0_x-y");
  CHECK(run::plain("abcdef", 3) == "abc");
}
