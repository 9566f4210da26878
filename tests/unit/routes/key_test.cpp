// Key templates: where a key comes from, and when there is none or a bad one.
#include "daemon/routes/key.hpp"

#include <catch2/catch.hpp>

#include "daemon/base/limits.hpp"

using namespace ringside;
using namespace ringside::routes;
using Catch::Matchers::Contains;

namespace {

struct Asked {
  std::string target = "/users/42/cart";
  std::vector<http::Field> fields{};
  std::string authority = "Shop.Example:80";
};

// "yes KEY", "no WHAT" or "bad WHY".
std::string made(std::string_view text, const Asked& asked) {
  const auto path = Path::parse("/users/{id}/**");
  const auto key = Key::parse(text, *path);
  if (!key) FAIL(key.error());
  http::RequestHead head;
  head.method = "GET";
  head.target = asked.target;
  head.authority = asked.authority;
  head.fields = asked.fields;
  Values values{};
  REQUIRE(path->match(head.target.substr(0, head.target.find('?')), values));
  std::string out = "left from before";
  const Found found = key->make(head, values, out);
  return (found == Found::yes ? "yes " : found == Found::no ? "no " : "bad ") + out;
}

std::string fault(std::string_view text) {
  const auto key = Key::parse(text, *Path::parse("/users/{id}/{item}"));
  return key ? "" : key.error();
}

}  // namespace

TEST_CASE("a key is put together from the path, with text before, between and behind") {
  CHECK(made("{id}", {}) == "yes 42");
  CHECK(made("user:{id}", {}) == "yes user:42");
  CHECK(made("{id}.user", {}) == "yes 42.user");
  CHECK(made("<{id}-{id}>", {}) == "yes <42-42>");
  CHECK(made("leader", {}) == "yes leader");
}

TEST_CASE("path variables are percent-decoded, once, and nothing else happens to them") {
  CHECK(made("{id}", {"/users/a%2Fb"}) == "yes a/b");
  CHECK(made("{id}", {"/users/a%2fb/cart"}) == "yes a/b");
  CHECK(made("{id}", {"/users/%2525"}) == "yes %25");
  CHECK(made("{id}", {"/users/a+b"}) == "yes a+b");
  CHECK(made("{id}", {"/users/%00%ff"}) == std::string("yes \0\xff", 6));
  CHECK(made("{id}", {"/users/.."}) == "yes ..");
  CHECK(made("{id}", {"/users/%zz"}) ==
        "bad the path variable 'id' holds a % that is not followed by two hex digits");
  CHECK(made("{id}", {"/users/%4"}) == made("{id}", {"/users/%zz"}));
  CHECK(made("leader", {"/users/%zz"}) == "yes leader");
}

TEST_CASE("a header's value is the key as it is; its name has no case") {
  CHECK(made("tenant-{header:X-Tenant}", {.fields = {{"x-tenant", "a%2Fb c"}}}) == "yes tenant-a%2Fb c");
  CHECK(made("{header:x-tenant}", {.fields = {{"X-TENANT", "\xe9"}}}) == "yes \xe9");
  CHECK(made("{header:X-Tenant}", {}) == "no header 'X-Tenant'");
  CHECK(made("{header:X-Tenant}", {.fields = {{"X-Tenants", "a"}}}) == "no header 'X-Tenant'");
  CHECK(made("{header:X-Tenant}", {.fields = {{"X-Tenant", ""}}}) == "bad the header 'X-Tenant' is empty");
  CHECK(made("{header:X-Tenant}", {.fields = {{"X-Tenant", "a"}, {"x-tenant", "a"}}}) == "yes a");
  CHECK(made("{header:X-Tenant}", {.fields = {{"X-Tenant", "a"}, {"x-tenant", "b"}}}) ==
        "bad the header 'X-Tenant' is there several times, with different values");
}

TEST_CASE("the host can be the key, in lower case") {
  CHECK(made("{header:Host}", {}) == "yes shop.example:80");
  CHECK(made("UP-{header:host}-UP", {}) == "yes UP-shop.example:80-UP");
  CHECK(made("{header:Host}", {.authority = ""}) == "no header 'Host'");
}

TEST_CASE("{header:Ringside-Key} is the key that a request names itself, in text or binary") {
  CHECK(made("{header:Ringside-Key}", {.fields = {{"ringside-key", "k"}}}) == "yes k");
  CHECK(made("{header:ringside-key}", {.fields = {{"ringside-key-bin", "YS9i"}}}) == "yes a/b");
  CHECK(made("{header:Ringside-Key}", {}) == "no header 'Ringside-Key'");
  CHECK(made("{header:Ringside-Key}", {.fields = {{"ringside-key", "k"}, {"ringside-key-bin", "YS9i"}}}) ==
        "bad the request has more than one Ringside-Key");
  CHECK(made("{header:Ringside-Key}", {.fields = {{"ringside-key-bin", "-"}}}) ==
        "bad the Ringside-Key-Bin is not base64");
  CHECK(made("{header:Ringside-Key}", {.fields = {{"ringside-key", ""}}}) ==
        "bad the header 'Ringside-Key' is empty");
}

TEST_CASE("a query parameter is decoded as a form's") {
  struct Row {
    std::string query, result;
  };
  const auto row = GENERATE(values<Row>({
      {"?user=42", "yes 42"},
      {"?a=b&user=42&c", "yes 42"},
      {"?user=a+b%2Bc", "yes a b+c"},
      {"?us%65r=42", "yes 42"},
      {"?user=a=b", "yes a=b"},
      {"?user=42?", "yes 42?"},
      {"?user=42/../x", "yes 42/../x"},
      {"", "no query parameter 'user'"},
      {"?", "no query parameter 'user'"},
      {"?users=42", "no query parameter 'user'"},
      {"?USER=42", "no query parameter 'user'"},
      {"?a=user", "no query parameter 'user'"},
      {"?user", "bad the query parameter 'user' is empty"},
      {"?user=", "bad the query parameter 'user' is empty"},
      {"?user=%4", "bad the query parameter 'user' holds a % that is not followed by two hex digits"},
      {"?user=1&user=1", "yes 1"},
      {"?user=1&us%65r=2", "bad the query parameter 'user' is there several times, with different values"},
  }));
  INFO(row.query);
  CHECK(made("{query:user}", {"/users/1" + row.query}) == row.result);
}

TEST_CASE("a cookie is taken as it is, from however many fields") {
  CHECK(made("{cookie:sid}", {.fields = {{"Cookie", "a=b; sid=x%20y; c=d"}}}) == "yes x%20y");
  CHECK(made("{cookie:sid}", {.fields = {{"cookie", "a=b"}, {"cookie", "sid=\"q\""}}}) == "yes \"q\"");
  CHECK(made("{cookie:sid}", {.fields = {{"Cookie", "sid=a=b"}}}) == "yes a=b");
  CHECK(made("{cookie:sid}", {.fields = {{"Cookie", "SID=1; xsid=2; sid"}}}) == "no cookie 'sid'");
  CHECK(made("{cookie:sid}", {.fields = {{"Cookie", "sid="}}}) == "bad the cookie 'sid' is empty");
  CHECK(made("{cookie:sid}", {.fields = {{"Cookie", "sid=1; sid=1"}}}) == "yes 1");
  CHECK(made("{cookie:sid}", {.fields = {{"Cookie", "sid=1;sid=2"}}}) ==
        "bad the cookie 'sid' is there several times, with different values");
  CHECK(made("{cookie:sid}", {}) == "no cookie 'sid'");
}

TEST_CASE("the first part that is missing or bad decides") {
  CHECK(made("{id}-{header:X}-{query:q}", {"/users/1?q=", {{"X", "x"}}}) ==
        "bad the query parameter 'q' is empty");
  CHECK(made("{header:X}-{query:q}", {"/users/1?q="}) == "no header 'X'");
  CHECK(made("{id}-{header:X}-{query:q}", {"/users/1?q=2", {{"X", "x"}}}) == "yes 1-x-2");
}

TEST_CASE("a key has at most 4,096 bytes, whatever it is made of") {
  const std::string longest(limits::key_bytes - 2, 'k');
  CHECK(made("u:{query:q}", {"/users/1?q=" + longest}) == "yes u:" + longest);
  CHECK(made("u:{query:q}", {"/users/1?q=k" + longest}) == "bad the key has 4097 bytes, the limit is 4096");
}

TEST_CASE("what is no key template is refused with its reason") {
  struct Row {
    std::string text, reason;
  };
  const auto row = GENERATE(values<Row>({
      {"header:X-Tenant", "'header:X-Tenant' is a text; did you mean {header:X-Tenant}?"},
      {"query:user", "did you mean {query:user}?"},
      {"cookie:sid", "did you mean {cookie:sid}?"},
      {"{idd}", "the path has no variable {idd}; did you mean {id}?"},
      {"{user}", "the path has no variable {user}; a header is {header:Name}, and so are query and cookie"},
      {"{}", "{} is no variable"},
      {"{a b}", "{a b} is no variable; a variable is {name}"},
      {"{id", "a { is not closed"},
      {"{id}}", "a } stands without its {"},
      {"{{id}}", "a { is not closed"},
      {"x}", "a } stands without its {"},
      {"{headr:X}", "'headr' is not one of header, query, cookie; did you mean {header:X}?"},
      {"{path:id}", "'path' is not one of header, query, cookie"},
      {"{header:}", "'' is not the name of a header field"},
      {"{header:a b}", "'a b' is not the name of a header field"},
      {"{query:}", "names no query parameter"},
      {"{cookie:a=b}", "'a=b' is not the name of a cookie"},
      {"{id}{id}{id}{id}{id}{id}{id}{id}{id}{id}{id}{id}{id}{id}{id}{id}{id}", "more than 16 parts"},
  }));
  INFO(row.text);
  CHECK_THAT(fault(row.text), Contains(row.reason));
}
