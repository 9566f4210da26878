// What runs at a member's address: told by its init message, shown in the view, reported when it cannot fit.
#include "daemon/control/peer_kinds.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "daemon/base/limits.hpp"
#include "tests/unit/control/control_support.hpp"

namespace ringside::control::test {
namespace {

using net::TchannelIdentity;
using net::test::RawPeer;

constexpr auto address = "127.0.0.1:9";

TchannelIdentity node_at(const std::string& host_port) {
  return {.host_port = host_port, .process_name = "node[1]", .language = "node", .ringside_version = ""};
}

void introduce(RawPeer& peer, const tchannel::Headers& more) {
  tchannel::Init init;
  init.headers = {{"host_port", address}, {"process_name", "peer"}};
  init.headers.insert(init.headers.end(), more.begin(), more.end());
  std::string bytes;
  tchannel::write_init(bytes, tchannel::FrameType::init_req, 1, init);
  peer.send(bytes);
}

// The peer becomes a member: it says so itself.
void gossip(RawPeer& peer) {
  tchannel::CallRequest ping;
  ping.ttl_ms = 1000;
  ping.service = "ringpop";
  ping.headers = {{"as", "json"}, {"cn", "ringpop"}};
  ping.arg1 = "/protocol/ping";
  ping.arg3 =
      R"({"checksum":1,"source":"127.0.0.1:9","sourceIncarnationNumber":1,"app":"test","changes":[
          {"source":"127.0.0.1:9","address":"127.0.0.1:9","status":"alive","incarnationNumber":1}]})";
  peer.send(2, ping);
}

const api::MemberView* member(const TestNode& node) {
  const auto& members = node.view->members;
  const auto found = std::ranges::find(members, address, &api::MemberView::address);
  return found == members.end() ? nullptr : &*found;
}

}  // namespace

TEST_CASE("a peer is what its init headers say") {
  struct Row {
    tchannel::Headers headers;
    PeerKind kind;
  };
  const auto row =
      GENERATE(Row{{{"tchannel_language", "node"}}, PeerKind::ringpop_node},
               Row{{{"tchannel_language", "go"}}, PeerKind::ringpop_go}, Row{{}, PeerKind::unknown},
               Row{{{"tchannel_language", "python"}}, PeerKind::unknown},
               Row{{{"tchannel_language", "cpp"}, {"ringside_version", "1.2"}}, PeerKind::ringside},
               Row{{{"tchannel_language", "node"}, {"ringside_version", "1.2"}}, PeerKind::ringside});
  boost::asio::io_context io{1};
  TestNode node(io, quick_config("solo"));
  node.plane->start();
  RawPeer peer(io, node.address);
  introduce(peer, row.headers);
  gossip(peer);
  REQUIRE(run_until(io, [&] { return member(node) != nullptr; }));
  CHECK(member(node)->kind == row.kind);
  CHECK(api::kind_of(*node.view, address) == row.kind);
  CHECK(api::kind_of(*node.view, node.address) == PeerKind::ringside);
  CHECK(api::kind_of(*node.view, "127.0.0.1:1") == PeerKind::unknown);
}

TEST_CASE("ringsides know each other as such") {
  boost::asio::io_context io{1};
  TestNode one(io, quick_config("one"));
  one.plane->start();
  TestNode two(io, quick_config("two", {one.address}));
  two.plane->start();
  const auto all_ringsides = [](const TestNode& node) {
    return node.view->members.size() == 2 && std::ranges::all_of(node.view->members, [&](const auto& each) {
             return each.kind == PeerKind::ringside && !each.version.empty() &&
                    each.version == node.view->members[0].version;
           });
  };
  CHECK(run_until(io, [&] { return all_ringsides(one) && all_ringsides(two); }));
}

TEST_CASE("a ringpop-node member is warned of while names or labels are used, until it is replaced") {
  struct Row {
    config::Identity identity;
    bool labels;
    bool warned;
  };
  const auto row =
      GENERATE(Row{config::Identity::name, false, true}, Row{config::Identity::address, true, true},
               Row{config::Identity::address, false, false});
  CAPTURE(row.labels, row.warned);
  auto config = quick_config("solo");
  config.ring.identity = row.identity;
  if (row.labels) config.node.labels = {{"zone", "eu"}};
  boost::asio::io_context io{1};
  TestNode node(io, config);
  node.plane->start();
  RawPeer before(io, node.address);
  introduce(before, {{"tchannel_language", "node"}});
  gossip(before);
  REQUIRE(run_until(io, [&] { return member(node) != nullptr; }));
  REQUIRE(node.view->warnings.size() == (row.warned ? 1 : 0));
  CHECK(node.metrics.ringpop_node_misfits.value() == (row.warned ? 1 : 0));
  if (!row.warned) return;
  CHECK(node.view->warnings[0].code == "ringpop_node_peer");
  CHECK_THAT(node.view->warnings[0].detail, Catch::Contains(address));

  RawPeer after(io, node.address);
  introduce(after, {{"ringside_version", "1"}});
  CHECK(run_until(io, [&] { return node.view->warnings.empty(); }));
  CHECK(node.metrics.ringpop_node_misfits.value() == 0);
}

TEST_CASE("another version of a ringside is news, and it is kept short") {
  PeerKinds kinds;
  TchannelIdentity peer{
      .host_port = "b:1", .process_name = "ringside[1]", .language = "cpp", .ringside_version = "1.0"};
  CHECK(kinds.learn(peer));
  CHECK(kinds.version_of("b:1") == "1.0");
  CHECK_FALSE(kinds.learn(peer));
  peer.ringside_version = std::string(1000, '9');
  CHECK(kinds.learn(peer));
  CHECK(kinds.version_of("b:1") == std::string(limits::version_bytes, '9'));
  CHECK(kinds.learn(node_at("b:1")));  // a Ringpop node in its place
  CHECK(kinds.version_of("b:1").empty());
  CHECK(kinds.version_of("c:1").empty());
}

TEST_CASE("measurements are shown within seconds though nothing has changed") {
  boost::asio::io_context io{1};
  TestNode one(io, quick_config("one"));
  one.plane->start();
  TestNode two(io, quick_config("two", {one.address}));
  two.plane->start();
  const auto measured = [&] {
    const auto found = one.view->measured.find(two.address);
    return found != one.view->measured.end() && found->second.rtt.has_value();
  };
  CHECK(run_until(io, measured));
  CHECK(one.view->local_health_max == 3);
}

TEST_CASE("another number of points than Ringpop's is warned of while a Ringpop node is a member") {
  const int points = GENERATE(100, 200);
  CAPTURE(points);
  auto config = quick_config("solo");
  config.ring.points = points;
  boost::asio::io_context io{1};
  TestNode node(io, config);
  node.plane->start();
  CHECK(node.plane->ringpop_member().empty());
  RawPeer before(io, node.address);
  introduce(before, {{"tchannel_language", "go"}});
  gossip(before);
  REQUIRE(run_until(io, [&] { return member(node) != nullptr; }));
  CHECK(node.plane->ringpop_member() == address);
  REQUIRE(node.view->warnings.size() == (points == 100 ? 0 : 1));
  if (points == 100) return;
  CHECK(node.view->warnings[0].code == "points_beside_ringpop");
  CHECK_THAT(node.view->warnings[0].detail, Catch::Contains("200 points") && Catch::Contains(address));

  RawPeer after(io, node.address);
  introduce(after, {{"ringside_version", "1"}});
  CHECK(run_until(io, [&] { return node.view->warnings.empty(); }));
  CHECK(node.plane->ringpop_member().empty());
}

TEST_CASE("strangers are named once, some at a time, and only those nobody introduced") {
  PeerKinds kinds;
  CHECK_FALSE(kinds.any_ringpop());
  CHECK(kinds.learn(node_at("b:1")));
  CHECK_FALSE(kinds.learn(node_at("b:1")));
  CHECK_FALSE(kinds.learn(node_at("")));
  CHECK(kinds.any_ringpop());
  const std::vector<std::string> members{"a:1", "b:1", "c:1", "d:1"};
  CHECK(kinds.strangers(members, 2) == std::vector<std::string>{"a:1", "c:1"});
  CHECK(kinds.strangers(members, 2) == std::vector<std::string>{"d:1"});
  CHECK(kinds.strangers(members, 2).empty());
  kinds.keep_only({"a:1"});
  CHECK(kinds.of("b:1") == PeerKind::unknown);
  CHECK(kinds.strangers(members, 9) == std::vector<std::string>{"b:1", "c:1", "d:1"});
}

TEST_CASE("a flood of peers that introduce themselves fills the table and no more") {
  PeerKinds kinds;
  for (std::size_t i = 0; i < limits::peer_kinds; ++i)
    CHECK(kinds.learn(node_at("10.0.0.1:" + std::to_string(i))));
  CHECK(kinds.full());
  CHECK_FALSE(kinds.learn(node_at("10.0.0.2:1")));
  CHECK(kinds.of("10.0.0.2:1") == PeerKind::unknown);
  kinds.keep_only({});
  CHECK(kinds.learn(node_at("10.0.0.2:1")));
}

}  // namespace ringside::control::test
