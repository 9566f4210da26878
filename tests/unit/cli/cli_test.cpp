// The way to the verbs: help, mistakes, addresses nobody listens at, and the verbs that ask no daemon.
#include <catch2/catch.hpp>

#include "tests/support/cli_run.hpp"
#include "tests/support/http_server.hpp"
#include "tests/support/temp_dir.hpp"

using namespace ringside;
using Catch::Contains;
using Catch::StartsWith;
using test::run_cli;

namespace {

const std::vector<std::string> verbs{
    "agent",  "run",        "dev",     "members", "lookup", "ring",       "ranges", "plan",
    "dist",   "events",     "call",    "route",   "status", "health",     "wait",   "drain",
    "leave",  "evict",      "reap",    "join",    "heal",   "partitions", "reload", "log-level",
    "top",    "simulate",   "keygen",  "keys",    "token",  "cert",       "echo",   "validate",
    "config", "completion", "version", "labels",  "weight", "logs",       "debug",  "bench"};

}  // namespace

TEST_CASE("help lists every verb, and every verb has help") {
  const auto overview = run_cli({"help"});
  CHECK(overview.exit == 0);
  CHECK(run_cli({"--help"}).out == overview.out);
  CHECK(run_cli({}).err == overview.out);
  CHECK(run_cli({}).exit == 2);
  for (const auto& verb : verbs) {
    CAPTURE(verb);
    CHECK_THAT(overview.out, Contains("ringside " + verb));
    const auto help = run_cli({verb, "--help"});
    CHECK(help.exit == 0);
    CHECK_THAT(help.out, StartsWith("ringside " + verb));
    CHECK(run_cli({"help", verb}).out == help.out);
  }
  CHECK_THAT(run_cli({"agent", "--help"}).out, Contains("--gossip-suspect-timeout"));
}

TEST_CASE("an unknown verb is exit 2, with what was probably meant") {
  const auto run = run_cli({"memebrs"});
  CHECK(run.exit == 2);
  CHECK(run.err ==
        "ringside: there is no verb 'memebrs'; did you mean members? (`ringside help` lists them)\n");
  CHECK(run_cli({"help", "xyzzy"}).err ==
        "ringside: there is no verb 'xyzzy' (`ringside help` lists them)\n");
  CHECK(run_cli({"ring", "--point"}).exit == 2);
}

TEST_CASE("agent gets its arguments as they are") {
  std::vector<std::string> got;
  const cli::Handlers handlers{[&](std::span<const char* const> args) {
    got.assign(args.begin(), args.end());
    return 7;
  }};
  CHECK(run_cli({"agent", "-c", "f.yaml", "--name=a"}, {}, {}, handlers).exit == 7);
  CHECK(got == std::vector<std::string>{"-c", "f.yaml", "--name=a"});
}

TEST_CASE("where nobody listens is exit 3, with the address and what to do") {
  const test::BoundPort nobody;
  const test::TempDir folder;
  const std::string socket = folder.path("none.sock");
  const std::vector<std::vector<std::string>> asking{
      {"members"}, {"lookup", "k"}, {"ring"}, {"call", "k", "/"}, {"status"}, {"health"}, {"bench"}};
  for (auto words : asking) {
    CAPTURE(words[0]);
    const auto refused = run_cli(words, {{"RINGSIDE_ADDR", nobody.address()}});
    CHECK(refused.exit == 3);
    CHECK(refused.err ==
          "ringside: nothing listens at " + nobody.address() +
              "; is the daemon running? start one with `ringside agent`, or name another with --addr or "
              "RINGSIDE_ADDR\n");
    words.insert(words.end(), {"--addr", "unix:" + socket});  // the flag wins over the variable
    const auto missing = run_cli(words, {{"RINGSIDE_ADDR", nobody.address()}});
    CHECK(missing.exit == 3);
    CHECK_THAT(missing.err,
               StartsWith("ringside: there is no socket " + socket + "; is the daemon running?"));
  }
}

TEST_CASE("an address that cannot be read is exit 2 and says where it came from") {
  CHECK(run_cli({"members", "--addr", "a:99999"}).err ==
        "ringside: --addr is 'a:99999': port 99999 is over 65535\n");
  const auto run = run_cli({"health"}, {{"RINGSIDE_ADDR", "unix:x"}});
  CHECK(run.exit == 2);
  CHECK_THAT(run.err, StartsWith("ringside: RINGSIDE_ADDR is 'unix:x': "));
}

TEST_CASE("another program behind the address is told apart from a node") {
  const test::HttpServer server([](const std::string&) {
    return std::string("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>");
  });
  const auto run = run_cli({"members", "--addr", server.address()});
  CHECK(run.exit == 1);
  CHECK(run.out.empty());
  CHECK_THAT(run.err, Contains("the answer is not what ringside"));
  const test::HttpServer other(
      [](const std::string&) { return std::string("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"); });
  CHECK(run_cli({"ring", "--addr", other.address()}).err == "ringside: the answer is 404 Not Found\n");
}

TEST_CASE("validate and config show load what an agent would, faults are exit 2") {
  const test::TempDir folder;
  const std::string good = folder.write("good.yaml", "cluster: shop\n");
  const std::string bad = folder.write("bad.yaml", "clustre: shop\nworkers: many\n");
  CHECK(run_cli({"validate", "-c", good}).out == "the configuration is valid\n");
  const auto faults = run_cli({"validate", "-c", bad});
  CHECK(faults.exit == 2);
  CHECK_THAT(faults.err,
             Contains("bad.yaml:1") && Contains("did you mean cluster") && Contains("bad.yaml:2"));
  CHECK(run_cli({"validate"}).exit == 2);

  const auto shown =
      run_cli({"config", "show", "-c", good, "--origin", "--name", "n1"}, {{"RINGSIDE_ADDR", "127.0.0.1:1"}});
  CHECK(shown.exit == 0);
  CHECK_THAT(shown.out, Contains("cluster: shop") && Contains("good.yaml:1") && Contains("--name"));
  CHECK_THAT(run_cli({"config", "show", "-o", "json"}).out, StartsWith("{"));
  CHECK_THAT(run_cli({"config", "default"}).out, Contains("cluster:"));
  CHECK(run_cli({"config"}).exit == 2);
  CHECK(run_cli({"config", "edit"}).exit == 2);
}

TEST_CASE("version is one line") {
  CHECK_THAT(run_cli({"version"}).out, Catch::Matches("ringside [0-9]+\\.[0-9]+\\.[0-9]+\n"));
  CHECK(run_cli({"--version"}).out == run_cli({"version"}).out);
}
