// Frame ends of WebSocket streams, whatever the frames look like and however they are cut.
#include "proto/websocket/frames.hpp"

#include <catch2/catch.hpp>

using namespace ringside::websocket;

namespace {

// A frame of `size` bytes of payload.
std::string frame(unsigned opcode, std::size_t size, bool masked, bool final = true) {
  std::string out;
  out += static_cast<char>((final ? 0x80U : 0U) | opcode);
  const unsigned mask = masked ? 0x80 : 0;
  if (size < 126) {
    out += static_cast<char>(mask | size);
  } else if (size < 65536) {
    out += static_cast<char>(mask | 126);
    out += static_cast<char>(size >> 8);
    out += static_cast<char>(size & 0xff);
  } else {
    out += static_cast<char>(mask | 127);
    for (int shift = 56; shift >= 0; shift -= 8) out += static_cast<char>(size >> shift & 0xff);
  }
  if (masked) out += "mask";
  return out + std::string(size, '\x88');  // a payload that looks like Close frames
}

constexpr std::size_t sizes[] = {0, 1, 125, 126, 127, 65535, 65536, 70000};

}  // namespace

TEST_CASE("the end of each WebSocket frame is found, whatever its size and however it is cut",
          "[websocket]") {
  const auto piece = GENERATE(1, 2, 3, 4096, 1000000);
  const bool masked = GENERATE(false, true);
  std::string stream;
  std::vector<std::size_t> ends;
  for (const auto size : sizes) {
    stream += frame(2, size, masked, size % 2 == 0);
    ends.push_back(stream.size());
  }
  FrameTracker tracker;
  std::vector<std::size_t> found;
  for (std::size_t at = 0; at < stream.size();) {
    const auto count = tracker.next(std::string_view(stream).substr(at, static_cast<std::size_t>(piece)));
    REQUIRE(count > 0);
    at += count;
    if (tracker.open()) found.push_back(at);
  }
  CHECK(found == ends);
  CHECK_FALSE(tracker.closed());
}

TEST_CASE("behind a Close nothing may be put into a WebSocket stream", "[websocket]") {
  FrameTracker tracker;
  const std::string close = frame(8, 2, true);
  tracker.pass(frame(1, 5, true) + close.substr(0, close.size() - 1));
  CHECK_FALSE(tracker.closed());
  CHECK_FALSE(tracker.open());  // in the middle of a frame
  tracker.pass(close.substr(close.size() - 1));
  CHECK(tracker.closed());
  CHECK_FALSE(tracker.open());
}

TEST_CASE("a length that no WebSocket frame has means that this is none", "[websocket]") {
  FrameTracker tracker;
  std::string bad = frame(2, 70000, false).substr(0, 10);
  bad[2] = '\x80';
  tracker.pass(bad + "and more");
  CHECK(tracker.lost());
  CHECK_FALSE(tracker.open());
}

TEST_CASE("a Close frame is written as either side has to", "[websocket]") {
  CHECK(close_frame(1012, "moved", false) == "\x88\x07\x03\xf4moved");
  CHECK(close_frame(1012, "", true) == std::string("\x88\x82\0\0\0\0\x03\xf4", 8));
  FrameTracker tracker;
  tracker.pass(close_frame(1012, std::string(500, 'x'), true));
  CHECK(tracker.closed());
}
