#include <catch2/catch.hpp>

#include "tests/support/api_call.hpp"
#include "tests/support/view.hpp"

using namespace ringside;
using test::call_api;
using test::Json;
using test::json_of;

namespace {

std::string names(const Json& members) {
  std::string out;
  for (const Json& member : members["members"])
    out += (out.empty() ? "" : " ") + member["name"].get<std::string>();
  return out;
}

}  // namespace

TEST_CASE("the ring lists members with their shares, and points when asked for") {
  const auto view = test::sample_view();
  const Json plain = json_of(call_api(view, "GET", "/v1/ring"));
  CHECK(plain["version"] == 4);
  CHECK(plain["points"] == 100);
  CHECK(plain["members"].size() == 2);
  CHECK_FALSE(plain.contains("point_list"));
  const Json full = json_of(call_api(view, "GET", "/v1/ring?points=true"));
  REQUIRE(full["point_list"].size() == 200);
  for (std::size_t i = 1; i < 200; ++i)
    CHECK(full["point_list"][i - 1]["hash"].get<std::string>() <=
          full["point_list"][i]["hash"].get<std::string>());
  CHECK(full.contains("replica_checksum"));
}

TEST_CASE("members are filtered by status and labels") {
  const auto view = test::sample_view();
  const std::vector<std::pair<std::string, std::string>> table{
      {"", "laptop-1 laptop-2 laptop-3"},
      {"?status=alive", "laptop-1"},
      {"?status=alive&status=faulty", "laptop-1 laptop-3"},
      {"?label=zone==eu", "laptop-2"},
      {"?label=zone%3D%3Deu", "laptop-2"},
      {"?label=zone!=eu", "laptop-1 laptop-3"},
      {"?label=zone==eu&label=tier==gold", "laptop-2"},
      {"?label=zone==eu&label=tier!=gold", ""},
      {"?status=faulty&label=zone==us", "laptop-3"},
      {"?status=tombstone", ""},
  };
  for (const auto& [query, expected] : table) {
    CAPTURE(query);
    CHECK(names(json_of(call_api(view, "GET", "/v1/members" + query))) == expected);
  }
  for (const char* query : {"?status=dead", "?label=zone=eu", "?label===eu", "?label="}) {
    CAPTURE(query);
    CHECK(call_api(view, "GET", std::string("/v1/members") + query).status == 400);
  }
}

TEST_CASE("a member is found by name or address and shows whether it owns anything") {
  const auto view = test::sample_view();
  const Json two = json_of(call_api(view, "GET", "/v1/members/laptop-2"));
  CHECK(two["address"] == "127.0.0.1:7603");
  CHECK(two["status"] == "suspect");
  CHECK(two["in_ring"] == true);
  CHECK(two["share"].get<double>() > 0.1);
  CHECK(two["labels"] == Json({{"tier", "gold"}, {"zone", "eu"}}));
  CHECK(json_of(call_api(view, "GET", "/v1/members/127.0.0.1%3A7605"))["name"] == "laptop-3");
  CHECK(json_of(call_api(view, "GET", "/v1/members/laptop-3"))["in_ring"] == false);
  const auto unknown = call_api(view, "GET", "/v1/members/nobody");
  CHECK(unknown.status == 404);
  CHECK(test::header_of(unknown, "Ringside-Error") == "unknown_node");
}

TEST_CASE(
    "a member out of the ring for want of an app is shown alive, one that took its leave or is silent is "
    "not") {
  auto view = test::sample_view();
  for (auto& member : view.members) member.status = ringpop::Status::leave;
  view.members[0].app = api::MemberApp::down;
  view.members[1].app = api::MemberApp::none;
  view.members[2].app = api::MemberApp::down;
  view.members[2].silent = true;
  const auto rows = json_of(call_api(view, "GET", "/v1/members"))["members"];
  CHECK(rows[0]["status"] == "alive");
  CHECK(rows[0]["app"] == "down");
  CHECK(rows[1]["status"] == "alive");
  CHECK(rows[1]["app"] == "none");
  CHECK(rows[2]["status"] == "leave");
  CHECK(rows[0]["damped"] == false);
  view.members[0].app = api::MemberApp::up;
  view.members[0].damped = true;
  const auto damped = json_of(call_api(view, "GET", "/v1/members/laptop-1"));
  CHECK(damped["status"] == "alive");
  CHECK(damped["app"] == "up");
  CHECK(damped["damped"] == true);
  CHECK(json_of(call_api(view, "GET", "/v1/members?status=alive"))["members"].size() == 2);
  view.members[0].app = api::MemberApp::unknown;
  CHECK(json_of(call_api(view, "GET", "/v1/members?status=alive"))["members"].size() == 1);
}

TEST_CASE("of two members with one name the one in the ring is shown") {
  auto view = test::sample_view();
  view.members[0].name = "laptop-2";
  view.members[2].name = "laptop-2";
  view.ring = ring::build({{"laptop-2", "127.0.0.1:7603"}}, 100, 5);
  CHECK(json_of(call_api(view, "GET", "/v1/members/laptop-2"))["address"] == "127.0.0.1:7603");
}

TEST_CASE("a member is shown with what runs there") {
  auto view = test::sample_view();
  view.members[1].kind = PeerKind::ringpop_node;
  view.members[2].kind = PeerKind::unknown;
  const Json members = json_of(call_api(view, "GET", "/v1/members"))["members"];
  CHECK(members[0]["kind"] == "ringside");
  CHECK(members[1]["kind"] == "ringpop-node");
  CHECK(members[2]["kind"] == "unknown");
}

TEST_CASE("labels of any bytes keep the JSON whole") {
  auto view = test::sample_view();
  view.members[1].labels = {{"bin", "\xFF\"\n"}};
  CHECK(json_of(call_api(view, "GET", "/v1/members/laptop-2"))["labels"]["bin"] == "\xEF\xBF\xBD\"\n");
}

TEST_CASE("self shows identity, phase, checksums and times") {
  auto view = test::sample_view();
  Json self = json_of(call_api(view, "GET", "/v1/self"));
  CHECK(self["name"] == "laptop-1");
  CHECK(self["phase"] == "ready");
  CHECK_FALSE(self.contains("reason"));
  CHECK(self["started"] == "2023-11-14T22:13:20.000Z");
  CHECK(self["uptime"] == "12.3s");
  CHECK(self["membership"]["checksum"] == "0x0000002a");
  CHECK(self["membership"]["by_status"]["suspect"] == 1);
  CHECK(self["app"]["address"] == "127.0.0.1:5000");

  CHECK(self["warnings"].empty());

  view.warnings = {{"ringpop_node_peer", "the two disagree"}};
  view.app_settings.address.clear();
  view.started = test::sample_now() + Millis(5000);  // the wall clock was set back
  self = json_of(call_api(view, "GET", "/v1/self"));
  CHECK(self["app"]["address"].is_null());
  CHECK(self["warnings"].size() == 1);
  CHECK(self["warnings"][0] == Json({{"code", "ringpop_node_peer"}, {"detail", "the two disagree"}}));
  CHECK(self["uptime"] == "0s");
}

TEST_CASE("a member is shown with what is measured of it, and its version, as far as they are known") {
  const auto view = test::sample_view();
  const Json two = json_of(call_api(view, "GET", "/v1/members/laptop-2"));
  CHECK(two["rtt"] == "0.412ms");
  CHECK(two["damp_score"] == 500);
  CHECK(two["ringside_version"] == "0.9.0");
  const Json three = json_of(call_api(view, "GET", "/v1/members/laptop-3"));
  CHECK(three["damp_score"] == 0);
  CHECK_FALSE(three.contains("rtt"));
  CHECK_FALSE(three.contains("ringside_version"));
}

TEST_CASE("what is measured anew is no change to wait for; another version is") {
  const auto before = test::sample_view();
  auto after = before;
  after.measured["127.0.0.1:7603"].rtt = std::chrono::milliseconds(7);
  after.local_health = 2;
  CHECK(api::looks_the_same(before, after));
  after.members[1].version = "1.0.0";
  CHECK_FALSE(api::looks_the_same(before, after));
}

TEST_CASE("a node tells how it is, and what it is set to") {
  auto view = test::sample_view();
  const Json self = json_of(call_api(view, "GET", "/v1/self"));
  CHECK(self["local_health"] == Json({{"score", 1}, {"max", 3}}));
  CHECK(self["config_digest"] == "00112233445566aa");
  CHECK(self["features"] == Json({{"tls", "off"}, {"damping", "on"}}));
  view.settings = nullptr;
  CHECK_FALSE(json_of(call_api(view, "GET", "/v1/self")).contains("config_digest"));
}
