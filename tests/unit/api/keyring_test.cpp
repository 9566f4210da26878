// The keyring of a cluster: what its pages order, who stands in the way of a change, what members tell each
// other, and that no answer holds a key.
#include "daemon/api/keyring.hpp"

#include <catch2/catch.hpp>

#include "daemon/base/limits.hpp"
#include "tests/support/api_call.hpp"
#include "tests/support/view.hpp"

using namespace ringside;
using api::MemberKeys;
using Catch::Contains;
using test::Json;
using Kind = api::KeyringVerb::Kind;

namespace {

const std::string one = "11111111", two = "22222222", three = "33333333";
const std::string secret(64, 'c');

api::Response ask(const std::string& method, const std::string& target, const std::string& body = "") {
  return test::call_api(test::sample_view(), method, target, body);
}

api::KeyringVerb ordered(const std::string& method, const std::string& target, const std::string& body = "") {
  const auto response = ask(method, target, body);
  REQUIRE(response.order.has_value());
  REQUIRE(response.order->kind == api::Order::Kind::keyring);
  return response.order->keyring;
}

MemberKeys member(const std::string& name, std::vector<std::string> ids) {
  return {.name = name, .address = "127.0.0.1:1", .ids = std::move(ids)};
}

MemberKeys silent(const std::string& name) {
  return {.name = name, .address = "127.0.0.1:1", .reason = "it did not answer"};
}

const MemberKeys ringpop_node{
    .name = "r", .address = "127.0.0.1:2", .reason = "not a ringside", .ringside = false};

using Lines = std::vector<std::string>;

Lines against(Kind kind, const std::string& id, const std::vector<MemberKeys>& members) {
  return api::objections({.kind = kind, .id = id}, members);
}

}  // namespace

TEST_CASE("each page of the keyring gives its order") {
  CHECK(ordered("GET", "/v1/keyring").kind == Kind::list);
  const auto install = ordered("POST", "/v1/keyring", R"({"key":")" + secret + R"("})");
  CHECK((install.kind == Kind::install && install.key == secret));
  const auto use = ordered("PUT", "/v1/keyring/primary", R"({"id":"1a2b3c4d"})");
  CHECK((use.kind == Kind::use && use.id == "1a2b3c4d"));
  const auto remove = ordered("DELETE", "/v1/keyring/1a2b3c4d");
  CHECK((remove.kind == Kind::remove && remove.id == "1a2b3c4d"));
}

TEST_CASE("a page of the keyring says what is wrong with its body, and repeats nothing of it") {
  const std::string short_key(63, 'c');
  for (const auto& body :
       {std::string(), std::string("[]"), R"({"key":7})" + std::string(), R"({"key":")" + short_key + R"("})",
        R"({"keys":")" + secret + R"("})", R"({"key":")" + std::string(64, 'x') + R"("})", secret}) {
    const auto refused = ask("POST", "/v1/keyring", body);
    CHECK(refused.status == 400);
    CHECK_THAT(refused.body, !Contains("cccccccc") && !Contains("xxxxxxxx"));
  }
  CHECK(ask("PUT", "/v1/keyring/primary", R"({"id":"1A2B3C4D"})").status == 400);
  CHECK(ask("DELETE", "/v1/keyring/1a2b").status == 400);
  CHECK(ask("PUT", "/v1/keyring", "{}").status == 405);
}

TEST_CASE("the keyring is for operators alone, and the key itself comes from this machine only") {
  for (const auto& [method, path] :
       {std::pair{"GET", "/v1/keyring"}, std::pair{"POST", "/v1/keyring"},
        std::pair{"PUT", "/v1/keyring/primary"}, std::pair{"DELETE", "/v1/keyring/1a2b3c4d"}}) {
    CHECK(api::role_needed(method, path) == Role::ops);
    CHECK(api::takes_secrets(method, path) == (std::string_view(method) == "POST"));
  }
  CHECK_FALSE(api::takes_secrets("POST", "/v1/reload"));
}

TEST_CASE("a key is used once every member has it") {
  CHECK(against(Kind::use, two, {member("a", {one, two}), member("b", {one, two})}).empty());
  CHECK(against(Kind::use, two, {member("a", {one, two}), member("b", {one})}) ==
        Lines{"b lacks it; install it again"});
  CHECK_THAT(against(Kind::use, two, {member("a", {one, two}), silent("b")}).at(0),
             Catch::StartsWith("b: nobody knows which keys it has"));
  CHECK(against(Kind::use, two, {member("a", {one}), member("b", {one})}) ==
        Lines{"no member has the key " + two});
}

TEST_CASE("a key is removed once nobody dials with it, and everybody has what the others dial with") {
  const auto removes = [](const std::vector<MemberKeys>& members) {
    return against(Kind::remove, one, members);
  };
  CHECK(removes({member("a", {two, one}), member("b", {two, one})}).empty());
  CHECK(removes({member("a", {two, one}), member("b", {two})}).empty());  // half of it was done before
  CHECK(removes({member("a", {two, one}), member("b", {one, two})}) ==
        Lines{"b dials with it; use another one first"});
  CHECK(removes({member("a", {two, one}), member("b", {three, one})}).size() == 2);
  CHECK(removes({member("a", {two}), member("b", {two})}) == Lines{"no member has the key " + one});
  CHECK(removes({member("a", {two, one}), silent("b")}).size() == 1);
}

TEST_CASE("Ringpop nodes stand in the way of nothing; a list and an installation meet no objection") {
  CHECK(against(Kind::use, two, {member("a", {one, two}), ringpop_node}).empty());
  CHECK(against(Kind::remove, one, {member("a", {two, one}), ringpop_node}).empty());
  CHECK(against(Kind::list, "", {silent("b")}).empty());
  CHECK(against(Kind::install, "", {silent("b")}).empty());
}

TEST_CASE("the answer has a row for each member, and is 207 when one did not do it") {
  const std::vector<MemberKeys> all{member("a", {one, two}), member("b", {two})};
  const auto good = api::keyring_answer(all);
  CHECK(good.status == 200);
  CHECK(Json::parse(good.body)["nodes"][0] ==
        Json::parse(R"({"name":"a","address":"127.0.0.1:1","ok":true,"primary":"11111111",)"
                    R"("keys":["11111111","22222222"]})"));
  const auto partly = api::keyring_answer(std::vector<MemberKeys>{member("a", {one}), ringpop_node});
  CHECK(partly.status == 207);
  CHECK(Json::parse(partly.body)["nodes"][1] ==
        Json::parse(R"({"name":"r","address":"127.0.0.1:2","ok":false,"reason":"not a ringside"})"));
}

TEST_CASE("what members tell each other is read as it was written") {
  const std::vector<api::KeyringVerb> verbs{{},
                                            {.kind = Kind::install, .key = secret},
                                            {.kind = Kind::use, .id = one},
                                            {.kind = Kind::remove, .id = two}};
  for (const api::KeyringVerb& verb : verbs) {
    const auto read = api::read_keyring_verb(api::to_json(verb));
    REQUIRE(read.has_value());
    CHECK((read->kind == verb.kind && read->id == verb.id && read->key == verb.key));
  }
  const std::vector<std::string> ids{one, two};
  CHECK(*api::read_ids(api::ids_to_json(ids)) == ids);
  CHECK(api::read_refusal(R"({"type":"t","message":"no"})") == "no");
}

TEST_CASE("bytes of another member that make no sense are an error, never a key or an id") {
  for (const std::string bad :
       {"", "{", "[]", R"({"verb":"forget"})", R"({"verb":"use"})", R"({"verb":"use","id":"1A2B3C4D"})",
        R"({"verb":"install"})", R"({"verb":7})"})
    CHECK_FALSE(api::read_keyring_verb(bad).has_value());
  std::vector<std::string> many(limits::cluster_keys + 1, one);
  for (const std::string& bad : {std::string(), std::string("{}"), std::string(R"({"keys":[]})"),
                                 std::string(R"({"keys":["x",7]})"), api::ids_to_json(many)})
    CHECK_FALSE(api::read_ids(bad).has_value());
  CHECK_FALSE(api::read_refusal("{").empty());
  CHECK_FALSE(api::read_keyring_verb(std::string(100, '[')).has_value());
}
