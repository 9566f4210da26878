// How far the sender of a stream may be ahead: whatever is read when, unread bytes and open window are
// bounded, nothing is lost, and only a reader that keeps up for long gets the larger window.
#include "daemon/worker/stream_window.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "daemon/base/rng.hpp"

using namespace ringside;
using worker::StreamWindow;

namespace {

constexpr std::size_t start = limits::stream_window_bytes;
constexpr std::size_t most = limits::stream_window_most_bytes;

// A sender that uses what it may, and a reader.
struct Pipe {
  explicit Pipe(StreamWindow::Grows grows) : window(grows) {}
  void send(std::size_t bytes) {
    bytes = std::min(bytes, open);
    open -= bytes;
    unread += bytes;
    passed += bytes;
    window.received(bytes);
    look();
  }
  void read(std::size_t bytes) {
    unread -= std::min(bytes, unread);
    look();
  }
  void look() {
    open += window.give_back(unread);
    held = std::max(held, open + unread);
  }
  StreamWindow window;
  std::size_t open = start, unread = 0, passed = 0, held = 0;
};

}  // namespace

TEST_CASE("a reader that stands still is sent one window, and no more before it reads") {
  Pipe pipe(StreamWindow::Grows::yes);
  for (int i = 0; i < 100; ++i) pipe.send(64 * 1024);
  CHECK(pipe.unread == start);
  CHECK(pipe.open == 0);
  pipe.read(1000);
  CHECK(pipe.open == 1000);
}

TEST_CASE("a reader that keeps up gets the larger window once more has passed than the kernel can hide") {
  for (const auto grows : {StreamWindow::Grows::yes, StreamWindow::Grows::no}) {
    Pipe pipe(grows);
    while (pipe.passed < limits::stream_window_grows_after) {
      CHECK(pipe.open == start);
      pipe.send(64 * 1024);
      pipe.read(64 * 1024);
    }
    CHECK(pipe.open == (grows == StreamWindow::Grows::yes ? most : start));
    for (int i = 0; i < 100; ++i) pipe.send(64 * 1024);  // and then it stands still
    CHECK(pipe.unread == (grows == StreamWindow::Grows::yes ? most : start));
  }
}

TEST_CASE("a reader that is always a little behind keeps the small window") {
  Pipe pipe(StreamWindow::Grows::yes);
  pipe.send(2000);
  while (pipe.passed < 2 * limits::stream_window_grows_after) {
    pipe.send(64 * 1024);
    pipe.read(pipe.unread - 1000);
  }
  CHECK(pipe.held == start);
}

TEST_CASE("whoever reads how much when, no more is held than the window, and all of it is used") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    INFO("seed " << seed);
    Rng rng(seed);
    Pipe pipe(StreamWindow::Grows::yes);
    for (int i = 0; i < 2000; ++i) {
      pipe.send(rng.below(100'000));
      pipe.read(rng.below(120'000));
      REQUIRE(pipe.open + pipe.unread <= most);
      REQUIRE(pipe.open + pipe.unread >= start);
    }
  }
}
