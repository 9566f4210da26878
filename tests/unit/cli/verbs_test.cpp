// The verbs against the API of a sample node, over real sockets: what they print and their exit codes.
#include <catch2/catch.hpp>

#include "tests/support/api_server.hpp"
#include "tests/support/cli_run.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/view.hpp"

using namespace ringside;
using Catch::Contains;
using Catch::StartsWith;
using test::run_cli;

namespace {

test::HttpServer::Handler node(const api::View& view) {
  return [view](const std::string& request) { return test::answer_as(view, request); };
}

}  // namespace

TEST_CASE("members, lookup, ring and status show what the node answers") {
  const test::HttpServer server(node(test::sample_view()));
  const config::Environment environment{{"RINGSIDE_ADDR", "http://" + server.address()}};

  const auto members = run_cli({"members"}, environment);
  CHECK(members.exit == 0);
  CHECK(members.err.empty());
  CHECK_THAT(
      members.out,
      StartsWith(
          "NAME      STATUS   APP  ADDRESS         KEYS   LABELS\nlaptop-1  alive    -    127.0.0.1:7601"));
  CHECK(run_cli({"members", "--status", "faulty", "--label=zone==us"}, environment).out ==
        "NAME      STATUS  APP  ADDRESS         KEYS  LABELS\nlaptop-3  faulty  -    127.0.0.1:7605  -     "
        "zone=us\n");
  CHECK_THAT(run_cli({"members", "laptop-2"}, environment).out, Contains("laptop-2  suspect"));

  const auto lookup = run_cli({"lookup", "a/b c", "--explain"}, environment);
  CHECK(lookup.exit == 0);
  CHECK_THAT(lookup.out, StartsWith("a/b c -> laptop-") && Contains(", next laptop-") &&
                             Contains("version 4)") && Contains("laptop-3  faulty"));
  CHECK_THAT(run_cli({"ring", "--points"}, environment).out,
             StartsWith("version 4, ") && Contains("replica checksum 0x"));

  const auto status = run_cli({"status"}, environment);
  CHECK(status.exit == 0);
  for (const char* part :
       {"laptop-1 at 127.0.0.1:7601, cluster shop", "phase    ready", "1 alive, 1 suspect, 1 faulty",
        "127.0.0.1:5000", "unix:/run/ringside/api.sock", "up 12.3s", "0x0000002a"})
    CHECK_THAT(status.out, Contains(part));
}

TEST_CASE("with -o json the API's own answer is printed") {
  const auto view = test::sample_view();
  const test::HttpServer server(node(view));
  const auto run = run_cli({"lookup", "k", "-n", "1", "-o", "json", "--addr", server.address()});
  CHECK(run.out == test::call_api(view, "GET", "/v1/lookup/k?n=1").body);
}

TEST_CASE("status compares nodes and fails when they differ") {
  auto other_view = test::sample_view();
  other_view.name = "laptop-2";
  const test::HttpServer server(node(test::sample_view()));
  const test::HttpServer same(node(other_view));
  other_view.membership_checksum = 1;
  const test::HttpServer other(node(other_view));
  const auto agree = run_cli({"status", same.address(), "--addr", server.address()});
  CHECK(agree.exit == 0);
  CHECK_THAT(agree.out, Contains("all of them agree"));
  const auto differ = run_cli({"status", same.address(), other.address(), "--addr", server.address()});
  CHECK(differ.exit == 1);
  CHECK_THAT(differ.out, Contains("they do not agree"));
}

TEST_CASE("problems of the API come with their remedy, and an unknown member is exit 4") {
  const test::HttpServer server(node(test::joining_view()));
  const auto lookup = run_cli({"lookup", "k", "--addr", server.address()});
  CHECK(lookup.exit == 1);
  CHECK(lookup.err ==
        "ringside: not_joined: no seed has answered yet; check join.seeds. Wait until /v1/readyz answers "
        "204; if it never "
        "does, check join.seeds and the log of this node.\n");
  const auto unknown = run_cli({"members", "nobody", "--addr", server.address()});
  CHECK(unknown.exit == 4);
  CHECK_THAT(unknown.err, StartsWith("ringside: unknown_node: no member is called 'nobody'."));
}

TEST_CASE("a unix socket is as good as a port") {
  const test::TempDir folder;
  const std::string path = folder.path("api.sock");
  const test::HttpServer server(path, node(test::sample_view()));
  CHECK(run_cli({"health", "--addr", "unix://" + path}).out == "ready\n");
}

TEST_CASE("health says ready, or why not") {
  const test::HttpServer ready(node(test::sample_view()));
  const test::HttpServer joining(node(test::joining_view()));
  CHECK(run_cli({"health", "--addr", ready.address()}).exit == 0);
  const auto run = run_cli({"health", "--addr", joining.address()});
  CHECK(run.exit == 1);
  CHECK(run.err == "ringside: not ready: no seed has answered yet; check join.seeds\n");
}

TEST_CASE("wait tells each new reason once, and ends when it is so") {
  int asked = 0;
  const test::HttpServer server([&](const std::string& request) {
    ++asked;
    return test::answer_as(asked < 4 ? test::joining_view() : test::sample_view(), request);
  });
  const auto run = run_cli({"wait", "--addr", server.address()});
  CHECK(run.exit == 0);
  CHECK(asked == 4);
  CHECK(run.err == "waiting: not ready: no seed has answered yet; check join.seeds\n");
}

TEST_CASE("wait gives up with exit 5 and the last reason") {
  const test::HttpServer server(node(test::sample_view()));
  const auto run = run_cli({"wait", "--for=members=3", "--timeout", "2s", "--addr", server.address()});
  CHECK(run.exit == 5);
  CHECK(run.err ==
        "waiting: 1 of 3 members are alive\nringside: gave up after 2s: 1 of 3 members are alive\n");
  CHECK(run.slept <= std::chrono::seconds(2));
  CHECK(run_cli({"wait", "--for=members=1", "--addr", server.address()}).exit == 0);
  CHECK(run_cli({"wait", "--for=outbound", "--addr", server.address()}).exit == 0);
  const test::BoundPort nobody;
  const auto refused = run_cli({"wait", "--timeout", "1s", "--addr", nobody.address()});
  CHECK(refused.exit == 5);
  CHECK_THAT(refused.err, Contains("nothing listens at " + nobody.address()));
}
