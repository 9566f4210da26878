// Networks as they stand in settings.
#include "daemon/base/network.hpp"

#include <catch2/catch.hpp>

using namespace ringside;
using Catch::Matchers::Contains;

TEST_CASE("a network holds the addresses that share its prefix, and no others") {
  struct Row {
    const char *network, *address;
    bool inside;
  };
  const auto row = GENERATE(values<Row>({
      {"10.0.0.0/8", "10.255.1.2", true},
      {"10.0.0.0/8", "11.0.0.0", false},
      {"10.0.0.0/8", "9.255.255.255", false},
      {"192.168.4.0/22", "192.168.7.255", true},
      {"192.168.4.0/22", "192.168.8.0", false},
      {"127.0.0.1", "127.0.0.1", true},
      {"127.0.0.1", "127.0.0.2", false},
      {"0.0.0.0/0", "203.0.113.9", true},
      {"0.0.0.0/0", "::1", false},
      {"::/0", "10.0.0.1", false},
      {"::/0", "2001:db8::1", true},
      {"2001:db8::/33", "2001:db8:7fff::1", true},
      {"2001:db8::/33", "2001:db8:8000::1", false},
      {"10.0.0.0/8", "::ffff:10.1.2.3", true},
      {"::ffff:10.0.0.0", "10.0.0.0", true},
      {"10.0.0.0/8", "unix", false},
      {"10.0.0.0/8", "", false},
  }));
  INFO(row.network << " and " << row.address);
  const auto network = Network::parse(row.network);
  REQUIRE(network.has_value());
  CHECK(network->contains(row.address) == row.inside);
}

TEST_CASE("what is no network is refused with its reason") {
  for (const char* text : {"", "10", "10.0.0", "example.com", "10.0.0.0:80", "[::1]", "10.0.0.0 /8"}) {
    INFO(text);
    CHECK_THAT(Network::parse(text).error(), Contains("is not a network"));
  }
  for (const char* text : {"10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0.0/+8"}) {
    INFO(text);
    CHECK_THAT(Network::parse(text).error(), Contains("a prefix of 0 to 32 bits"));
  }
  CHECK_THAT(Network::parse("::/129").error(), Contains("a prefix of 0 to 128 bits"));
  CHECK_THAT(Network::parse("10.0.0.1/8").error(), Contains("has bits set behind its prefix of 8"));
  CHECK_THAT(Network::parse("0.0.0.1/0").error(), Contains("has bits set"));
}

TEST_CASE("what others can dial is the address of one machine, in its one spelling") {
  for (const char* good :
       {"127.0.0.1", "10.0.0.1", "192.0.2.255", "223.1.1.1", "::1", "2001:db8::1", "fd00::1"}) {
    INFO(good);
    CHECK(is_plain_unicast(good));
  }
  for (const char* bad : {"",
                          "localhost",
                          "0.0.0.0",
                          "0.1.2.3",
                          "127.1",
                          "127.000.000.001",
                          "127.0.0.01",
                          "10.0.0",
                          "224.0.0.1",
                          "255.255.255.255",
                          "169.254.1.1",
                          "::",
                          "::ffff:127.0.0.1",
                          "0:0:0:0:0:0:0:1",
                          "2001:DB8::1",
                          "::0001",
                          "fe80::1",
                          "fe80::1%lo",
                          "febf::1",
                          "ff02::1",
                          "10.0.0.1 "}) {
    INFO(bad);
    CHECK_FALSE(is_plain_unicast(bad));
  }
}
