#include "daemon/forward/past_rings.hpp"

#include <catch2/catch.hpp>

using namespace ringside;
using namespace ringside::forward;
using namespace std::chrono_literals;

namespace {

const Instant start_of_time{};

ring::SnapshotPtr ring_of(std::vector<std::string> names, std::uint64_t version) {
  std::vector<ring::Server> servers;
  for (const auto& name : names) servers.push_back({name, name + ":1"});
  return ring::build(std::move(servers), 100, version);
}

}  // namespace

TEST_CASE("a key counts as owned lately for ten seconds after the ring that said so") {
  PastRings past;
  CHECK(!past.owned(start_of_time, "k", "a:1"));
  past.note(start_of_time, ring_of({"a"}, 1));
  CHECK(past.owned(start_of_time, "k", "a:1"));
  CHECK(!past.owned(start_of_time, "k", "b:1"));
  CHECK(past.owned(start_of_time + limits::owned_lately - 1ms, "k", "a:1"));
  CHECK(!past.owned(start_of_time + limits::owned_lately, "k", "a:1"));
}

TEST_CASE("of many rings the last ones are remembered, and none by who has no app any more") {
  PastRings past;
  past.note(start_of_time, ring_of({"a"}, 1));
  for (std::uint64_t i = 1; i < limits::past_rings; ++i) past.note(start_of_time, ring_of({"b"}, 1 + i));
  CHECK(past.owned(start_of_time, "k", "a:1"));
  past.note(start_of_time, ring_of({}, 100));
  CHECK(!past.owned(start_of_time, "k", "a:1"));
  CHECK(past.owned(start_of_time, "k", "b:1"));
  past.forget();
  CHECK(!past.owned(start_of_time, "k", "b:1"));
}
