#include "proto/ringpop/proxy.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace ringside;
using namespace ringside::ringpop;
using Json = nlohmann::ordered_json;

namespace {

Json sent(const ProxyFields& fields) {
  return Json::parse(encode(ProxyRequest{.method = "GET", .url = "/", .fields = fields}))["headers"];
}

ProxyFields got(const std::string& headers) {
  const auto decoded = decode_proxy_response(R"({"headers":)" + headers + "}");
  REQUIRE(decoded.has_value());
  return decoded->fields;
}

}  // namespace

TEST_CASE("a request's head is written as ringpop-node writes it") {
  CHECK(encode(ProxyRequest{.method = "POST",
                            .url = "/cart?x=1",
                            .fields = {{"Host", "a"}, {"X-One", "1"}},
                            .checksum = 4294967295U,
                            .keys = {"user:42", "gr\xc3\xbc\xc3\x9f"}}) ==
        R"({"url":"/cart?x=1","headers":{"host":"a","x-one":"1"},"method":"POST","httpVersion":"1.1",)"
        "\"ringpopChecksum\":4294967295,\"ringpopKeys\":[\"user:42\",\"gr\xc3\xbc\xc3\x9f\"]}");
  CHECK(encode(ProxyResponse{.status = 201, .fields = {{"X-One", "1"}}}) ==
        R"({"statusCode":201,"headers":{"x-one":"1"}})");
}

TEST_CASE("fields that stand twice become what node's http module makes of them") {
  CHECK(sent({{"X-A", "1"}, {"x-a", "2"}})["x-a"] == "1, 2");
  CHECK(sent({{"Cookie", "a=1"}, {"cookie", "b=2"}})["cookie"] == "a=1; b=2");
  CHECK(sent({{"User-Agent", "first"}, {"User-Agent", "second"}})["user-agent"] == "first");
  CHECK(sent({{"Set-Cookie", "a"}})["set-cookie"] == Json::array({"a"}));
  CHECK(sent({{"Set-Cookie", "a"}, {"Set-Cookie", "b"}})["set-cookie"] == Json::array({"a", "b"}));
}

TEST_CASE("what node's response.getHeaders() may hold is understood") {
  CHECK(got(R"({"Content-Length":12,"x-list":["a","b"],"x-null":null,"x-empty":""})") ==
        ProxyFields{{"content-length", "12"}, {"x-list", "a"}, {"x-list", "b"}, {"x-empty", ""}});
}

TEST_CASE("every byte of a field value survives the way through JSON") {
  std::string all = "x";
  for (int byte = 0x20; byte < 0x100; ++byte)
    if (byte != 0x7f) all += static_cast<char>(byte);
  all += "\tx";
  const ProxyRequest request{.method = "GET", .url = "/", .fields = {{"x-all", all}}, .keys = {"k"}};
  const auto decoded = decode_proxy_request(encode(request));
  REQUIRE(decoded.has_value());
  CHECK(*decoded == request);
}

TEST_CASE("what a request's head may leave out gets its default") {
  const auto decoded =
      decode_proxy_request(R"({"method":"GET","url":"/","unknown":{"a":[1]},"ringpopKeys":null})");
  REQUIRE(decoded.has_value());
  CHECK(*decoded == ProxyRequest{.method = "GET", .url = "/", .fields = {}});
  CHECK_FALSE(decoded->checksum);
  const auto keys =
      decode_proxy_request(R"({"method":"GET","url":"/","ringpopKeys":["a",42,-1],"httpVersion":"1.0"})");
  REQUIRE(keys.has_value());
  CHECK(keys->keys == std::vector<std::string>{"a", "42", "-1"});
  CHECK(keys->http_version == "1.0");
  const auto response = decode_proxy_response("{}");
  REQUIRE(response.has_value());
  CHECK(response->status == 200);
}

TEST_CASE("a field that an app may take for a reserved one does not come through") {
  const auto decoded =
      decode_proxy_request(R"({"method":"POST","url":"/","headers":{"content_length":"5","a_b":"c"}})");
  REQUIRE(decoded.has_value());
  CHECK(decoded->fields == ProxyFields{{"a_b", "c"}});
}

TEST_CASE("a head that HTTP could not carry is refused") {
  struct Row {
    const char* what;
    std::string head;
  };
  const auto request = [](const std::string& more) { return R"({"method":"GET","url":"/")" + more + "}"; };
  const auto header = [&](const std::string& fields) { return request(R"(,"headers":)" + fields); };
  const std::string long_text(20'000, 'x');
  std::string many_keys = "0", many_fields;
  for (int i = 0; i < 1000; ++i) many_keys += ",0";
  for (int i = 0; i < 101; ++i) many_fields += (i == 0 ? "\"a" : ",\"a") + std::to_string(i) + "\":\"\"";
  std::string deep = std::string(40, '[') + std::string(40, ']');
  const std::vector<Row> rows{
      {"nothing", ""},
      {"null", "null"},
      {"an array", "[]"},
      {"no JSON", "{"},
      {"no method", R"({"url":"/"})"},
      {"no url", R"({"method":"GET"})"},
      {"bytes that are not UTF-8", header("{\"a\":\"\xff\"}")},
      {"a method with a blank", R"({"method":"GE T","url":"/"})"},
      {"a method with a line break", R"({"method":"GET\r\n","url":"/"})"},
      {"a long method", R"({"method":")" + std::string(33, 'G') + R"(","url":"/"})"},
      {"a tunnel", R"({"method":"CONNECT","url":"/"})"},
      {"an echo", R"({"method":"TRACE","url":"/"})"},
      {"an absolute url", R"({"method":"GET","url":"http://a/"})"},
      {"a url with a blank", R"({"method":"GET","url":"/ HTTP/1.1"})"},
      {"a url with a line break", R"({"method":"GET","url":"/\r\nX: y"})"},
      {"a long url", R"({"method":"GET","url":"/)" + long_text + R"("})"},
      {"a url that is a number", R"({"method":"GET","url":1})"},
      {"a line break in a value", header(R"({"a":"b\r\nc: d"})")},
      {"a zero in a value", header(R"({"a":"b\u0000"})")},
      {"a code point over 255", header(R"({"a":"\u0100"})")},
      {"a line break in a name", header(R"({"a\r\n":"b"})")},
      {"an empty name", header(R"({"":"b"})")},
      {"a value that is an object", header(R"({"a":{}})")},
      {"a value that is true", header(R"({"a":true})")},
      {"headers as an array", header("[]")},
      {"too many fields", header("{" + many_fields + "}")},
      {"too long fields", header(R"({"a":")" + long_text + R"(","b":")" + long_text + R"(","c":")" +
                                 long_text + R"(","d":")" + long_text + R"("})")},
      {"a negative checksum", request(R"(,"ringpopChecksum":-1)")},
      {"a checksum over 32 bits", request(R"(,"ringpopChecksum":4294967296)")},
      {"a checksum with a fraction", request(R"(,"ringpopChecksum":1.5)")},
      {"a checksum as text", request(R"(,"ringpopChecksum":"1")")},
      {"keys as text", request(R"(,"ringpopKeys":"k")")},
      {"a key that is an object", request(R"(,"ringpopKeys":[{}])")},
      {"too many keys", request(R"(,"ringpopKeys":[)" + many_keys + "]")},
      {"a long key", request(R"(,"ringpopKeys":[")" + long_text + R"("])")},
      {"too deep", request(R"(,"unknown":)" + deep)},
      {"too large", request(R"(,"unknown":")" + std::string(300'000, 'x') + "\"")},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    CHECK(decode_proxy_request(row.head).has_error());
  }
  CHECK(decode_proxy_request(request("")).has_value());
}

TEST_CASE("a response's status is that of a final response") {
  for (const char* status : {"100", "101", "199", "600", "-200", "200.0", "\"200\"", "true", "99999999999"}) {
    INFO(status);
    CHECK(decode_proxy_response(std::string(R"({"statusCode":)") + status + "}").has_error());
  }
  for (const int status : {200, 204, 304, 418, 503, 599}) {
    const auto decoded = decode_proxy_response(R"({"statusCode":)" + std::to_string(status) + "}");
    REQUIRE(decoded.has_value());
    CHECK(decoded->status == status);
  }
}

TEST_CASE("a head cut short at any byte is refused or, behind its end, whole") {
  const std::string head = encode(ProxyRequest{.method = "GET",
                                               .url = "/",
                                               .fields = {{"set-cookie", "a"}, {"b", "\xe9"}},
                                               .checksum = 1,
                                               .keys = {"k"}});
  for (std::size_t length = 0; length < head.size(); ++length)
    CHECK(decode_proxy_request(std::string_view(head).substr(0, length)).has_error());
}
