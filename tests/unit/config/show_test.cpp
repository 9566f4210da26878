// The texts that are made from the table: the shipped file, the flags' help and `config show`.
#include "daemon/config/show.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <sstream>

#include "daemon/base/text.hpp"
#include "daemon/config/options.hpp"

using namespace ringside;
using namespace ringside::config;

namespace {

Loaded must_load(const std::vector<std::string>& arguments, const std::string& yaml = "") {
  const auto loaded = load(arguments, {}, [&](const std::string&) { return Result<std::string>(yaml); });
  if (!loaded) FAIL(render_problems(loaded.error()));
  return *loaded;
}

const std::vector<std::string> unusual = {"-c",
                                          "config.yaml",
                                          "--node-labels",
                                          "a=true,b=x: y,c=#no",
                                          "--join",
                                          "[::1]:7,dns://ring:1,file:/a b",
                                          "--app-address",
                                          "unix:/run/a \"b\".sock",
                                          "--forward-body-max",
                                          "1000",
                                          "--name",
                                          "007",
                                          "--insecure"};
constexpr const char* unusual_file = "gossip:\n  suspect_timeout: 10s\n";

}  // namespace

TEST_CASE("config/ringside.yaml is what the table says") {
  std::ifstream file(RINGSIDE_SOURCE_DIR "/config/ringside.yaml", std::ios::binary);
  const std::string shipped{std::istreambuf_iterator<char>(file), {}};
  INFO("to bring it up to date: ringside config default > config/ringside.yaml");
  CHECK(shipped == generate_yaml());
}

TEST_CASE("the files for a host that moves over from Ringpop are valid") {
  const auto file = GENERATE("ringpop-go.yaml", "ringpop-node.yaml");
  CAPTURE(file);
  std::ifstream stream(std::string(RINGSIDE_SOURCE_DIR "/config/") + file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  const auto config = must_load({"-c", file}, text).config;
  CHECK(config.ring.points == 100);
  CHECK(config.node.labels.empty());
  CHECK(config.security.insecure);
}

TEST_CASE("the generated file loads and changes nothing") {
  const auto loaded = must_load({"-c", "ringside.yaml"}, generate_yaml());
  for (const auto& option : options()) {
    CAPTURE(option.path);
    CHECK(value_of(option, loaded.config) == value_of(option, Config{}));
    CHECK(loaded.origin_of(option.path).source == Source::file);
  }
}

TEST_CASE("what `config show` prints loads to the same values, odd texts included") {
  const auto loaded = must_load(unusual, unusual_file);
  for (const bool origin : {false, true}) {
    const auto text = show(loaded, origin);
    CAPTURE(text);
    const auto again = must_load({"-c", "shown.yaml"}, text);
    for (const auto& option : options())
      CHECK(value_of(option, again.config) == value_of(option, loaded.config));
  }
}

TEST_CASE("`config show --origin` ends each line with where the value came from") {
  const auto text = show(must_load(unusual, unusual_file), true);
  CHECK_THAT(text, Catch::Contains("\n  suspect_timeout: 10s  # config.yaml:2\n"));
  CHECK_THAT(text, Catch::Contains("\n  name: \"007\"  # --name\n"));
  CHECK_THAT(text, Catch::Contains("\n  labels: {a: \"true\", b: \"x: y\", c: \"#no\"}  # --node-labels\n"));
  CHECK_THAT(text, Catch::Contains("\nworkers: 0  # default\n"));
  CHECK_THAT(text, Catch::Contains("\n  reap:\n    faulty: 1h  # default\n"));
}

TEST_CASE("`config show` as JSON has numbers, booleans, lists and maps") {
  const auto loaded = must_load(unusual, unusual_file);
  const auto plain = nlohmann::json::parse(show_json(loaded, false));
  CHECK(plain["ring"]["points"] == 100);
  CHECK(plain["security"]["insecure"] == true);
  CHECK(plain["gossip"]["suspect_timeout"] == "10s");
  CHECK(plain["join"]["seeds"].size() == 3);
  CHECK(plain["node"]["labels"]["b"] == "x: y");
  const auto origins = nlohmann::json::parse(show_json(loaded, true));
  CHECK(origins["gossip"]["suspect_timeout"] ==
        nlohmann::json{{"value", "10s"}, {"origin", "config.yaml:2"}});
  CHECK(origins["workers"]["origin"] == "default");
}

TEST_CASE("over the API nothing is shown that may be a secret") {
  const auto loaded = must_load(
      {"-c", "r.yaml"}, "events: {webhooks: [{url: \"http://127.0.0.1:5/a?token=x\", secret_file: /s}]}\n");
  const auto shown = nlohmann::json::parse(show_masked(loaded.config));
  CHECK(shown["events"]["webhooks"][0]["url"] == "http://127.0.0.1:5/a?***");
  CHECK(shown["events"]["webhooks"][0]["secret_file"] == "/s");
  const auto line = show_value(*find_option("events.webhooks"), loaded.config);
  CHECK_THAT(line, !Catch::Contains("token") && !Catch::Contains("\n") && Catch::Contains("?***"));
}

TEST_CASE("the help shows every flag within 100 columns") {
  const auto help = flags_help();
  for (const auto& option : options()) CHECK_THAT(help, Catch::Contains("  " + flag_of(option)));
  for (const auto* alias :
       {"  --name NAME", "  --join SEED,...", "  --app-port N", "  --insecure ", "  -c, --config FILE"})
    CHECK_THAT(help, Catch::Contains(alias));
  std::istringstream lines(help);
  for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 100);
  CHECK_THAT(help, Catch::Contains("  --gossip-checksum go|node       Whose membership checksum"));
}

TEST_CASE("problems are one line each and a count") {
  const std::vector<Problem> problems = {
      {"r.yaml", 12, 5, "gossip.suspect_timeot", "unknown option", "did you mean gossip.suspect_timeout?"},
      {"--name", 0, 0, "", "needs a value\n\x1b[2J", ""}};
  CHECK(render_problems(problems) ==
        "r.yaml:12:5: gossip.suspect_timeot: unknown option; did you mean gossip.suspect_timeout?\n"
        "--name: needs a value??[2J\n"
        "2 problems\n");
}
