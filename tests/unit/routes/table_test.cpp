// The table of routes: the first one wins, and what can never work is found before it is used.
#include "daemon/routes/table.hpp"

#include <catch2/catch.hpp>

using namespace ringside;
using namespace ringside::routes;
using Catch::Matchers::Contains;

namespace {

// Number of the route that takes the request; 0: none.
std::size_t taken(const Rules& rules, std::string_view target, std::string_view method = "GET") {
  const auto table = Table::compile(rules);
  if (!table) FAIL(table.error().front().text);
  http::RequestHead head;
  head.method = method;
  head.target = target;
  Values values{};
  const Entry* entry = table->find(head, values);
  return entry == nullptr ? 0 : entry->number;
}

// "2 key: what is wrong" for each fault.
std::vector<std::string> faults(const Rules& rules) {
  std::vector<std::string> all;
  const auto table = Table::compile(rules);
  if (table) return all;
  for (const auto& fault : table.error())
    all.push_back(std::to_string(fault.number) + " " + std::string(fault.field) + ": " + fault.text);
  return all;
}

const Rules shop = {
    {.match = "/users/{id}/orders", .methods = {"GET", "HEAD"}, .key = "orders:{id}"},
    {.match = "/users/{id}/**", .key = "user:{id}"},
    {.match = "/health", .missing = Missing::local},
    {.match = "/**", .key = "{header:X-Tenant}", .missing = Missing::random},
};

}  // namespace

TEST_CASE("the first route that takes path and method wins; the query has no say") {
  CHECK(taken(shop, "/users/1/orders") == 1);
  CHECK(taken(shop, "/users/1/orders?x=/health") == 1);
  CHECK(taken(shop, "/users/1/orders", "HEAD") == 1);
  CHECK(taken(shop, "/users/1/orders", "POST") == 2);
  CHECK(taken(shop, "/users/1/orders", "get") == 2);
  CHECK(taken(shop, "/users/1?a=b") == 2);
  CHECK(taken(shop, "/users/") == 4);
  CHECK(taken(shop, "/health") == 3);
  CHECK(taken(shop, "/health/") == 4);
  CHECK(taken(shop, "*", "OPTIONS") == 0);
  CHECK(taken({}, "/") == 0);
  CHECK(taken({{.match = "/a", .key = "k"}}, "/b") == 0);
}

TEST_CASE("all that is wrong with the routes is told at once, each with its number") {
  CHECK(faults(shop).empty());
  CHECK(faults({{.match = "", .key = "k"},
                {.match = "a", .key = "k"},
                {.match = "/a", .key = "{id}"},
                {.match = "/b", .methods = {"GET", "P OST"}, .key = "k"},
                {.match = "/c"}}) ==
        std::vector<std::string>{
            "1 match: is missing: the path that the route takes, e.g. /users/{id}/**",
            "2 match: 'a' does not start with a slash",
            "3 key: the path has no variable {id}; a header is {header:Name}, and so are query and cookie",
            "4 methods: 'P OST' is not a method",
            "5 key: is missing, and missing: reject would refuse every request; name a key, or say missing: "
            "local or random"});
}

TEST_CASE("a route that an earlier one leaves nothing is a fault") {
  const auto shaded = [](Rule first, Rule second) {
    first.key = second.key = "k";
    const auto all = faults({first, second});
    return !all.empty() &&
           all.front().find("never matches: route 1 (" + first.match + ")") != std::string::npos;
  };
  CHECK(shaded({.match = "/**"}, {.match = "/a"}));
  CHECK(shaded({.match = "/{x}/**"}, {.match = "/users/{id}"}));
  CHECK(shaded({.match = "/a"}, {.match = "/a"}));
  CHECK(shaded({.match = "/a"}, {.match = "/a", .methods = {"GET"}}));
  CHECK(shaded({.match = "/a", .methods = {"GET", "PUT"}}, {.match = "/a", .methods = {"PUT"}}));
  CHECK_FALSE(shaded({.match = "/a", .methods = {"GET"}}, {.match = "/a"}));
  CHECK_FALSE(shaded({.match = "/a", .methods = {"GET"}}, {.match = "/a", .methods = {"GET", "PUT"}}));
  CHECK_FALSE(shaded({.match = "/users/{id}"}, {.match = "/**"}));
  CHECK_FALSE(shaded({.match = "/{x}/**"}, {.match = "/"}));
}

TEST_CASE("there are at most 256 routes") {
  Rules rules;
  for (int i = 0; i < 256; ++i) rules.push_back({.match = "/" + std::to_string(i), .key = "k"});
  CHECK(faults(rules).empty());
  rules.push_back({.match = "/more", .key = "k"});
  CHECK(faults(rules) == std::vector<std::string>{"257 : more than 256 routes"});
}
