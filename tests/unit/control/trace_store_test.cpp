// The traces that are in force: renewed, expired, removed, and never more than a few.
#include "daemon/control/trace_store.hpp"

#include <catch2/catch.hpp>

#include "daemon/base/limits.hpp"

namespace ringside::control {
namespace {

using namespace std::chrono_literals;
using api::TraceOrder;
using api::TraceSink;

constexpr WallTime now{Millis(1'700'000'000'000)};

TraceOrder order(const std::string& message, Millis time) {
  TraceOrder out;
  out.sink.message = message;
  out.until = now + time;
  return out;
}

TEST_CASE("a trace is in force until its time has passed, and renewed when it is added again") {
  TraceStore store;
  CHECK(store.empty());
  REQUIRE(store.add(now, order("a", 10s)));
  REQUIRE(store.add(now, order("b", 20s)));
  REQUIRE(store.add(now, order("a", 30s)));
  CHECK(store.current(now + 9s).size() == 2);
  CHECK(store.current(now + 20s).size() == 1);
  CHECK(store.current(now + 20s)[0].sink.message == "a");
  CHECK(store.current(now + 30s).empty());
  CHECK(store.empty());
}

TEST_CASE("a trace that has expired when it comes ends the one it renews") {
  TraceStore store;
  REQUIRE(store.add(now, order("a", 10s)));
  REQUIRE(store.add(now, order("a", 0s)));
  CHECK(store.empty());
}

TEST_CASE("removing takes the same sink, whatever its level, and no other") {
  TraceStore store;
  REQUIRE(store.add(now, order("a", 10s)));
  REQUIRE(store.add(now, order("b", 10s)));
  TraceSink louder = order("a", 0s).sink;
  louder.level = obs::Level::error;
  store.remove(louder);
  REQUIRE(store.current(now).size() == 1);
  CHECK(store.current(now)[0].sink.message == "b");
  TraceSink call = order("b", 0s).sink;
  call.kind = TraceSink::Kind::tchannel;
  store.remove(call);
  CHECK(store.current(now).size() == 1);
}

TEST_CASE("only so many traces are taken; an expired one makes room, a renewed one needs none") {
  TraceStore store;
  for (std::size_t i = 0; i < limits::traces; ++i)
    REQUIRE(store.add(now, order(std::to_string(i), i == 0 ? 5s : 10s)));
  CHECK_FALSE(store.add(now, order("more", 10s)));
  CHECK(store.add(now, order("3", 20s)));
  CHECK(store.add(now + 5s, order("more", 10s)));
}

}  // namespace
}  // namespace ringside::control
