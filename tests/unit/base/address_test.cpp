// What is an address, and what is said of one that is not.
#include "daemon/base/address.hpp"

#include <catch2/catch.hpp>

using namespace ringside;

TEST_CASE("addresses parse into their parts and print as they were") {
  struct Case {
    const char* text;
    Address address;
  };
  for (const Case& c :
       {Case{"127.0.0.1:7601", {"127.0.0.1", 7601, ""}}, Case{"host.example:1", {"host.example", 1, ""}},
        Case{"[::1]:80", {"::1", 80, ""}}, Case{"unix:/run/app.sock", {"", 0, "/run/app.sock"}},
        Case{"0.0.0.0:0", {"0.0.0.0", 0, ""}}}) {
    INFO(c.text);
    const auto parsed = parse_address(c.text);
    REQUIRE(parsed.has_value());
    CHECK(*parsed == c.address);
    CHECK(parsed->to_string() == c.text);
  }
  CHECK(parse_address("10.0.0.1", 7601)->port == 7601);
}

TEST_CASE("what is no address is refused with a reason") {
  for (const char* text : {"", ":80", "host", "host:", "host:abc", "host:70000", "host:-1", "::1:80", "[::1",
                           "[::1]80", "a b:1"}) {
    INFO("'" << text << "'");
    const auto parsed = parse_address(text);
    REQUIRE(parsed.has_error());
    CHECK(!parsed.error().empty());
  }
}

TEST_CASE("loopback and wildcard are known in both families") {
  for (const char* text : {"127.0.0.1:1", "127.9.9.9:1", "localhost:1", "[::1]:1", "unix:/a"}) {
    INFO(text);
    CHECK(parse_address(text)->is_loopback());
  }
  for (const char* text : {"10.0.0.1:1", "0.0.0.0:1", "example.org:1"})
    CHECK(!parse_address(text)->is_loopback());
  CHECK(parse_address("0.0.0.0:1")->is_wildcard());
  CHECK(parse_address("[::]:1")->is_wildcard());
  CHECK(!parse_address("10.0.0.1:1")->is_wildcard());
}
