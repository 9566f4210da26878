// Calls for the app that come over a connection of the control thread: their frames are handed on and
// answered raw, beside the gossip. The test plays both the Ringpop peer and the worker.
#include <catch2/catch.hpp>

#include "proto/tchannel/call_frames.hpp"
#include "tests/unit/control/control_support.hpp"

namespace ringside::control::test {
namespace {

using net::test::RawPeer;
using tchannel::ErrorCode;
using tchannel::FrameType;

struct Node {
  Node() {
    Hooks hooks{.publish = [this](api::ViewPtr next) { view = std::move(next); },
                .adopt_http2 = [](int, std::string, std::string) {}};
    hooks.relay = [this](net::TunnelNews each) {
      frames += each.frames;
      written += each.written;
      closed = closed || each.closed;
      answer = each.answer;
    };
    plane = std::make_unique<ControlPlane>(io, quick_config("solo"), metrics, std::move(hooks));
    address = plane->listen()->to_string();
    plane->start();
  }
  // What the worker was told.
  std::string frames;
  std::size_t written = 0;
  bool closed = false;
  std::function<void(std::string, std::size_t)> answer;

  boost::asio::io_context io{1};
  obs::Metrics metrics;
  api::ViewPtr view;
  std::unique_ptr<ControlPlane> plane;
  std::string address;
};

std::string frames_of(std::uint32_t id, std::string service, std::string arg3 = "x") {
  tchannel::CallRequest call;
  call.ttl_ms = 5000;
  call.service = std::move(service);
  call.headers = {{"as", "raw"}, {"cn", "test"}, {"sk", "k"}};
  call.arg1 = "/health";
  call.arg3 = std::move(arg3);
  std::string bytes;
  tchannel::write(bytes, id, call);
  return bytes;
}

std::string answer_of(std::uint32_t id, std::string arg3) {
  tchannel::CallResponse response;
  response.arg3 = std::move(arg3);
  std::string bytes;
  tchannel::write(bytes, id, response);
  return bytes;
}

TEST_CASE("frames of calls for other services are handed on as they are, and answered raw, beside gossip") {
  Node node;
  RawPeer peer(node.io, node.address);
  peer.send_init();
  REQUIRE(peer.wait_frames(1));
  const auto foreign = frames_of(7, "cart", std::string(150'000, 'x'));  // three frames
  peer.send(foreign);
  peer.send(frames_of(8, "ringpop"));
  REQUIRE(peer.wait_frames(2));  // the health call is answered at once
  CHECK(peer.frames()[1].type == FrameType::call_res);
  CHECK(peer.frames()[1].id == 8);
  CHECK(node.frames == foreign);
  const auto answer = answer_of(7, std::string(100'000, 'y'));  // two frames
  node.answer(answer, foreign.size());
  REQUIRE(peer.wait_frames(4));
  CHECK(peer.frames()[2].type == FrameType::call_res);
  CHECK(peer.frames()[3].type == FrameType::call_res_continue);
  CHECK(peer.frames()[3].id == 7);
  CHECK(run_until(node.io, [&] { return node.written == answer.size(); }));
  // Its id may be used again, and what comes twice or too late goes to nobody.
  node.answer(answer_of(7, "late"), 0);
  peer.send(frames_of(7, "cart"));
  REQUIRE(run_until(node.io, [&] { return node.frames.size() > foreign.size(); }));
  CHECK(peer.frames().size() == 4);
  peer.close();
  CHECK(run_until(node.io, [&] { return node.closed; }));
}

TEST_CASE("a cancel of a foreign call is handed on; an early answer swallows the rest of its request") {
  Node node;
  RawPeer peer(node.io, node.address);
  peer.send_init();
  REQUIRE(peer.wait_frames(1));
  peer.send(frames_of(7, "cart"));
  peer.send(7, tchannel::Cancel{100, {}, "no more"});
  REQUIRE(run_until(node.io, [&] { return node.frames.find("no more") != node.frames.npos; }));

  const auto whole = frames_of(9, "cart", std::string(150'000, 'x'));
  const std::size_t first = tchannel::frame_size(whole);
  node.frames.clear();
  peer.send(std::string_view(whole).substr(0, first));
  REQUIRE(run_until(node.io, [&] { return node.frames.size() == first; }));
  std::string error;
  tchannel::write(error, 9, tchannel::Error{ErrorCode::declined, {}, "not here"});
  node.answer(error, first);
  REQUIRE(peer.wait_frames(2));
  peer.send(std::string_view(whole).substr(first));
  peer.send(frames_of(9, "ringpop"));
  REQUIRE(peer.wait_frames(3));  // and the connection is alive
  CHECK(peer.frames()[2].type == FrameType::call_res);
  CHECK(node.frames.size() == first);
}

TEST_CASE("a peer that sends more than the worker takes gets busy, and its gossip goes on") {
  Node node;
  RawPeer peer(node.io, node.address);
  peer.send_init();
  REQUIRE(peer.wait_frames(1));
  const auto one = frames_of(1, "cart", std::string(60'000, 'x'));
  const std::size_t fit = limits::tchannel_foreign_bytes / one.size();
  for (std::uint32_t id = 1; id <= fit + 1; ++id) {
    std::string frame;
    tchannel::write_with_id(frame, one, id);
    peer.send(frame);
    node.io.restart();
    node.io.poll();
  }
  REQUIRE(peer.wait_frames(2));
  CHECK(peer.frames()[1].type == FrameType::error);
  CHECK(peer.frames()[1].id == fit + 1);
  CHECK(peer.frames()[1].first_byte() == static_cast<int>(ErrorCode::busy));
  CHECK(node.frames.size() < limits::tchannel_foreign_bytes + 1000);
  peer.send(frames_of(500, "ringpop"));
  REQUIRE(peer.wait_frames(3));
  CHECK(peer.frames()[2].type == FrameType::call_res);
  // When the worker has taken it, there is room again.
  const std::size_t before = node.frames.size();
  node.answer("", before);
  node.io.restart();
  node.io.poll();
  std::string again;
  tchannel::write_with_id(again, one, 600);
  peer.send(again);
  CHECK(run_until(node.io, [&] { return node.frames.size() == before + one.size(); }));
}

}  // namespace
}  // namespace ringside::control::test
