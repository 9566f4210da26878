// The probes that were sent to live Ringpop nodes (proto/vectors/tchannel/raw-probes-*.json), sent to a
// control plane: what it answers to each, by type, id and code. The choices are explained in
// daemon/decisions/0002-tchannel-edges.md.
#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/unit/control/control_support.hpp"

namespace ringside::control::test {
namespace {

using net::test::from_hex;
using net::test::RawPeer;
using Json = nlohmann::json;

// type/id, and for errors the code, for answers the application code.
std::string describe(const RawPeer::Frame& frame) {
  std::string text = std::to_string(static_cast<unsigned>(frame.type)) + "/" +
                     (frame.id == tchannel::no_message_id ? "-" : std::to_string(frame.id));
  if (frame.type == tchannel::FrameType::error) text += ":" + std::to_string(frame.first_byte());
  if (frame.type == tchannel::FrameType::call_res)
    text += ":" + std::to_string(static_cast<unsigned char>(frame.payload[1]));
  return text;
}

struct Expected {
  std::vector<std::string> frames;
  bool closed = false;
};

const std::map<std::string, Expected> expectations{
    {"init v2 then tchannel ping (0xd0)", {{"2/1", "209/7"}}},
    {"init v1", {{"255/1:255"}, true}},
    {"init v3", {{"2/1"}}},
    {"init without headers", {{"255/1:255"}, true}},
    {"call before init", {{"255/2:255"}, true}},
    {"unknown service", {{"2/1", "255/2:6"}}},
    {"unknown method", {{"2/1", "255/2:6"}}},
    {"health csum none", {{"2/1", "4/2:0"}}},
    {"health csum crc32", {{"2/1", "4/2:0"}}},
    {"health csum crc32c", {{"2/1", "4/2:0"}}},
    {"health bad checksum", {{"2/1", "255/2:6"}}},
    {"health no as/cn headers", {{"2/1", "4/2:0"}}},
    {"health ttl 0", {{"2/1", "255/2:255"}, true}},
    {"lookup as=json", {{"2/1", "4/2:0"}}},
    {"lookup as=thrift", {{"2/1", "4/2:0"}}},
    {"lookup invalid json", {{"2/1", "4/2:1"}}},
    {"two calls pipelined in one write, init too", {{"2/1", "4/2:0", "4/3:0"}}},
    {"duplicate id", {{"2/1", "4/2:0", "4/2:0"}}},
    {"frame of unknown type 0x55", {{"2/1", "255/-:255"}, true}},
    {"frame size 3", {{"2/1", "255/-:255"}, true}},
    {"cancel (0xc0) for unknown id", {{"2/1", "4/3:0"}}},
};

Json probes() {
  std::ifstream file(std::string(RINGSIDE_SOURCE_DIR) + "/proto/vectors/tchannel/raw-probes-go.json");
  REQUIRE(file);
  return Json::parse(file);
}

struct OneNode {
  OneNode() : node(io, quick_config("solo")) {
    REQUIRE(node.error.empty());
    node.plane->start();
    REQUIRE(run_until(io, [&] { return node.view->phase == api::Phase::ready; }));
  }
  boost::asio::io_context io{1};
  TestNode node;

  // The body of the answer to one call to service "ringpop".
  std::string call(const std::string& endpoint, const std::string& body, int expected_code) {
    RawPeer peer(io, node.address);
    peer.send_init();
    tchannel::CallRequest request;
    request.ttl_ms = 1000;
    request.service = "ringpop";
    request.headers = {{"as", "json"}, {"cn", "probe"}};
    request.arg1 = endpoint;
    request.arg3 = body;
    peer.send(2, request);
    REQUIRE(peer.wait_frames(2));
    const auto& frame = peer.frames()[1];
    REQUIRE(frame.type == tchannel::FrameType::call_res);
    const std::vector<std::uint8_t> payload(frame.payload.begin(), frame.payload.end());
    tchannel::Assembler assembler;
    auto result = assembler.take({frame.type, frame.id, payload, payload.size() + 16});
    const auto& response = std::get<std::pair<std::uint32_t, tchannel::CallResponse>>(result).second;
    CHECK(response.code == expected_code);
    CHECK(response.arg2.empty());
    return response.arg3;
  }
};

TEST_CASE("every probe that live nodes were sent gets the answer we chose") {
  OneNode one;
  const Json all = probes();
  CHECK(all.size() == expectations.size());
  for (const auto& [name, probe] : all.items()) {
    INFO(name);
    const auto& expected = expectations.at(name);
    RawPeer peer(one.io, one.node.address);
    for (const auto& part : probe["sent"]) peer.send(from_hex(part.get<std::string>()));
    REQUIRE(peer.wait_frames(expected.frames.size()));
    if (expected.closed) CHECK(peer.wait_closed());
    one.io.restart();
    one.io.poll();
    std::vector<std::string> got;
    for (const auto& frame : peer.frames()) got.push_back(describe(frame));
    CHECK(got == expected.frames);
    CHECK(peer.closed() == expected.closed);
  }
}

TEST_CASE("the endpoints that ringpop's tools ask for answer in its shapes") {
  OneNode one;
  CHECK(Json::parse(one.call("/health", "", 0)) == "ok");
  CHECK(Json::parse(one.call("/admin/lookup", R"({"key":"hello"})", 0)) == Json{{"dest", one.node.address}});
  CHECK(Json::parse(one.call("/admin/lookup", R"({"nokey":1})", 1)).contains("message"));
  const auto stats = Json::parse(one.call("/admin/stats", "", 0));
  std::vector<std::string> keys;
  for (const auto& [key, value] : stats.items()) keys.push_back(key);
  CHECK(keys == std::vector<std::string>{"hooks", "membership", "process", "protocol", "ring",
                                         "tchannelVersion", "timestamp", "uptime", "version"});
  CHECK(stats["hooks"].is_null());
  CHECK(stats["membership"]["checksum"] == one.node.view->membership_checksum);
  REQUIRE(stats["membership"]["members"].size() == 1);
  CHECK(stats["membership"]["members"][0]["address"] == one.node.address);
  CHECK(stats["membership"]["members"][0]["status"] == "alive");
  CHECK(stats["membership"]["members"][0]["labels"]["__identity"] == "solo");
  CHECK(stats["ring"]["checksum"] == one.node.view->ring->checksum());
  CHECK(stats["ring"]["servers"] == Json{one.node.address});
  CHECK(stats["process"]["memory"]["rss"] > 0);
  CHECK(stats["process"]["memory"].size() == 3);
}

TEST_CASE("protocol bodies that cannot be used are answered with a reason, and counted") {
  struct Row {
    const char* endpoint;
    const char* body;
    const char* says;
    bool malformed;
  };
  const Row row =
      GENERATE(Row{"/protocol/ping", "not json", "cannot read the body", true},
               Row{"/protocol/ping", "[]", "cannot read the body", true},
               Row{"/protocol/join", "", "cannot read the body", true},
               Row{"/protocol/join", R"({"app":"other","source":"127.0.0.1:9","incarnationNumber":1})",
                   "different app", false});
  CAPTURE(row.endpoint, row.body);
  OneNode one;
  const auto answer = Json::parse(one.call(row.endpoint, row.body, 1));
  CHECK(!answer["type"].get<std::string>().empty());
  CHECK_THAT(answer["message"].get<std::string>(), Catch::Contains(row.says));
  CHECK(one.node.metrics.gossip_errors.value() == (row.malformed ? 1 : 0));
}

}  // namespace
}  // namespace ringside::control::test
