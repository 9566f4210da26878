// GET /v1/owners: what the members are asked, and what is made of their answers.
#include "daemon/api/owners.hpp"

#include <catch2/catch.hpp>

#include "daemon/api/ringpop_admin.hpp"
#include "tests/support/api_call.hpp"
#include "tests/support/view.hpp"

using namespace ringside;
using test::call_api;
using test::Json;
using test::json_of;

namespace {

const std::string by_one = R"({"dest":"127.0.0.1:7601","ring":{"version":4,"checksum":"0x0000002a"}})";
const std::string by_two = R"({"dest":"127.0.0.1:7603","ring":{"version":9,"checksum":"0x0000002b"}})";

Json answer_to(const std::vector<api::ToldOwner>& told) {
  return json_of(api::owners_answer(test::sample_view(), "user:42", told));
}

}  // namespace

TEST_CASE("a key is asked for by path or query, and control asks the others") {
  const auto view = test::sample_view();
  for (const char* target : {"/v1/owners/user%3A42", "/v1/owners?key=user:42"}) {
    const auto response = call_api(view, "GET", target);
    REQUIRE(response.order);
    CHECK(response.order->kind == api::Order::Kind::owners);
    CHECK(response.order->key == "user:42");
  }
  CHECK(test::header_of(call_api(view, "GET", "/v1/owners"), "Ringside-Error") == "missing_key");
  for (const char* target : {"/v1/owners/a/b", "/v1/owners/%F", "/v1/owners/%FF", "/v1/owners/"}) {
    CAPTURE(target);
    CHECK(test::header_of(call_api(view, "GET", target), "Ringside-Error") == "bad_key");
  }
  CHECK(call_api(test::joining_view(), "GET", "/v1/owners/k").status == 503);
}

TEST_CASE("the question is Ringpop's, and a ringside answers it with its ring as well") {
  const auto view = test::sample_view();
  const auto question = api::owners_question("k");
  REQUIRE(question);
  const auto answer = api::answer_ringpop_admin("/admin/lookup", *question, view, nullptr);
  const Json told = Json::parse(answer->body);
  CHECK(told["ring"]["version"] == 4);
  CHECK(told["ring"]["checksum"] == json_of(call_api(view, "GET", "/v1/ring"))["checksum"]);
  const auto tools = api::answer_ringpop_admin("/admin/lookup", R"({"key":"k"})", view, nullptr);
  CHECK(Json::parse(tools->body) == Json{{"dest", told["dest"]}});  // tools get what they know
  CHECK_FALSE(api::owners_question("\xFF"));
}

TEST_CASE("members that name one owner agree, whatever their rings are called") {
  const Json all = answer_to({{"laptop-1", "127.0.0.1:7601", by_one},
                              {"laptop-2", "127.0.0.1:7603", R"({"dest":"127.0.0.1:7601"})"}});
  CHECK(all["agree"] == true);
  CHECK(all["key"] == "user:42");
  CHECK(all["nodes"][0] == Json({{"name", "laptop-1"},
                                 {"address", "127.0.0.1:7601"},
                                 {"owner", "laptop-1"},
                                 {"owner_address", "127.0.0.1:7601"},
                                 {"version", 4},
                                 {"checksum", "0x0000002a"}}));
  CHECK_FALSE(all["nodes"][1].contains("version"));  // a Ringpop node
}

TEST_CASE("two owners are no agreement, and who is silent is of neither opinion") {
  const Json split = answer_to({{"a", "1:1", by_one}, {"b", "2:1", by_two}, {"c", "3:1", std::nullopt}});
  CHECK(split["agree"] == false);
  CHECK(split["nodes"][2] == Json({{"name", "c"}, {"address", "3:1"}, {"error", "no answer within 1s"}}));
  const Json alone = answer_to({{"a", "1:1", by_one}, {"c", "3:1", std::nullopt}});
  CHECK(alone["agree"] == true);
}

TEST_CASE("an owner that this node does not know has its address, and bad answers are told as such") {
  const Json all = answer_to({{"a", "1:1", R"({"dest":"9.9.9.9:9"})"},
                              {"b", "2:1", R"({"type":"ringpop.not-ready","message":"not bootstrapped"})"},
                              {"c", "3:1", "no JSON"},
                              {"d", "4:1", std::string(100, '[')},
                              {"e", "5:1", R"({"dest":"9.9.9.9:9","ring":7})"}});
  CHECK(all["nodes"][0]["owner"] == "9.9.9.9:9");
  CHECK(all["nodes"][1]["error"] == "not bootstrapped");
  for (const std::size_t i : {std::size_t{2}, std::size_t{3}})
    CHECK(all["nodes"][i]["error"] == "its answer names no owner");
  CHECK(all["nodes"][4]["owner"] == "9.9.9.9:9");
  CHECK(all["agree"] == true);
}
