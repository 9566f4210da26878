// Where a request belongs, as a table: the rules users see in the first five minutes.
#include "daemon/worker/route.hpp"

#include <catch2/catch.hpp>

#include "daemon/base/limits.hpp"

using namespace ringside;
using worker::Route;

namespace {

Route routed(std::string_view target, std::vector<http::Field> fields = {}) {
  http::RequestHead head;
  head.method = "GET";
  head.target = target;
  head.fields = std::move(fields);
  Route route;
  worker::api_route(head, route);
  return route;
}

Route routed_on_ingress(const http::RequestHead& head, const config::Config& config,
                        const routes::Table& table) {
  Route route;
  worker::ingress_route(head, config, table, route);
  return route;
}

Route routed_at(const worker::Client& client, const http::RequestHead& head, const config::Config& config) {
  Route route;
  worker::route_of(head, client, config, {}, route);
  return route;
}

}  // namespace

TEST_CASE("a key in the path is one percent-encoded segment, the rest is what the app sees") {
  struct Row {
    std::string target, key, app_target;
  };
  const auto row = GENERATE(values<Row>({
      {"/v1/route/user:42/cart", "user:42", "/cart"},
      {"/v1/route/user:42", "user:42", "/"},
      {"/v1/route/user:42/", "user:42", "/"},
      {"/v1/route/user:42?x=1", "user:42", "/?x=1"},
      {"/v1/route/user:42/a//b/../c?x=%2F", "user:42", "/a//b/../c?x=%2F"},
      {"/v1/route/a%2Fb/x", "a/b", "/x"},
      {"/v1/route/%00%ff%20/x", std::string("\0\xff ", 3), "/x"},
      {"/v1/route/a+b/x", "a+b", "/x"},
      {"/v1/route/%25/x", "%", "/x"},
  }));
  INFO(row.target);
  const Route route = routed(row.target);
  REQUIRE(route.kind == Route::Kind::key);
  CHECK(route.key == row.key);
  CHECK(route.target == row.app_target);
}

TEST_CASE("a node in the path is one percent-encoded segment, the rest is what its app sees") {
  struct Row {
    std::string target, node, app_target;
  };
  const auto row = GENERATE(values<Row>({
      {"/v1/nodes/b/debug/heap?x=1", "b", "/debug/heap?x=1"},
      {"/v1/nodes/b", "b", "/"},
      {"/v1/nodes/b/", "b", "/"},
      {"/v1/nodes/b?x=1", "b", "/?x=1"},
      {"/v1/nodes/b/a//b/../c", "b", "/a//b/../c"},
      {"/v1/nodes/10.0.0.1%3A7601/x", "10.0.0.1:7601", "/x"},
      {"/v1/nodes/%61%2fb/x", "a/b", "/x"},
  }));
  INFO(row.target);
  const Route route = routed(row.target);
  REQUIRE(route.kind == Route::Kind::node);
  CHECK(route.node == row.node);
  CHECK(route.target == row.app_target);
  CHECK(route.key.empty());
}

TEST_CASE("a path that names no node, or none that can be, is refused") {
  for (const std::string without :
       {"/v1/nodes", "/v1/nodes/", "/v1/nodes?x", "/v1/nodes/?x", "/v1/nodes//x"}) {
    INFO(without);
    CHECK(routed(without).kind == Route::Kind::refused);
    CHECK(routed(without).problem.code == api::Code::unknown_node);
  }
  CHECK(routed("/v1/nodes/%zz/x").problem.code == api::Code::bad_request);
  CHECK(routed("/v1/nodesx").kind == Route::Kind::api);
  CHECK(routed("/v1/nodes/b/x", {{"Ringside-Key", "k"}}).kind == Route::Kind::key);
}

TEST_CASE("a key that cannot be used is refused with its reason") {
  CHECK(routed("/v1/route//x").problem.detail == "the key is empty");
  for (const std::string without : {"/v1/route", "/v1/route/", "/v1/route?x", "/v1/route/?x"}) {
    INFO(without);
    CHECK(routed(without).problem.code == api::Code::missing_key);
  }
  CHECK(routed("/v1/route/%zz/x").problem.detail ==
        "the key '%zz' holds a % that is not followed by two hex digits");
  CHECK(routed("/v1/route/%4").problem.code == api::Code::bad_key);
  const std::string longest(limits::key_bytes, 'k');
  CHECK(routed("/v1/route/" + longest + "/x").kind == Route::Kind::key);
  CHECK(routed("/v1/route/" + longest + "k/x").problem.detail == "the key has 4097 bytes, the limit is 4096");
  CHECK(routed("/v1/route/" + longest + "k/x").kind == Route::Kind::refused);
}

TEST_CASE("the header's key is literal and wins over every path") {
  for (const std::string target : {"/cart?x=1", "/v1/members", "/v1/route/other/x", "/"}) {
    INFO(target);
    const Route route = routed(target, {{"ringside-KEY", "a%2Fb"}});
    REQUIRE(route.kind == Route::Kind::key);
    CHECK(route.key == "a%2Fb");
    CHECK(route.target == target);
  }
  CHECK(routed("/x", {{"Ringside-Key", ""}}).problem.code == api::Code::bad_key);
  CHECK(routed("/x", {{"Ringside-Key", "a"}, {"ringside-key", "a"}}).problem.detail ==
        "the request has more than one Ringside-Key");
}

TEST_CASE("/v1/local is this node's app, and only that path") {
  CHECK(routed("/v1/local/a/b?c").kind == Route::Kind::local);
  CHECK(routed("/v1/local/a/b?c").target == "/a/b?c");
  CHECK(routed("/v1/local").target == "/");
  CHECK(routed("/v1/local?x").target == "/?x");
  CHECK(routed("/v1/locality").kind == Route::Kind::api);
}

TEST_CASE("everything else is for the API") {
  for (const std::string target : {"/", "/v1/routes/a", "/v1/members", "/metrics", "/v2/route/a/b"}) {
    INFO(target);
    CHECK(routed(target).kind == Route::Kind::api);
  }
}

TEST_CASE("on ingress nothing is for the API: a request names its key in a header, or is refused") {
  const config::Config config;
  const auto routed_there = [&](std::string_view target, std::vector<http::Field> fields = {}) {
    http::RequestHead head;
    head.method = "GET";
    head.target = target;
    head.authority = "a";
    head.fields = std::move(fields);
    return routed_at({worker::Listener::ingress, {}, "::1"}, head, config);
  };
  for (const std::string target :
       {"/", "/v1/members", "/metrics", "/v1/route/k/x", "/v1/local/x", "/livez"}) {
    INFO(target);
    const Route without = routed_there(target);
    CHECK(without.kind == Route::Kind::refused);
    CHECK(without.problem.code == api::Code::missing_key);
    const Route with = routed_there(target, {{"Ringside-Key", "k"}});
    REQUIRE(with.kind == Route::Kind::key);
    CHECK(with.key == "k");
    CHECK(with.target == target);
  }
  CHECK(routed_there("*").kind == Route::Kind::api);
  CHECK(routed_there("/x", {{"ringside-key-bin", "YS9i"}}).key == "a/b");
  CHECK(routed_there("/x", {{"ringside-key", ""}}).problem.code == api::Code::bad_key);
}

TEST_CASE("ingress.hosts names the hosts that are answered, whatever their case and port") {
  struct Row {
    std::vector<std::string> hosts;
    std::string authority;
    bool known;
  };
  const std::vector<std::string> shop = {"shop.example", "*.shop.example", "[::1]", "127.0.0.1"};
  const auto row = GENERATE_COPY(values<Row>({
      {{}, "anything", true},
      {{}, "", true},
      {shop, "shop.example", true},
      {shop, "SHOP.Example:8080", true},
      {shop, "shop.example.", true},
      {shop, "eu.shop.example", true},
      {shop, "a.b.shop.example:1", true},
      {shop, ".shop.example", false},
      {shop, "eshop.example", false},
      {shop, "shop.example.evil", false},
      {shop, "evil.example", false},
      {shop, "[::1]", true},
      {shop, "[::1]:80", true},
      {shop, "[::2]:80", false},
      {shop, "127.0.0.1:80", true},
      {shop, "", false},
  }));
  INFO(row.authority);
  config::Config config;
  config.ingress.hosts = row.hosts;
  http::RequestHead head;
  head.method = "GET";
  head.target = "/";
  head.authority = row.authority;
  head.fields = {{"Ringside-Key", "k"}};
  const Route route = routed_on_ingress(head, config, {});
  CHECK((route.kind == Route::Kind::key) == row.known);
  if (!row.known) CHECK(route.problem.code == api::Code::wrong_host);
  // The same hosts are of no interest to the API listener.
  CHECK(routed_at({}, head, config).kind == Route::Kind::key);
  head.http10 = true;
  if (row.authority.empty()) CHECK(routed_on_ingress(head, config, {}).kind == Route::Kind::key);
}

TEST_CASE("on telemetry there are health pages and metrics, and nothing else, with a key or without") {
  struct Row {
    std::string target;
    bool there;
  };
  const auto row = GENERATE(values<Row>({{"/livez", true},
                                         {"/v1/livez", true},
                                         {"/readyz?x=1", true},
                                         {"/v1/readyz", true},
                                         {"/outboundz", true},
                                         {"/v1/outboundz", true},
                                         {"/metrics", true},
                                         {"/metrics/", false},
                                         {"/", false},
                                         {"/v1/members", false},
                                         {"/v1/config", false},
                                         {"/v1/route/k/livez", false},
                                         {"/v1/local/livez", false},
                                         {"/v1/nodes/a/livez", false}}));
  INFO(row.target);
  http::RequestHead head;
  head.method = "GET";
  head.target = row.target;
  head.fields = {{"Ringside-Key", "k", http::Name::ringside_key}};
  const Route route = routed_at({worker::Listener::telemetry, {}, "::1"}, head, {});
  CHECK(route.kind == (row.there ? Route::Kind::api : Route::Kind::refused));
  if (!row.there) CHECK(route.problem.code == api::Code::not_found);
}

TEST_CASE("on ingress the first route that matches says the key, or what becomes of a request without") {
  const auto table = *routes::Table::compile({
      {.match = "/users/{id}/**", .methods = {"GET"}, .key = "user:{id}", .timeout = Millis(2000)},
      {.match = "/users/**", .key = "tenant-{header:X-Tenant}"},
      {.match = "/near/**", .key = "{query:k}", .missing = routes::Missing::local},
      {.match = "/far", .missing = routes::Missing::random},
  });
  struct Row {
    std::string method, target;
    std::vector<http::Field> fields;
    Route::Kind kind;
    std::string key;  // or what is in the refusal's detail
    std::size_t route;
  };
  using Kind = Route::Kind;
  const auto row = GENERATE_COPY(values<Row>({
      {"GET", "/users/a%2Fb/x?y=1", {}, Kind::key, "user:a/b", 1},
      {"GET", "/users/42", {{"Ringside-Key", "other"}}, Kind::key, "user:42", 1},
      {"GET",
       "/users/%4",
       {},
       Kind::refused,
       "route 1 (/users/{id}/**): the path variable 'id' holds a %",
       0},
      {"PUT", "/users/42", {{"x-tenant", "a"}}, Kind::key, "tenant-a", 2},
      {"PUT", "/users/42", {{"x-tenant", ""}}, Kind::refused, "the header 'X-Tenant' is empty", 0},
      {"PUT",
       "/users/42",
       {},
       Kind::refused,
       "route 2 (/users/**) takes its key from the header 'X-Tenant', which is not there",
       0},
      {"PUT", "/users/42", {{"Ringside-Key", "k"}}, Kind::refused, "which is not there", 0},
      {"GET", "/near/x?k=1", {}, Kind::key, "1", 3},
      {"GET", "/near/x", {}, Kind::local, "", 3},
      {"GET", "/far", {}, Kind::any, "", 4},
      {"GET",
       "/far/",
       {},
       Kind::refused,
       "none of the 4 routes matches GET /far/, and the request has no Ringside-Key header",
       0},
      {"GET", "/far/", {{"Ringside-Key", "k"}}, Kind::key, "k", 0},
      {"OPTIONS", "*", {}, Kind::api, "", 0},
  }));
  INFO(row.method << " " << row.target);
  http::RequestHead head;
  head.method = row.method;
  head.target = row.target;
  head.authority = "a";
  head.fields = row.fields;
  const Route route = routed_on_ingress(head, {}, table);
  REQUIRE(route.kind == row.kind);
  CHECK((route.entry == nullptr ? 0 : route.entry->number) == row.route);
  if (row.kind == Kind::refused) {
    CHECK_THAT(route.problem.detail, Catch::Contains(row.key));
  } else {
    CHECK(route.key == row.key);
    if (row.kind != Kind::api) CHECK(route.target == row.target);
  }
}

TEST_CASE("a key survives its way through a header field, whatever its bytes") {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  for (const std::string& key : {std::string("user:42/a b"), std::string("100%"), all}) {
    std::string encoded = "what was there";
    worker::encode_key(key, encoded);
    for (const char c : encoded) CHECK((c > 0x20 && c < 0x7f));
    CHECK(http::percent_decode(encoded) == key);
  }
  std::string encoded;
  worker::encode_key("user:42", encoded);
  CHECK(encoded == "user:42");
}
