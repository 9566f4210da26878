// The table of field names: what is found, and the rules that hang on it.
#include "proto/http/names.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace ringside::http;

TEST_CASE("a name in the table is found in any case, and nothing that only looks like it", "[http]") {
  CHECK(name_of("Content-Length") == Name::content_length);
  CHECK(name_of("CONTENT-LENGTH") == Name::content_length);
  CHECK(name_of("te") == Name::te);
  CHECK(name_of("Via") == Name::via);
  for (const std::string_view other : {"", "t", "tee", "content-lengt", "content-lengthy", "Content_Length",
                                       "content length", "x", "r", "v"})
    CHECK(name_of(other) == Name::other);
}

TEST_CASE("every name that can be found keeps its rules in any case of its letters", "[http]") {
  for (const std::string name : {"connection", "keep-alive", "proxy-connection", "te", "transfer-encoding",
                                 "upgrade", "http2-settings", "content-length"}) {
    std::string mixed = name;
    mixed[0] = static_cast<char>(mixed[0] - ('a' - 'A'));
    for (const auto& text : {name, mixed}) {
      INFO(text);
      CHECK(is_of_one_connection(name_of(text)));
      CHECK(is_not_for_http2(name_of(text)));
      CHECK(is_forbidden_behind_body(name_of(text)));
    }
  }
  for (const auto* name : {"trailer", "proxy-authenticate", "proxy-authorization", "expect"}) {
    INFO(name);
    CHECK(is_of_one_connection(name_of(name)));
    CHECK_FALSE(is_not_for_http2(name_of(name)));
  }
  for (const auto* name :
       {"authorization", "cookie", "set-cookie", "etag", "last-modified", "location", "traceparent",
        "tracestate", "idempotency-key", "x-request-id", "Ringside-Anything"}) {
    INFO(name);
    CHECK(is_single_use(name_of(name)));
  }
  CHECK_FALSE(is_single_use(name_of("user-agent")));
  CHECK_FALSE(is_of_one_connection(name_of("accept")));
}

TEST_CASE("families are known by how they begin", "[http]") {
  CHECK(name_of("X-Forwarded-For") == Name::x_forwarded);
  CHECK(name_of("x-forwarded-") == Name::x_forwarded);
  CHECK(name_of("x-forwarded") == Name::other);
  CHECK(is_forwarding(name_of("Forwarded")));
  CHECK(name_of("Ringside-Key") == Name::ringside_key);
  CHECK(name_of("ringside-anything") == Name::ringside);
  CHECK(name_of("Ringside_Key") == Name::ringside);
  CHECK(name_of("ringside") == Name::other);
  CHECK(name_of("ringsidey") == Name::other);
  for (const auto* name :
       {"ringside-hops", "RINGSIDE-ERROR", "ringside_x", "ringside-timeout", "ringside-key-bin"})
    CHECK(is_ringside(name_of(name)));
  CHECK_FALSE(is_ringside(name_of("x-request-id")));
}
