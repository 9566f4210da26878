// ringside route: what becomes of a request on listen.ingress, from the settings alone and with a node.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/api_server.hpp"
#include "tests/support/cli_run.hpp"
#include "tests/support/view.hpp"

using namespace ringside;
using Catch::Contains;
using test::run_cli;

namespace {

const std::string routes =
    R"([{match: "/users/{id}/**", methods: [POST], key: "user:{id}", timeout: 2s, retry: 0, concurrency: 7}, )"
    R"({match: "/users/**", key: "{header:X-Tenant}"}, {match: "/near", missing: local}])";

test::CliRun explain(std::vector<std::string> words, const std::string& address) {
  std::vector<std::string> all{"route", "--explain"};
  all.insert(all.end(), words.begin(), words.end());
  all.insert(all.end(), {"--routes", routes, "--ingress-hosts", "shop,near.example", "--addr", address});
  return run_cli(all);
}

}  // namespace

TEST_CASE("route explains which route takes a request, where its key is from, who owns it, and its limits") {
  const test::HttpServer server(
      [](const std::string& request) { return test::answer_as(test::sample_view(), request); });
  const auto run = explain({"POST", "http://shop/users/a%2Fb/x?y=1#z"}, server.address());
  CHECK(run.err.empty());
  CHECK(run.exit == 0);
  CHECK_THAT(run.out, Contains("request   POST /users/a%2Fb/x?y=1\n"
                               "route 1   POST /users/{id}/**  takes it\n"
                               "goes to   the owner of the key\n"
                               "key       user:a/b  from user:{id}\n"
                               "owner     laptop-"));
  CHECK_THAT(run.out, Contains("limits    timeout 2s, retry 0, concurrency 7\n"));
  const auto later = explain({"GET", "/users/1", "-H", "Host: shop", "-H", "x-tenant: t"}, server.address());
  CHECK_THAT(later.out, Contains("route 1   POST /users/{id}/**  no: the method is not among its methods\n"
                                 "route 2   /users/**            takes it\n"));
  CHECK_THAT(later.out, Contains("key       t  from {header:X-Tenant}\n"));
}

TEST_CASE("route says why a request would be refused, with exit 1") {
  const test::BoundPort nobody;
  const auto missing = explain({"GET", "http://shop/users/1"}, nobody.address());
  CHECK(missing.exit == 1);
  CHECK_THAT(missing.out,
             Contains("goes to   nobody: 400 missing_key\nbecause   route 2 (/users/**) takes its key "
                      "from the header 'X-Tenant', which is not there\n"));
  const auto none = explain({"GET", "http://shop/nothing"}, nobody.address());
  CHECK_THAT(none.out, Contains("route     none takes it\n") && Contains("none of the 3 routes matches"));
  CHECK_THAT(explain({"GET", "http://evil/near"}, nobody.address()).out, Contains("421 wrong_host"));
}

TEST_CASE("route needs no node: only the owner is not known without one") {
  const test::BoundPort nobody;
  const auto run =
      explain({"GET", "http://shop/users/1", "-H", "X-Tenant: t", "-o", "json"}, nobody.address());
  CHECK(run.exit == 0);
  const auto said = nlohmann::json::parse(run.out);
  CHECK(said["key"] == "t");
  CHECK(said["owner"].is_null());
  CHECK_THAT(said["owner_unknown"].get<std::string>(), Contains("nothing listens at"));
  CHECK(said["routes"][0]["why_not"] == "the method is not among its methods");
  CHECK(said["routes"][1]["taken"] == true);
  CHECK(said["limits"]["timeout"] == "5s");
  // Blanks around a value are not of it, as for the listener.
  CHECK_THAT(explain({"GET", "http://shop/users/1", "-H", "X-Tenant: \t a b  "}, nobody.address()).out,
             Contains("key       a b  from"));
  CHECK_THAT(explain({"GET", "http://shop/near"}, nobody.address()).out,
             Contains("goes to   this node's app\n"));
}

TEST_CASE("route tells what is wrong with its words, with exit 2") {
  CHECK(run_cli({"route", "GET"}).exit == 2);
  CHECK_THAT(run_cli({"route", "GET", "users"}).err, Contains("'users' is not a URL"));
  for (const char* url : {"/a\xff", "/a b", "/\x7f"})
    CHECK_THAT(run_cli({"route", "GET", url}).err, Contains("holds a blank, or a byte that is not ASCII"));
  CHECK_THAT(run_cli({"route", "GET", "/a", "-H", "x"}).err, Contains("-H is written 'Name: value'"));
  CHECK_THAT(run_cli({"route", "GET", "/a", "--routes", "[{match: a, key: k}]"}).err,
             Contains("route 1: match: 'a' does not start with a slash"));
}
