// What a patch of /v1/self makes of labels and weight, and which orders the pages about this node and its app
// give.
#include "daemon/api/self_orders.hpp"

#include <catch2/catch.hpp>

#include "tests/support/api_call.hpp"
#include "tests/support/view.hpp"

using namespace ringside;
using Catch::Contains;
using test::call_api;
using test::json_of;

namespace {

api::SelfPatch patch(const std::string& body) {
  const auto answer = call_api(test::sample_view(), "PATCH", "/v1/self", body);
  REQUIRE(answer.order.has_value());
  CHECK(answer.order->kind == api::Order::Kind::self);
  return answer.order->self;
}

std::string refusal(const std::string& body) {
  const auto answer = call_api(test::sample_view(), "PATCH", "/v1/self", body);
  REQUIRE_FALSE(answer.order.has_value());
  CHECK(answer.status == 422);
  return json_of(answer)["detail"].get<std::string>();
}

const api::Words before{{{"rack", "r1"}, {"zone", "eu"}}, 2};

}  // namespace

TEST_CASE("a merge patch leaves what it does not name, and null takes away") {
  const auto view = test::sample_view();
  const std::vector<std::pair<std::string, api::Words>> table{
      {"{}", before},
      {R"({"labels":{"zone":"us"}})", {{{"rack", "r1"}, {"zone", "us"}}, 2}},
      {R"({"labels":{"zone":null,"tier":"gold"}})", {{{"rack", "r1"}, {"tier", "gold"}}, 2}},
      {R"({"labels":{"gone":null}})", before},
      {R"({"labels":null})", {{}, 2}},
      {R"({"weight":1})", {before.labels, 1}},
      {R"({"weight":null})", {before.labels, 1}},
      {R"({"labels":{"zone":null,"rack":null},"weight":64})", {{}, 64}},
  };
  for (const auto& [body, after] : table) {
    CAPTURE(body);
    const auto words = api::patched(view, before, patch(body));
    REQUIRE(words.has_value());
    CHECK(*words == after);
  }
}

TEST_CASE("what cannot be said of a node is refused with what is wrong") {
  CHECK_THAT(refusal(R"({"labels":{"__identity":"x"}})"), Contains("keys that start with __ are ours"));
  CHECK_THAT(refusal(R"({"labels":{"a=b":"x"}})"), Contains("a key has no ="));
  CHECK_THAT(refusal(R"({"labels":{"a":5}})"), Contains("neither a text nor null"));
  CHECK_THAT(refusal(R"({"labels":{"":"x"}})"), Contains("a label needs a key"));
  CHECK_THAT(refusal(R"({"labels":{"a":")" + std::string(129, 'x') + R"("}})"), Contains("128 bytes"));
  CHECK_THAT(refusal(R"({"name":"b"})"), Contains("'name' cannot be changed"));
  for (const char* weight : {"0", "65", "1.5", "true", "\"2\"", "99999999999999999999"})
    CHECK(refusal(R"({"weight":)" + std::string(weight) + "}") == "weight is a whole number from 1 to 64");
}

TEST_CASE("six labels are too many, and beside a Ringpop node only the weight 1 goes") {
  auto view = test::sample_view();
  auto many = patch(R"({"labels":{"a":"1","b":"1","c":"1","d":"1"}})");
  CHECK(api::patched(view, before, many).error().status == 422);
  view.members[1].kind = PeerKind::ringpop_go;  // it is suspect, and so a member
  const auto refused = api::patched(view, {}, patch(R"({"weight":2})"));
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().status == 409);
  CHECK_THAT(refused.error().body, Contains("127.0.0.1:7603"));
  CHECK(api::patched(view, before, patch(R"({"weight":1})")).has_value());
  CHECK(api::patched(view, {}, patch(R"({"labels":{"zone":"eu"}})")).has_value());
  view.members[1].status = ringpop::Status::faulty;
  CHECK(api::patched(view, {}, patch(R"({"weight":2})")).has_value());
}

TEST_CASE("where addresses are hashed there are neither labels nor weights") {
  auto view = test::sample_view();
  view.identity = "address";
  CHECK(api::patched(view, {}, patch(R"({"labels":{"zone":"eu"}})")).error().status == 409);
  CHECK(api::patched(view, {}, patch(R"({"weight":2})")).error().status == 409);
  CHECK(api::patched(view, {}, patch("{}")).has_value());
}

TEST_CASE("an app registers with options of the configuration by their short names") {
  const auto answer = call_api(test::sample_view(), "PUT", "/v1/app",
                               R"({"id":"shop","address":"127.0.0.1:1","protocol":"h2c",
                                   "health":{"path":"","interval":"1s","fail":2,"required":false}})");
  REQUIRE(answer.order.has_value());
  CHECK(answer.order->app.id == "shop");
  CHECK(answer.order->app.settings ==
        std::vector<std::pair<std::string, std::string>>{{"app.address", "127.0.0.1:1"},
                                                         {"app.protocol", "h2c"},
                                                         {"app.health.path", ""},
                                                         {"app.health.interval", "1s"},
                                                         {"app.health.fail", "2"},
                                                         {"app.health.required", "false"}});
  for (const auto& [body, why] : std::vector<std::pair<std::string, std::string>>{
           {R"({"address":""})", "DELETE /v1/app"},
           {R"({"id":"shop"})", "address says where the app listens"},
           {R"({"address":5})", "address is a text"},
           {R"({"address":"a:1","port":1})", "there is no field 'port'"},
           {R"({"address":"a:1","health":{"fail":"2"}})", "health: fail is a whole number"},
           {R"({"address":"a:1","health":{"required":1}})", "required is true or false"},
           {R"({"address":"a:1","health":5})", "health is not like {"},
           {R"({"address":"a:1","id":)" + ('"' + std::string(64, 'x')) + "\"}", "at most 63 bytes"}}) {
    CAPTURE(body);
    const auto refused = call_api(test::sample_view(), "PUT", "/v1/app", body);
    CHECK(refused.status == 400);
    CHECK_THAT(json_of(refused)["detail"].get<std::string>(), Contains(why));
  }
}

TEST_CASE("faults name a member by its name or address, or all with *") {
  auto view = test::sample_view();
  view.dev = true;
  for (const auto& [peer, address] : std::vector<std::pair<std::string, std::string>>{
           {"laptop-2", "127.0.0.1:7603"}, {"127.0.0.1:7603", "127.0.0.1:7603"}, {"*", "*"}, {"%2A", "*"}}) {
    const auto put = call_api(view, "PUT", "/v1/faults/" + peer, R"({"delay":"200ms"})");
    REQUIRE(put.order.has_value());
    CHECK(put.order->peer == address);
    CHECK(put.order->fault == Fault{.delay = Millis{200}});
    const auto mend = call_api(view, "DELETE", "/v1/faults/" + peer);
    REQUIRE(mend.order.has_value());
    CHECK(mend.order->kind == api::Order::Kind::no_fault);
  }
  for (const char* body : {"", "{}", R"({"drop":false})", R"({"drop":true,"delay":"1s"})", R"({"delay":5})"})
    CHECK(call_api(view, "PUT", "/v1/faults/*", body).status == 400);
  for (const char* body : {R"({"delay":"0s"})", R"({"delay":"61s"})", R"({"delay":"x"})"})
    CHECK(call_api(view, "PUT", "/v1/faults/*", body).status == 422);
}
