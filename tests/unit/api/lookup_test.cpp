#include <catch2/catch.hpp>

#include "daemon/base/limits.hpp"
#include "daemon/ring/hash.hpp"
#include "tests/support/api_call.hpp"
#include "tests/support/view.hpp"

using namespace ringside;
using test::call_api;
using test::Json;
using test::json_of;

namespace {

const api::View& view() {
  static const api::View sample = test::sample_view();
  return sample;
}

std::string owner_name(std::string_view key) {
  return view().ring->server(*view().ring->owner(key)).name;
}

std::string code_of(const api::Response& response) {
  return std::to_string(response.status) + " " + test::header_of(response, "Ringside-Error");
}

}  // namespace

TEST_CASE("a lookup names hash, owner and the state of the ring") {
  const auto response = call_api(view(), "GET", "/v1/lookup/hello");
  REQUIRE(response.status == 200);
  CHECK(response.content_type == "application/json");
  CHECK(test::header_of(response, "Ringside-Index") == "17");
  const Json json = json_of(response);
  CHECK(json["key"] == "hello");
  CHECK(json["hash"] == "0x79969366");  // proto/vectors/farmhash
  CHECK(json["owner"]["name"] == owner_name("hello"));
  CHECK(json["owners"].size() == 1);
  CHECK(json["local"] == (owner_name("hello") == "laptop-1"));
  CHECK(json["version"] == 4);
}

TEST_CASE("keys in paths and queries are percent-decoded, and %2F stays part of the key") {
  const std::vector<std::pair<std::string, std::string>> table{
      {"/v1/lookup/user%3A42", "user:42"},
      {"/v1/lookup/a%2Fb", "a/b"},
      {"/v1/lookup?key=a%2Fb", "a/b"},
      {"/v1/lookup?key=a/b", "a/b"},
      {"/v1/lookup/a+b", "a+b"},
      {"/v1/lookup?key=a+b", "a+b"},
      {"/v1/lookup/%25", "%"},
      {"/v1/lookup?x=1&key=k&n=1", "k"},
      {"/v1/lookup/%00", std::string(1, '\0')},
      {"/v1/lookup/..", ".."},
      {"/v1/lookup?key=a%3Db", "a=b"},
      {"/v1/lookup?key=a=b", "a=b"},
  };
  for (const auto& [target, key] : table) {
    CAPTURE(target);
    const Json json = json_of(call_api(view(), "GET", target));
    CHECK(json.value("key", "") == key);
    CHECK(json["owner"]["name"] == owner_name(key));
  }
}

TEST_CASE("a binary key is looked up by its bytes and shown percent-encoded") {
  const Json json = json_of(call_api(view(), "GET", "/v1/lookup/%FF%00"));
  CHECK(json["key"] == "%FF%00");
  CHECK(json["key_encoding"] == "percent");
  CHECK(json["owner"]["name"] == owner_name(std::string_view("\xFF\0", 2)));
}

TEST_CASE("keys have 1 to 4096 bytes, counted after decoding") {
  const std::string longest(limits::key_bytes, 'k');
  std::string encoded;
  for (std::size_t i = 0; i < limits::key_bytes; ++i) encoded += "%6B";
  CHECK(call_api(view(), "GET", "/v1/lookup/" + longest).status == 200);
  CHECK(call_api(view(), "GET", "/v1/lookup/" + encoded).status == 200);
  const std::vector<std::string> bad{"/v1/lookup/",   "/v1/lookup?key=", "/v1/lookup/" + longest + "k",
                                     "/v1/lookup/%4", "/v1/lookup/%zz",  "/v1/lookup/a/b"};
  for (const auto& target : bad) {
    CAPTURE(target);
    CHECK(code_of(call_api(view(), "GET", target)) == "400 bad_key");
  }
  CHECK(code_of(call_api(view(), "GET", "/v1/lookup")) == "400 missing_key");
  CHECK(code_of(call_api(view(), "GET", "/v1/lookup?key=%4")) == "400 bad_request");
}

TEST_CASE("n names further owners, as many as there are, and refuses what is no count") {
  CHECK(json_of(call_api(view(), "GET", "/v1/lookup/k?n=2"))["owners"].size() == 2);
  CHECK(json_of(call_api(view(), "GET", "/v1/lookup/k?n=4096"))["owners"].size() == 2);
  for (const char* n : {"0", "-1", "x", "", "1x", "4097", "99999999999999999999"}) {
    CAPTURE(n);
    CHECK(code_of(call_api(view(), "GET", std::string("/v1/lookup/k?n=") + n)) == "400 bad_request");
  }
}

TEST_CASE("before joining and without a ring nothing is promised") {
  const auto joining = call_api(test::joining_view(), "GET", "/v1/lookup/k");
  CHECK(code_of(joining) == "503 not_joined");
  CHECK(json_of(joining)["detail"] == "no seed has answered yet; check join.seeds");
  CHECK(json_of(joining)["key"] == "k");
  CHECK(code_of(call_api(test::joining_view(), "POST", "/v1/lookup", R"({"keys":["k"]})")) ==
        "503 not_joined");
  CHECK(code_of(call_api(test::empty_ring_view(), "GET", "/v1/lookup/k")) == "503 no_owner");
}

TEST_CASE("explain walks the ring as lookups do") {
  for (int i = 0; i < 200; ++i) {
    const std::string key = "key-" + std::to_string(i);
    CAPTURE(key);
    const Json json = json_of(call_api(view(), "GET", "/v1/lookup/" + key + "?n=2&explain"));
    const Json& explain = json["explain"];
    REQUIRE(explain["walk"].size() == 2);
    for (std::size_t k = 0; k < 2; ++k) CHECK(explain["walk"][k]["member"] == json["owners"][k]["name"]);
    const std::size_t position = explain["position"];
    CHECK(explain["walk"][0]["position"] == position);
    CHECK(explain["around"].size() == 5);
    CHECK(explain["around"][2]["position"] == position);
    const auto points = view().ring->points();
    const std::uint32_t hash = ring::fingerprint32(key);
    if (points.back().hash < hash)
      CHECK(position == 0);
    else
      CHECK((points[position].hash >= hash && (position == 0 || points[position - 1].hash < hash)));
  }
}

TEST_CASE("explain says who is not in the ring, and the shares add up") {
  const Json explain = json_of(call_api(view(), "GET", "/v1/lookup/k?explain=true"))["explain"];
  REQUIRE(explain["not_in_ring"].size() == 1);
  CHECK(explain["not_in_ring"][0]["name"] == "laptop-3");
  CHECK(explain["not_in_ring"][0]["status"] == "faulty");
  CHECK(explain["shares"]["laptop-1"].get<double>() + explain["shares"]["laptop-2"].get<double>() ==
        Approx(1).margin(1e-5));
  CHECK_FALSE(json_of(call_api(view(), "GET", "/v1/lookup/k?explain=false")).contains("explain"));
}

TEST_CASE("many keys are grouped by owner") {
  const auto response = call_api(view(), "POST", "/v1/lookup", R"({"keys":["a","b","c","d","e","f"]})");
  REQUIRE(response.status == 200);
  std::size_t count = 0;
  const Json json = json_of(response);
  for (const auto& [owner, keys] : json["by_owner"].items())
    for (const Json& key : keys) {
      CHECK(owner == owner_name(key.get<std::string>()));
      ++count;
    }
  CHECK(count == 6);
  const Json both = json_of(call_api(view(), "POST", "/v1/lookup", R"({"keys":["a"],"n":2})"));
  CHECK(both["by_owner"] == Json({{"laptop-1", {"a"}}, {"laptop-2", {"a"}}}));
  CHECK(json_of(call_api(view(), "POST", "/v1/lookup", R"({"keys":[]})"))["by_owner"] == Json::object());
}

TEST_CASE("binary keys can be posted percent-encoded") {
  const Json json =
      json_of(call_api(view(), "POST", "/v1/lookup", R"({"keys":["%FF"],"key_encoding":"percent"})"));
  CHECK(json["by_owner"][owner_name("\xFF")] == Json({"%FF"}));
  CHECK(json["key_encoding"] == "percent");
}

TEST_CASE("a bad body is refused with the place of the fault") {
  const std::vector<std::tuple<std::string, std::string, std::string>> table{
      {R"({"keys":["a",})", "400 bad_request", "byte 14"},
      {"", "400 bad_request", "byte 1"},
      {"\xFF", "400 bad_request", "byte 1"},
      {"[]", "400 bad_request", "keys"},
      {R"({"keys":"a"})", "400 bad_request", "keys"},
      {R"({"keys":["a",1]})", "400 bad_request", "keys[1]"},
      {R"({"keys":["a",""]})", "400 bad_key", "keys[1]"},
      {R"({"keys":["a"],"n":0})", "400 bad_request", "n is"},
      {R"({"keys":["a"],"n":9})", "400 bad_request", "1 to 8"},
      {R"({"keys":["a"],"n":"2"})", "400 bad_request", "n is"},
      {R"({"keys":["a"],"key_encoding":"hex"})", "400 bad_request", "percent"},
      {R"({"keys":["%f"],"key_encoding":"percent"})", "400 bad_key", "keys[0]"},
      {R"({"keys":[")" + std::string(limits::key_bytes + 1, 'k') + R"("]})", "400 bad_key", "4097"},
      {R"({"keys":[1e999]})", "400 bad_request", "number"},
      {R"({"keys":[],"n":)" + std::string(500'000, '[') + std::string(500'000, ']') + "}", "400 bad_request",
       "16 levels"},
      {std::string(limits::api_body_bytes + 1, ' '), "413 body_too_large", "bytes"},
  };
  for (const auto& [body, code, detail] : table) {
    CAPTURE(body.substr(0, 60));
    const auto response = call_api(view(), "POST", "/v1/lookup", body);
    CHECK(code_of(response) == code);
    CHECK_THAT(json_of(response)["detail"].get<std::string>(), Catch::Contains(detail));
  }
  std::string many = R"({"keys":["k")";
  for (int i = 0; i < 10'000; ++i) many += R"(,"k")";
  CHECK(code_of(call_api(view(), "POST", "/v1/lookup", many + "]}")) == "413 body_too_large");
}
