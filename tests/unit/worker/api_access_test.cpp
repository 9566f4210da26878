// Who may do what on an API listener: the table of roles against the way somebody comes in.
#include "daemon/worker/api_access.hpp"

#include <catch2/catch.hpp>

#include "daemon/api/api.hpp"
#include "daemon/worker/route.hpp"

using namespace ringside;
using worker::ApiAccess;

namespace {

const std::string read_token(20, 'r'), app_token(20, 'a'), ops_token(20, 'o');

security::TokensPtr tokens() {
  return std::make_shared<const security::Tokens>(
      *security::Tokens::parse("read " + read_token + "\n" + app_token + "\nops " + ops_token));
}

const Address loopback{"127.0.0.1", 7600, {}}, anywhere{"0.0.0.0", 7600, {}};

http::RequestHead asking(std::string_view method, std::string_view target,
                         std::vector<http::Field> fields = {}) {
  http::RequestHead head;
  head.method = method;
  head.target = target;
  head.fields = std::move(fields);
  return head;
}

// 0: it may.
int refusal(const ApiAccess& access, const ApiAccess::Caller& caller, const http::RequestHead& head) {
  worker::Client client;
  client.access = &access;
  client.caller = caller;
  worker::Route route;
  worker::route_of(head, client, {}, {}, route);
  return route.kind == worker::Route::Kind::refused ? api::row(route.problem.code).status : 0;
}

}  // namespace

TEST_CASE("each way in may what the table says, with and without a token") {
  struct Way {
    const char* name;
    ApiAccess::Caller caller;
    std::string token;
    int read, app, ops;
  };
  const ApiAccess::Caller outside{.is_local = false, .is_operator = false},
      local{.is_local = true, .is_operator = false}, owner{.is_local = true, .is_operator = true};
  const auto way = GENERATE_COPY(values<Way>({
      {"from outside", outside, "", 401, 401, 401},
      {"from outside, another's token", outside, std::string(20, 'x'), 401, 401, 401},
      {"from outside, read", outside, read_token, 0, 403, 403},
      {"from outside, app", outside, app_token, 0, 0, 403},
      {"from outside, ops", outside, ops_token, 0, 0, 0},
      {"on this machine", local, "", 0, 0, 403},
      {"on this machine, read", local, read_token, 0, 0, 403},
      {"on this machine, ops", local, ops_token, 0, 0, 0},
      {"our own user", owner, "", 0, 0, 0},
  }));
  CAPTURE(way.name);
  ApiAccess access(loopback);
  access.set_tokens(tokens());
  std::vector<http::Field> fields;
  if (!way.token.empty()) fields.push_back({"ringside-token", way.token});
  for (const auto* path :
       {"/v1/members", "/v1/ring?points=true", "/metrics", "/", "/v1/lookup/k", "/nowhere"})
    CHECK(refusal(access, way.caller, asking("GET", path, fields)) == way.read);
  for (const auto& head : {asking("GET", "/v1/route/k/x", fields), asking("PUT", "/v1/local/x", fields),
                           asking("POST", "/v1/lookup", fields)})
    CHECK(refusal(access, way.caller, head) == way.app);
  CHECK(refusal(access, way.caller, asking("PATCH", "/v1/self", fields)) == way.app);
  for (const auto& head : {asking("POST", "/v1/members/b", fields), asking("DELETE", "/v1/drain", fields),
                           asking("PUT", "/v1/app", fields)})
    CHECK(refusal(access, way.caller, head) == way.ops);
}

TEST_CASE("a secret is taken from this machine only, whoever brings it") {
  ApiAccess access(anywhere);
  access.set_tokens(tokens());
  const ApiAccess::Caller outside{.is_local = false, .is_operator = false},
      local{.is_local = true, .is_operator = false};
  const std::vector<http::Field> ops{{"ringside-token", ops_token}};
  CHECK(refusal(access, outside, asking("POST", "/v1/keyring?x=1", ops)) == 403);
  CHECK(refusal(access, local, asking("POST", "/v1/keyring", ops)) == 0);
  CHECK(refusal(access, outside, asking("GET", "/v1/keyring", ops)) == 0);
  CHECK(refusal(access, outside, asking("DELETE", "/v1/keyring/1a2b3c4d", ops)) == 0);
  CHECK(refusal(access, outside, asking("POST", "/v1/route/k/v1/keyring", ops)) == 0);  // the app's
  CHECK(refusal(ApiAccess(anywhere), outside, asking("POST", "/v1/keyring")) == 403);   // without tokens, too
}

TEST_CASE("without tokens nobody is asked for one") {
  const ApiAccess access(anywhere);
  CHECK(refusal(access, {.is_local = false, .is_operator = false}, asking("DELETE", "/v1/self")) == 0);
}

TEST_CASE("a bearer token counts like Ringside-Token, whatever the scheme's case") {
  ApiAccess access(anywhere);
  access.set_tokens(tokens());
  const ApiAccess::Caller outside{.is_local = false, .is_operator = false};
  const std::string bearer = "bEaReR  " + app_token, basic = "Basic " + app_token;
  const auto good = access.judge(asking("GET", "/", {{"Authorization", bearer}}), outside);
  CHECK(good.role == Role::app);
  CHECK(good.authorization);
  CHECK(good.by_token);
  for (const std::string& other : {basic, app_token, std::string("Bearer"), std::string("Bearer ")}) {
    const auto bad = access.judge(asking("GET", "/", {{"Authorization", other}}), outside);
    CHECK(bad.role == Role::none);
    CHECK_FALSE(bad.authorization);
  }
}

TEST_CASE(
    "an Authorization of the app's own is let alone, a wrong Ringside-Token is refused even where none is "
    "needed") {
  ApiAccess access(loopback);
  access.set_tokens(tokens());
  const ApiAccess::Caller local{.is_local = true, .is_operator = false};
  CHECK(refusal(access, local, asking("GET", "/v1/route/k/x", {{"Authorization", "Bearer the-apps"}})) == 0);
  CHECK_FALSE(access.judge(asking("GET", "/", {{"Authorization", "Bearer the-apps"}}), local).authorization);
  CHECK(refusal(access, local, asking("GET", "/v1/route/k/x", {{"Ringside-Token", "wrong"}})) == 401);
}
