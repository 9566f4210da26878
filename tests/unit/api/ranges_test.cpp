#include "daemon/ring/ranges.hpp"

#include <catch2/catch.hpp>

#include "daemon/api/stats.hpp"
#include "daemon/base/limits.hpp"
#include "tests/support/api_call.hpp"
#include "tests/support/view.hpp"

using namespace ringside;
using test::Json;

namespace {

Json plan(const std::string& body, const api::View& view = test::sample_view()) {
  const auto response = test::call_api(view, "POST", "/v1/ring/plan", body);
  CAPTURE(response.body);
  REQUIRE(response.status == 200);
  return test::json_of(response);
}

std::string refusal(const std::string& body, const api::View& view = test::sample_view()) {
  const auto response = test::call_api(view, "POST", "/v1/ring/plan", body);
  REQUIRE(response.status == 400);
  return test::json_of(response)["detail"];
}

}  // namespace

TEST_CASE("the ranges of all members make up the hash space; of one outside the ring there are none") {
  const auto view = test::sample_view();
  const auto own = test::json_of(test::call_api(view, "GET", "/v1/ring/ranges"));
  const auto other = test::json_of(test::call_api(view, "GET", "/v1/ring/ranges?node=laptop-2"));
  CHECK(own["node"] == "laptop-1");
  CHECK(other["address"] == "127.0.0.1:7603");
  CHECK(own["hashes"].get<std::uint64_t>() + other["hashes"].get<std::uint64_t>() == ring::hash_space);
  CHECK(own == test::json_of(test::call_api(view, "GET", "/v1/ring/ranges?node=127.0.0.1%3A7601")));
  CHECK(own["ranges"].size() > 1);
  CHECK(test::json_of(test::call_api(view, "GET", "/v1/ring/ranges?node=laptop-3"))["ranges"].empty());
}

TEST_CASE("an empty plan moves nothing, a member that goes leaves all it has to the others") {
  CHECK(plan("{}")["moved"]["hashes"] == 0);
  const auto going = plan(R"({"remove":["laptop-2"]})");
  const auto owned =
      test::json_of(test::call_api(test::sample_view(), "GET", "/v1/ring/ranges?node=laptop-2"));
  REQUIRE(going["moves"].size() == 1);
  CHECK(going["moves"][0]["from"] == "laptop-2");
  CHECK(going["moves"][0]["to"] == "laptop-1");
  CHECK(going["moves"][0]["hashes"] == owned["hashes"]);
  const auto all = plan(R"({"remove":["laptop-1","127.0.0.1:7603"]})");
  CHECK(all["moved"]["hashes"] == ring::hash_space);
  CHECK(all["moves"][0]["to"].is_null());
}

TEST_CASE("a newcomer takes from everybody, twice as much with twice the weight") {
  const auto one = plan(R"({"add":[{"name":"d"}]})");
  CHECK(one["moves"].size() == 2);
  const auto two = plan(R"({"add":[{"name":"d","weight":2}]})");
  CHECK(two["moved"]["fraction"].get<double>() > one["moved"]["fraction"].get<double>() * 1.2);
  CHECK(one["members"].size() == 3);
}

TEST_CASE("with names hashed a newcomer's points are name#i, with addresses those of the address") {
  auto view = test::sample_view();
  const auto expected = [&](const ring::Server& server) {
    std::vector<ring::Server> servers(view.ring->servers().begin(), view.ring->servers().end());
    servers.push_back(server);
    const auto ring = ring::build(servers, 100, 1);
    return ring::hashes_in(ring::ranges(*ring, *ring->find_name(server.name)));
  };
  CHECK(plan(R"({"add":[{"name":"d","address":"10.0.0.9:1"}]})", view)["moved"]["hashes"] ==
        expected({"d", "10.0.0.9:1"}));
  view.identity = "address";
  CHECK(plan(R"({"add":[{"name":"10.0.0.9:1"}]})", view)["moved"]["hashes"] ==
        expected({"10.0.0.9:1", "10.0.0.9:1"}));
}

TEST_CASE("a plan is only to be posted") {
  const auto answer = test::call_api(test::sample_view(), "GET", "/v1/ring/plan");
  CHECK(answer.status == 405);
  CHECK(test::header_of(answer, "Allow") == "POST");
}

TEST_CASE("a plan that cannot be is refused with the place of the fault") {
  CHECK(refusal("[]").find("not like") != std::string::npos);
  CHECK(refusal("{").find("not like") != std::string::npos);
  CHECK(refusal(R"({"added":[]})").find("'added'") != std::string::npos);
  CHECK(refusal(R"({"add":["d"]})").find("add[0]") != std::string::npos);
  CHECK(refusal(R"({"add":[{}]})").find("add[0] has no name") != std::string::npos);
  CHECK(refusal(R"({"add":[{"name":"d","weight":0}]})").find("1 to 64") != std::string::npos);
  CHECK(refusal(R"({"add":[{"name":"d","weight":1.5}]})").find("'weight'") != std::string::npos);
  CHECK(refusal(R"({"add":[{"name":"d","zone":"eu"}]})").find("'zone'") != std::string::npos);
  CHECK(refusal(R"({"add":[{"name":"laptop-1"}]})").find("already") != std::string::npos);
  CHECK(refusal(R"({"add":[{"name":"d"},{"name":"d"}]})").find("add[1] is there twice") != std::string::npos);
  CHECK(refusal(R"({"add":[{"name":"d","weight":64},{"name":"e","weight":64},{"name":"f","weight":64},)"
                R"({"name":"g","weight":64},{"name":"h"}]})")
            .find("more than 256") != std::string::npos);
  CHECK(refusal(R"({"remove":[3]})").find("remove[0]") != std::string::npos);
  CHECK(refusal(R"({"remove":["laptop-3"]})").find("not in the ring") != std::string::npos);
  std::string many;
  for (std::size_t i = 0; i <= limits::plan_changes; ++i)
    many += (i == 0 ? "" : ",") + ("\"n" + std::to_string(i) + "\"");
  CHECK(refusal("{\"remove\":[" + many + "]}").find("at most") != std::string::npos);
  CHECK(refusal(std::string(200, '[') + std::string(200, ']')).find("deep") != std::string::npos);
}

TEST_CASE("the load of the workers is added up, and shown with names and shares") {
  api::Stats sum;
  api::add(sum, {{{"127.0.0.1:7601", 2}}, {{"a", 1, 5, 1}, {"b", 1, 1, 0}}, 6});
  api::add(sum, {{{"127.0.0.1:7601", 1}, {"127.0.0.1:7603", 1}}, {{"b", 1, 3, 0}, {"a", 2, 1, 0}}, 4});
  CHECK(sum.counted == 10);
  CHECK(sum.owners.at("127.0.0.1:7601") == 3);
  const auto view = test::sample_view();
  CHECK(test::call_api(view, "GET", "/v1/stats").later == api::Later::stats);
  const auto shown = test::json_of(test::call_api(view, "GET", "/v1/stats", {}, {.stats = &sum}));
  CHECK(shown["owners"][0]["name"] == "laptop-1");
  CHECK(shown["owners"][0]["share"] == 0.75);
  REQUIRE(shown["hot_keys"].size() == 3);
  CHECK(shown["hot_keys"][0]["key"] == "a");
  CHECK(shown["hot_keys"][0]["share"] == 0.5);
  CHECK(shown["hot_keys"][0]["share_at_least"] == 0.4);
  CHECK(shown["hot_keys"][1]["key"] == "b");
  CHECK(shown["hot_keys"][2]["owner"].is_null());  // "a" is not all of that key
}
