// The helpers that both HTTP versions share.
#include "proto/http/message.hpp"

#include <catch2/catch.hpp>

#include "proto/http/syntax.hpp"

namespace ringside::test {
namespace {

using namespace http;

std::vector<std::string> names_after_removal(std::vector<Field> fields, std::string_view kept = {}) {
  remove_hop_by_hop(fields, kept);
  std::vector<std::string> names;
  for (const Field& field : fields) names.emplace_back(field.name);
  return names;
}

}  // namespace

TEST_CASE("field names and tokens are compared without case, and find gives the first", "[http]") {
  CHECK(equals_ignore_case("Content-LENGTH", "content-length"));
  CHECK_FALSE(equals_ignore_case("a", "ab"));
  CHECK_FALSE(equals_ignore_case("[", "{"));  // 0x20 apart as letters are
  const std::vector<Field> fields = {{"A", "1"}, {"b", "2"}, {"B", "3"}};
  CHECK(find(fields, "B") == "2");
  CHECK(find(fields, "c") == std::nullopt);
  CHECK(list_contains("keep-alive ,\tUpgrade", "upgrade"));
  CHECK(list_contains(" ,close,", "close"));
  CHECK_FALSE(list_contains("not-close, closed", "close"));
  CHECK_FALSE(list_contains("", "close"));
}

TEST_CASE("fields of one connection go, with all that Connection names but what is protected", "[http]") {
  CHECK(names_after_removal({{"A", "1"}, {"connection", "close"}, {"TE", "x"}, {"b", "2"}}) ==
        std::vector<std::string>{"A", "b"});
  CHECK(names_after_removal({{"Keep-Alive", ""},
                             {"Proxy-Connection", ""},
                             {"Trailer", ""},
                             {"Transfer-Encoding", ""},
                             {"Upgrade", ""},
                             {"HTTP2-Settings", ""},
                             {"Proxy-Authenticate", ""},
                             {"Proxy-Authorization", ""},
                             {"Expect", ""},
                             {"Content-Length", ""}})
            .empty());
  CHECK(names_after_removal(
            {{"X-A", "1"}, {"Connection", "x-a, close"}, {"X-B", "2"}, {"Connection", "X-B"}, {"C", ""}}) ==
        std::vector<std::string>{"C"});
  CHECK(names_after_removal(
            {{"Connection", "host, Ringside-Key, x-a"}, {"Host", "a"}, {"ringside-key", "k"}, {"X-A", ""}},
            "ringside-key") == std::vector<std::string>{"Host", "ringside-key"});
}

TEST_CASE("methods are told apart by what repeating them does", "[http]") {
  for (const std::string_view method : {"GET", "HEAD", "OPTIONS", "TRACE"})
    CHECK((is_safe(method) && is_idempotent(method)));
  for (const std::string_view method : {"PUT", "DELETE"}) CHECK((!is_safe(method) && is_idempotent(method)));
  for (const std::string_view method : {"POST", "PATCH", "get", ""}) CHECK_FALSE(is_idempotent(method));
}

TEST_CASE("percent-encoding and decoding are each other's inverse for any bytes", "[http]") {
  std::string all;
  for (int c = 0; c < 256; ++c) all.push_back(static_cast<char>(c));
  const auto encoded = percent_encode(all);
  CHECK(percent_decode(encoded) == all);
  CHECK(encoded.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%") ==
        std::string::npos);
  CHECK(percent_encode("a b/ü") == "a%20b%2F%C3%BC");
  CHECK(percent_decode("a%2fb%2F+") == "a/b/+");
  for (const std::string_view wrong : {"%", "%4", "a%4", "%4g", "%g4", "%%41"})
    CHECK_FALSE(percent_decode(wrong));
}

TEST_CASE("a name that an app could take for a reserved one is known by its underscores", "[http]") {
  for (const std::string_view twin : {"Content_Length", "transfer_encoding", "RINGSIDE_KEY", "Ringside-Key_",
                                      "x_forwarded_for", "X-Forwarded_For"}) {
    CHECK(is_reserved_twin(twin));
  }
  for (const std::string_view name :
       {"Content-Length", "Ringside-Key", "x_y", "content_length_", "_", "ringside"}) {
    CHECK_FALSE(is_reserved_twin(name));
  }
}

}  // namespace ringside::test
