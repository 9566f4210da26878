// The verbs that change something, against a node that answers what the test says: what they ask, what they
// show on the way, how they end.
#include <catch2/catch.hpp>
#include <sstream>

#include "daemon/api/cluster_orders.hpp"
#include "daemon/api/keyring.hpp"
#include "daemon/api/owners.hpp"
#include "daemon/api/self_orders.hpp"
#include "daemon/api/settings_orders.hpp"
#include "daemon/cli/progress.hpp"
#include "daemon/security/cluster_key.hpp"
#include "tests/support/api_server.hpp"
#include "tests/support/cli_run.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/view.hpp"

using namespace ringside;
using Catch::Contains;
using Catch::StartsWith;
using test::run_cli;

namespace {

api::Response progress(api::DrainState state, int status = 200, bool leaving = false, std::int64_t cut = 0) {
  auto view = test::sample_view();
  view.drain = {state, leaving, view.started, test::sample_now() + Millis{7'500}, cut};
  static const obs::Metrics metrics;
  return api::drain_answer({view, metrics, test::sample_now()}, status);
}

// Gives its answers one after the other, and keeps what it was asked.
struct Script {
  std::vector<api::Response> answers;
  std::vector<std::string> asked;
  test::HttpServer::Handler handler() {
    return [this](const std::string& request) {
      const std::size_t i = asked.size();
      asked.push_back(request);
      return i < answers.size() ? test::http_answer(answers[i]) : std::string();
    };
  }
};

using State = api::DrainState;

}  // namespace

TEST_CASE("drain says what was cut at its deadline, to people and to programs") {
  for (const auto& [cut, words] :
       {std::pair{1, "drained: 1 request had not ended in time, and was cut: the app may still be at work; "},
        std::pair{
            2, "drained: 2 requests had not ended in time, and were cut: the app may still be at work; "}}) {
    Script script{{progress(State::finishing, 202), progress(State::drained, 200, false, cut)}, {}};
    const test::HttpServer server(script.handler());
    CHECK_THAT(run_cli({"drain", "--addr", server.address()}).err, Contains(words));
    Script again{{progress(State::drained, 202, false, cut)}, {}};
    const test::HttpServer other(again.handler());
    CHECK_THAT(run_cli({"drain", "-o", "json", "--addr", other.address()}).out,
               Contains("\"cut\":" + std::to_string(cut)));
  }
}

TEST_CASE("drain shows each step once and ends when nothing is at the app any more") {
  Script script{{progress(State::announcing, 202), progress(State::announcing), progress(State::finishing),
                 progress(State::finishing), progress(State::drained)},
                {}};
  const test::HttpServer server(script.handler());
  const auto run = run_cli({"drain", "--timeout", "9s", "--addr", server.address()});
  CHECK(run.exit == 0);
  CHECK(run.out.empty());
  CHECK(run.err ==
        "announcing: 0 requests at the app, 7.5s left\nfinishing: 0 requests at the app, 7.5s left\n"
        "drained: nothing is at the app any more; `ringside drain --cancel` brings the node back\n");
  REQUIRE(script.asked.size() == 5);
  CHECK_THAT(script.asked[0], StartsWith("POST /v1/drain ") && Contains(R"({"timeout":"9s"})"));
  CHECK_THAT(script.asked[1], StartsWith("GET /v1/drain "));
}

TEST_CASE("leave ends when the node answers no more, with -o json with what it said last") {
  const auto last = progress(State::finishing, 200, true);
  Script script{{progress(State::announcing, 202, true), last}, {}};
  const test::HttpServer server(script.handler());
  const auto run = run_cli({"leave", "--timeout", "9s", "-o", "json", "--addr", server.address()});
  CHECK(run.exit == 0);
  CHECK(run.out == last.body);
  CHECK_THAT(run.err, Contains("left: the node takes no more requests"));
  CHECK_THAT(script.asked[0], StartsWith("POST /v1/leave?wait=9s "));
}

TEST_CASE("a drain that somebody calls off, or that the node refuses, is exit 1") {
  Script called_off{{progress(State::announcing, 202), progress(State::none)}, {}};
  const test::HttpServer server(called_off.handler());
  const auto run = run_cli({"drain", "--addr", server.address()});
  CHECK(run.exit == 1);
  CHECK_THAT(run.err, Contains("the drain was called off"));
  Script refusing{{api::render({.code = api::Code::conflict, .detail = "this node is leaving"})}, {}};
  const test::HttpServer other(refusing.handler());
  const auto refused = run_cli({"drain", "--cancel", "--addr", other.address()});
  CHECK(refused.exit == 1);
  CHECK_THAT(refused.err, StartsWith("ringside: conflict: this node is leaving."));
  CHECK_THAT(refusing.asked[0], StartsWith("DELETE /v1/drain "));
  CHECK(run_cli({"drain", "--timeout", "soon"}).exit == 2);
  CHECK(run_cli({"drain", "--cancel", "--timeout", "5s"}).exit == 2);
}

TEST_CASE("evict, reap, heal and join say what came of it") {
  Script script{
      {api::evicted_answer("127.0.0.1:7605"), api::reaped_answer(1), api::reaped_answer(2),
       api::healed_answer({}), api::healed_answer(std::vector<std::string>{"10.0.0.1:7601"}),
       api::joined_answer(std::vector<api::JoinedPeer>{{"10.0.0.1:7601", ""}, {"b", "no such host"}})},
      {}};
  const test::HttpServer server(script.handler());
  const config::Environment environment{{"RINGSIDE_ADDR", server.address()}};
  CHECK(run_cli({"evict", "laptop/3", "--force"}, environment).out ==
        "evicted 127.0.0.1:7605; the others are being told\n");
  CHECK_THAT(script.asked[0], StartsWith("DELETE /v1/members/laptop%2F3?force=true "));
  CHECK(run_cli({"reap"}, environment).out == "1 faulty member is forgotten\n");
  CHECK(run_cli({"reap"}, environment).out == "2 faulty members are forgotten\n");
  CHECK(run_cli({"heal"}, environment).out == "no other partition was found among the seeds\n");
  CHECK(run_cli({"heal"}, environment).out == "reached 10.0.0.1:7601\n");
  CHECK(run_cli({"join", "10.0.0.1:7601", "b"}, environment).out ==
        "10.0.0.1:7601: joined\nb: no such host\n");
  CHECK_THAT(script.asked[5], Contains(R"({"peers":["10.0.0.1:7601","b"]})"));
}

TEST_CASE("reload names each change, or each error on a line of its own; log-level says what it was") {
  const std::vector<api::SettingChange> level{{"observability.log.level", "info", "debug", "r.yaml:2"}};
  const std::vector<api::SettingChange> workers{{"workers", "0", "2", "r.yaml:3"}};
  Script script{{api::reloaded_answer(level, workers), api::reloaded_answer({}, {}),
                 api::not_reloaded_answer({"r.yaml:1:1: a: no", "r.yaml:2:1: b: no"}),
                 api::log_level_answer(obs::Level::debug, obs::Level::info)},
                {}};
  const test::HttpServer server(script.handler());
  const config::Environment environment{{"RINGSIDE_ADDR", server.address()}};
  CHECK(run_cli({"reload"}, environment).out ==
        "applied        observability.log.level: info -> debug (r.yaml:2)\n"
        "needs restart  workers: 0 -> 2 (r.yaml:3)\n");
  CHECK_THAT(script.asked[0], StartsWith("POST /v1/reload "));
  CHECK(run_cli({"reload"}, environment).out == "no setting has changed; keys and tokens were read again\n");
  const auto refused = run_cli({"reload"}, environment);
  CHECK(refused.exit == 1);
  CHECK_THAT(refused.err, StartsWith("ringside: bad_setting: 2 problems in the configuration") &&
                              Contains("\n  r.yaml:1:1: a: no\n  r.yaml:2:1: b: no\n"));
  CHECK(run_cli({"log-level", "debug"}, environment).out == "the log level is debug, it was info\n");
  CHECK_THAT(script.asked[3], StartsWith("PUT /v1/log-level ") && Contains(R"({"level":"debug"})"));
  CHECK(run_cli({"log-level"}, environment).exit == 2);
}

TEST_CASE(
    "keys has a row for each member, sends a key from its file, and is exit 1 unless all have done it") {
  const std::string digits(64, 'c');
  const test::TempDir folder;
  const std::vector<api::MemberKeys> one{{.name = "a", .address = "1", .ids = {"11111111", "22222222"}}};
  auto two = one;
  two.push_back({.name = "b", .address = "2", .reason = "it did not answer"});
  Script script{
      {api::keyring_answer(one), api::keyring_answer(two), api::keyring_answer(one), api::keyring_answer(one),
       api::keyring_refusal("the key 22222222 cannot be removed", {"a dials with it"})},
      {}};
  const test::HttpServer server(script.handler());
  const config::Environment environment{{"RINGSIDE_ADDR", server.address()}};
  CHECK(run_cli({"keys", "list"}, environment).out ==
        "NAME  DIALS WITH  ACCEPTS\na     11111111    11111111, 22222222\n");
  const auto installed = run_cli({"keys", "install", folder.write_secret("key", digits)}, environment);
  CHECK(installed.exit == 1);
  CHECK_THAT(installed.out, Contains("b     -           failed: it did not answer") && !Contains(digits));
  CHECK_THAT(script.asked[1], StartsWith("POST /v1/keyring ") && Contains(R"({"key":")" + digits));
  CHECK(run_cli({"keys", "use", "22222222"}, environment).exit == 0);
  CHECK_THAT(script.asked[2], StartsWith("PUT /v1/keyring/primary ") && Contains(R"({"id":"22222222"})"));
  const auto id = security::parse_cluster_keys(digits)->front().id;
  CHECK(run_cli({"keys", "use", folder.write_secret("same", digits)}, environment).exit == 0);
  CHECK_THAT(script.asked[3], Contains(R"({"id":")" + id));  // named by its file
  const auto refused = run_cli({"keys", "remove", "22222222"}, environment);
  CHECK(refused.exit == 1);
  CHECK_THAT(refused.err, StartsWith("ringside: keys_refused:") && Contains("\n  a dials with it"));
  CHECK_THAT(script.asked[4], StartsWith("DELETE /v1/keyring/22222222 "));
}

TEST_CASE("keys sends no key that is none, that others can read, or over the network") {
  const test::TempDir folder;
  const auto good = folder.write_secret("good", std::string(64, 'c'));
  const auto two = folder.write_secret("two", std::string(64, 'c') + "\n" + std::string(64, 'd'));
  for (const auto& [file, why] : {std::pair{folder.write_secret("bad", "secret"), "line 1 is no key"},
                                  {two, "holds 2 keys"},
                                  {folder.path("none"), "No such file"}}) {
    const auto run = run_cli({"keys", "install", file});
    CHECK(run.exit == 1);
    CHECK_THAT(run.err, Contains(why) && Contains(file));
  }
  const auto far = run_cli({"keys", "install", good, "--addr", "192.0.2.1:7600"});
  CHECK(far.exit == 2);
  CHECK_THAT(far.err, Contains("192.0.2.1:7600") && !Contains("cccc"));
  CHECK(run_cli({"keys"}).exit == 2);
  CHECK(run_cli({"keys", "list", "x"}).exit == 2);
  CHECK(run_cli({"keys", "use"}).exit == 2);
  CHECK(run_cli({"keys", "burn", "x"}).exit == 2);
  CHECK_THAT(run_cli({"keys", "remove", "1A2B3C4D"}).err, Contains("1A2B3C4D"));  // neither an id nor a file
}

TEST_CASE("labels and weight patch the node and show what it says now") {
  auto view = test::sample_view();
  view.members[0].labels = {{"rack", "r1"}, {"zone", "eu"}};
  view.members[0].weight = 2;
  static const obs::Metrics metrics;
  const auto now = api::self_answer({.view = view, .metrics = metrics, .now = test::sample_now()});
  Script script{{now, now, now, now, now, now}, {}};
  const test::HttpServer server(script.handler());
  const config::Environment environment{{"RINGSIDE_ADDR", server.address()}};
  CHECK(run_cli({"labels", "get"}, environment).out == "rack=r1\nzone=eu\n");
  CHECK(run_cli({"labels", "get", "zone"}, environment).out == "eu\n");
  const auto missing = run_cli({"labels", "get", "tier"}, environment);
  CHECK(missing.exit == 4);
  CHECK(missing.err == "ringside: this node has no label 'tier'\n");
  CHECK(run_cli({"labels", "set", "zone=eu", "rack=a=b"}, environment).out == "rack=r1\nzone=eu\n");
  CHECK_THAT(script.asked[3],
             StartsWith("PATCH /v1/self ") && Contains(R"({"labels":{"zone":"eu","rack":"a=b"}})"));
  CHECK(run_cli({"labels", "rm", "zone"}, environment).exit == 0);
  CHECK_THAT(script.asked[4], Contains(R"({"labels":{"zone":null}})"));
  CHECK(run_cli({"weight", "2"}, environment).out ==
        "the weight is 2; the others are being told, and keys move\n");
  CHECK_THAT(script.asked[5], Contains(R"({"weight":2})"));
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"labels", "set"}, {"labels", "set", "zone"}, {"labels", "rm"}, {"labels", "x"}, {"weight", "x"}})
    CHECK(run_cli(words, environment).exit == 2);
  CHECK(script.asked.size() == 6);
}

TEST_CASE("partitions shows who sees the same cluster, and is exit 1 when not all do") {
  const std::vector<api::AskedMember> one{{"a", "1", 7}, {"b", "2", 7}, {"c", "3", std::nullopt}};
  const std::vector<api::AskedMember> two{{"a", "1", 7}, {"b", "2", 8}, {"c", "3", 8}};
  Script script{{api::partitions_answer(one), api::partitions_answer(two)}, {}};
  const test::HttpServer server(script.handler());
  const auto agree = run_cli({"partitions", "--addr", server.address()});
  CHECK(agree.exit == 0);
  CHECK(agree.out ==
        "CHECKSUM    COUNT  MEMBERS\n0x00000007  2      a, b\nno answer   1      c\n\n"
        "all that answered see the same cluster\n");
  const auto differ = run_cli({"partitions", "--addr", server.address()});
  CHECK(differ.exit == 1);
  CHECK_THAT(differ.out,
             StartsWith("CHECKSUM    COUNT  MEMBERS\n0x00000008  2      b, c\n0x00000007  1      a\n"));
}

TEST_CASE("lookup --all-nodes has a row for each node, and is exit 1 when they differ") {
  const auto view = test::sample_view();
  const std::string first = R"({"dest":"127.0.0.1:7601","ring":{"version":4,"checksum":"0x0000002a"}})";
  const std::vector<api::ToldOwner> one{{"laptop-1", "1:1", first}, {"laptop-3", "3:1", std::nullopt}};
  const std::vector<api::ToldOwner> two{{"laptop-1", "1:1", first},
                                        {"go", "2:1", R"({"dest":"127.0.0.1:7603"})"}};
  Script script{{api::owners_answer(view, "a b", one), api::owners_answer(view, "a b", two),
                 api::owners_answer(view, "a b", two)},
                {}};
  const test::HttpServer server(script.handler());
  const std::vector<std::string> words{"lookup", "a b", "--all-nodes", "--addr", server.address()};
  const auto agree = run_cli(words);
  CHECK_THAT(script.asked[0], StartsWith("GET /v1/owners?key=a%20b "));
  CHECK(agree.exit == 0);
  CHECK(agree.out ==
        "NODE      OWNER     VERSION  RING\n"
        "laptop-1  laptop-1  4        0x0000002a\n"
        "laptop-3  -         -        failed: no answer within 1s\n\n"
        "all that answered name the same owner\n");
  const auto differ = run_cli(words);
  CHECK(differ.exit == 1);
  CHECK_THAT(differ.out, Contains("go        laptop-2  -        -\n") && Contains("THEY DO NOT AGREE"));
  CHECK_THAT(differ.err, StartsWith("ringside: the nodes do not agree on the owner of a b;"));
  auto as_lines = words;
  as_lines.insert(as_lines.end(), {"-o", "jsonl"});
  const auto lines = run_cli(as_lines);
  CHECK(lines.exit == 1);
  CHECK(std::ranges::count(lines.out, '\n') == 2);
  for (const char* other : {"--explain", "-n2"}) {
    auto both = words;
    both.emplace_back(other);
    CHECK(run_cli(both).exit == 2);
  }
}

TEST_CASE("on a terminal progress is one line that is written over") {
  std::ostringstream out, err;
  std::istringstream in;
  cli::Terminal terminal{out, err, in, {}, {}, {}, true};
  cli::Progress progress(terminal);
  progress.show("finishing: 10 requests", "9s left");
  progress.show("finishing: 9 requests", "8s left");
  progress.done("drained");
  CHECK(
      err.str() ==
      "\rfinishing: 10 requests, 9s left\rfinishing: 9 requests, 8s left \rdrained                       \n");
}
