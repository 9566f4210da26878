#include "daemon/api/problem.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "daemon/api/key_text.hpp"
#include "tests/support/api_call.hpp"

using namespace ringside;
using api::Code;
using test::Json;

namespace {

constexpr int codes = static_cast<int>(Code::internal) + 1;

}  // namespace

TEST_CASE("every code has a name of its own, a status of an error and a remedy of one sentence") {
  std::set<std::string_view> names;
  for (int i = 0; i < codes; ++i) {
    const auto& row = api::row(static_cast<Code>(i));
    CAPTURE(row.name);
    CHECK(names.insert(row.name).second);
    CHECK(row.status >= 400);
    CHECK(row.status < 600);
    CHECK_FALSE(row.title.empty());
    CHECK(row.remedy.ends_with('.'));
    for (std::size_t k = 0; k + 2 < row.remedy.size(); ++k)
      CHECK_FALSE((row.remedy[k] == '.' && row.remedy[k + 1] == ' ' && std::isupper(row.remedy[k + 2])));
    if (row.status == 503) CHECK(row.retry_after_s > 0);
  }
}

TEST_CASE("the header says what the body says: whether it may have run") {
  for (int i = 0; i < codes; ++i) {
    const api::Response response = api::render({.code = static_cast<Code>(i)});
    const auto header =
        std::ranges::find(response.headers, "Ringside-Executed", [](const auto& h) { return h.first; });
    REQUIRE(header != response.headers.end());
    CHECK(Json::parse(response.body)["executed"] == header->second);
  }
}

TEST_CASE("the statuses of the codes are those of the contract") {
  const std::vector<std::tuple<Code, int, std::string_view>> table{
      {Code::bad_key, 400, "no"},        {Code::missing_key, 400, "no"},
      {Code::conflict, 409, "no"},       {Code::not_found, 404, "no"},
      {Code::unknown_node, 404, "no"},   {Code::method_not_allowed, 405, "no"},
      {Code::body_too_large, 413, "no"}, {Code::not_owner, 421, "no"},
      {Code::wrong_host, 421, "no"},     {Code::wrong_origin, 403, "no"},
      {Code::unauthorized, 401, "no"},   {Code::forbidden, 403, "no"},
      {Code::app_error, 502, "maybe"},   {Code::peer_unreachable, 503, "no"},
      {Code::not_joined, 503, "no"},     {Code::no_owner, 503, "no"},
      {Code::app_down, 503, "no"},       {Code::draining, 503, "no"},
      {Code::overloaded, 503, "no"},     {Code::key_queue_full, 429, "no"},
      {Code::circuit_open, 503, "no"},   {Code::timeout, 504, "maybe"},
      {Code::loop, 508, "no"},           {Code::keys_refused, 409, "no"},
      {Code::unknown_app, 404, "no"},
  };
  for (const auto& [code, status, executed] : table) {
    const Json json = Json::parse(api::to_json({.code = code}));
    CAPTURE(json.dump());
    CHECK(json["status"] == status);
    CHECK(json["executed"] == executed);
  }
}

TEST_CASE("a problem says all it knows and nothing it does not") {
  const Json full = Json::parse(api::to_json({.code = Code::app_error,
                                              .detail = "the app closed the connection",
                                              .key = "user:42",
                                              .owner = "laptop-2",
                                              .attempts = 2,
                                              .request_id = "r-1"}));
  CHECK(full["type"] == "urn:ringside:problem:app_error");
  CHECK(full["code"] == "app_error");
  CHECK(full["detail"] == "the app closed the connection");
  CHECK(full["key"] == "user:42");
  CHECK(full["owner"] == "laptop-2");
  CHECK(full["attempts"] == 2);
  CHECK(full["request_id"] == "r-1");
  CHECK(full["remedy"] == api::row(Code::app_error).remedy);
  CHECK_FALSE(full.contains("key_encoding"));

  const Json bare = Json::parse(api::to_json({.code = Code::no_owner}));
  for (const char* name : {"key", "owner", "attempts", "request_id"}) CHECK_FALSE(bare.contains(name));
  CHECK(bare["detail"] == bare["title"]);
}

TEST_CASE("keys of any bytes keep the JSON whole") {
  const std::vector<std::tuple<std::string, std::string, bool>> table{
      {"user:42", "user:42", false},
      {"gr\xC3\xBC\xC3\x9F", "gr\xC3\xBC\xC3\x9F", false},
      {std::string("a\0b", 3), std::string("a\0b", 3), false},
      {"quote\" and \\", "quote\" and \\", false},
      {"\xFF\xFE", "%FF%FE", true},
      {"a%\xC0\xAF", "a%25%C0%AF", true},          // overlong
      {"\xED\xA0\x80", "%ED%A0%80", true},         // a surrogate
      {"\xF4\x90\x80\x80", "%F4%90%80%80", true},  // over U+10FFFF
      {"cut\xE2\x82", "cut%E2%82", true},
      {"\xF0\x9F\x92\x8D", "\xF0\x9F\x92\x8D", false},
  };
  for (const auto& [key, text, percent] : table) {
    const Json json = Json::parse(api::to_json({.code = Code::app_down, .key = key}));
    CAPTURE(json.dump());
    CHECK(json["key"] == text);
    CHECK(json.contains("key_encoding") == percent);
  }
}

TEST_CASE("other texts than the key may hold any bytes too") {
  const Json json =
      Json::parse(api::to_json({.code = Code::bad_request, .detail = "not \xFF", .request_id = "\xC0"}));
  CHECK(json["detail"] == "not \xEF\xBF\xBD");
}

TEST_CASE("a rendered problem carries its code, and Retry-After where waiting helps") {
  const auto response = api::render({.code = Code::draining});
  CHECK(response.status == 503);
  CHECK(response.content_type == "application/problem+json");
  CHECK(test::header_of(response, "Ringside-Error") == "draining");
  CHECK(test::header_of(response, "Retry-After") == "1");
  CHECK(test::header_of(api::render({.code = Code::loop}), "Retry-After").empty());
}

TEST_CASE("a status of the parser replaces the one of the code in head and body") {
  const auto response = api::render({.code = Code::bad_request, .status = 431});
  CHECK(response.status == 431);
  CHECK(test::json_of(response)["status"] == 431);
}
