#include "daemon/cli/render.hpp"

#include <catch2/catch.hpp>

using namespace ringside::cli;

TEST_CASE("columns line up by characters, lines end without blanks, control characters are shown as '?'") {
  CHECK(table({{"NAME", "X", ""}, {"gr\xC3\xBC\xC3\x9F", "1", ""}, {"a\x1b[2Jb\n", "2", "z"}}) ==
        "NAME     X\n"
        "gr\xC3\xBC\xC3\x9F     1\n"
        "a?[2Jb?  2  z\n");
  CHECK(table({}).empty());
}

TEST_CASE("members are a table of name, status, app, address, share and labels") {
  CHECK(render_members(R"({"members":[
    {"name":"laptop-1","address":"127.0.0.1:7601","status":"alive","app":"up","in_ring":true,"share":0.508,"kind":"ringside","labels":{}},
    {"name":"b","address":"127.0.0.1:7603","status":"faulty","app":"unknown","in_ring":false,"share":0,"kind":"unknown","labels":{"tier":"gold","zone":"eu"}},
    {"name":"c","address":"127.0.0.1:7605","status":"alive","app":"up","in_ring":false,"damped":true,"share":0,"kind":"ringside","labels":{}}
  ]})") ==
        "NAME      STATUS  APP  ADDRESS         KEYS   LABELS\n"
        "laptop-1  alive   up   127.0.0.1:7601  50.8%\n"
        "b         faulty  -    127.0.0.1:7603  -      tier=gold,zone=eu\n"
        "c         damped  up   127.0.0.1:7605  -\n");
}

TEST_CASE("members are shown with their kind when a Ringpop node is among them") {
  CHECK(render_members(R"({"members":[
    {"name":"a","address":"x:1","status":"alive","app":"up","in_ring":true,"share":0.5,"kind":"ringside","labels":{}},
    {"name":"b","address":"x:2","status":"alive","app":"up","in_ring":true,"share":0.5,"kind":"ringpop-go","labels":{"z":"1"}}
  ]})") ==
        "NAME  STATUS  APP  ADDRESS  KEYS   KIND        LABELS\n"
        "a     alive   up   x:1      50.0%  ringside\n"
        "b     alive   up   x:2      50.0%  ringpop-go  z=1\n");
}

TEST_CASE("a lookup is one line that names the owner and who is next") {
  const std::string json = R"({"key":"user:42","hash":"0x6f1c0000","version":4,"owners":[
    {"name":"laptop-2"},{"name":"laptop-1"},{"name":"laptop-3"}]})";
  CHECK(render_lookup(json, 1) == "user:42 -> laptop-2  (hash 0x6f1c0000, next laptop-1, version 4)\n");
  CHECK(render_lookup(json, 3) == "user:42 -> laptop-2, laptop-1, laptop-3  (hash 0x6f1c0000, version 4)\n");
  CHECK(render_lookup(json, 9) == render_lookup(json, 3));
  CHECK(render_lookup(R"({"key":"k","hash":"0x0","version":1,"owners":[{"name":"a"}]})", 1) ==
        "k -> a  (hash 0x0, version 1)\n");
}

TEST_CASE("an explanation marks the point that decides") {
  CHECK(
      render_lookup(
          R"({"key":"k","hash":"0x05","version":1,"owners":[{"name":"a"}],"explain":{"position":1,"points":3,
    "why":"because","around":[{"position":0,"hash":"0x01","member":"b"},{"position":1,"hash":"0x06","member":"a"}],
    "walk":[{"position":1,"hash":"0x06","member":"a"},{"position":0,"hash":"0x01","member":"b"}],
    "not_in_ring":[{"name":"c","address":"x:1","status":"alive","app":"down"}],"shares":{"a":0.25,"b":0.75}}})",
          1) ==
      "k -> a  (hash 0x05, version 1)\n"
      "\nbecause\n\n"
      "   POINT  HASH  MEMBER\n"
      "   0      0x01  b\n"
      ">  1      0x06  a\n"
      "\nfrom there on, each member at its first point:\n"
      "MEMBER  POINT  HASH  KEYS\n"
      "a       1      0x06  25.0%\n"
      "b       0      0x01  75.0%\n"
      "\nnot in the ring:\n"
      "NAME  STATUS  APP   ADDRESS\n"
      "c     alive   down  x:1\n");
}

TEST_CASE("the ring is a line of facts and a table") {
  const std::string head = R"({"version":4,"checksum":"0x01","points":100,"identity":"name","members":[
    {"name":"a","address":"x:1","weight":1,"share":1.0}])";
  const std::string plain =
      "version 4, checksum 0x01, 1 member, 100 points each, hashed by name\n\n"
      "NAME  ADDRESS  WEIGHT  KEYS\na     x:1      1       100.0%\n";
  CHECK(render_ring(head + "}") == plain);
  CHECK(render_ring(head + R"(,"replica_checksum":"0x02","point_list":[{"hash":"0x07","member":"a"}]})") ==
        plain + "\nreplica checksum 0x02\n\nHASH  MEMBER\n0x07  a\n");
}

TEST_CASE("nodes agree when both checksums are the same everywhere") {
  const auto self = [](const std::string& name, const std::string& ring, const std::string& members) {
    return R"({"name":")" + name + R"(","ring":{"checksum":")" + ring + R"("},"membership":{"checksum":")" +
           members + R"("}})";
  };
  CHECK(compare({self("a", "1", "2"), self("b", "1", "2")}).agrees);
  CHECK_FALSE(compare({self("a", "1", "2"), self("b", "3", "2")}).agrees);
  CHECK_FALSE(compare({self("a", "1", "2"), self("b", "1", "2"), self("c", "1", "4")}).agrees);
  CHECK_THAT(compare({self("a", "1", "2"), self("b", "3", "2")}).text,
             Catch::StartsWith("NODE  RING  MEMBERSHIP\na     1     2\nb     3     2\nthey do not agree"));
}
