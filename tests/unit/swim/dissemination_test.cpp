// How often a change is told, to whom, and when it is forgotten (spec D).
#include "daemon/swim/dissemination.hpp"

#include <catch2/catch.hpp>

using namespace ringside;
using namespace ringside::swim;
using ringpop::Change;
using ringpop::Status;

namespace {

Change about(const std::string& address, const std::string& source = "s:1",
             std::int64_t source_incarnation = 1) {
  return {address, Status::alive, 1, source, source_incarnation, {}};
}

}  // namespace

TEST_CASE("the limit is 15 for up to 9 others, 30 up to 99, 45 up to 999, and 0 when alone") {
  struct Case {
    std::size_t pingable;
    int limit;
  };
  for (const Case& c : {Case{0, 0}, Case{1, 15}, Case{9, 15}, Case{10, 30}, Case{99, 30}, Case{100, 45},
                        Case{999, 45}, Case{1000, 60}}) {
    Dissemination d;
    d.set_limit(15, c.pingable);
    INFO(c.pingable);
    CHECK(d.limit() == c.limit);
  }
}

TEST_CASE("as sender only a delivered message counts; after the limit the change is dropped") {
  Dissemination d;
  d.set_limit(15, 3);
  d.record(about("a:1"));
  for (int i = 0; i < 100; ++i) CHECK(d.all().size() == 1);  // none of these was answered
  for (int i = 0; i < 14; ++i) d.delivered(d.mark());
  CHECK(d.size() == 1);
  d.delivered(d.mark());
  CHECK(d.size() == 0);
}

TEST_CASE("a change that came after the message was sent is not counted by its delivery") {
  Dissemination d;
  d.set_limit(1, 9);  // told once
  d.record(about("a:1"));
  d.record(about("b:1"));
  const auto mark = d.mark();
  d.record(about("a:1"));  // newer news of the same member
  d.record(about("c:1"));
  d.delivered(mark);
  const auto left = d.all();
  REQUIRE(left.size() == 2);
  CHECK(left[0].address == "a:1");
  CHECK(left[1].address == "c:1");
}

TEST_CASE(
    "a receiver does not tell the requester what it declared itself in this life, and counts what it tells") {
  Dissemination d;
  d.set_limit(1, 9);
  d.record(about("a:1", "r:1", 7));
  d.record(about("b:1", "r:1", 6));  // from an earlier life of the requester
  d.record(about("c:1", "q:1", 7));
  const auto [told, filtered] = d.answer_to("r:1", 7);
  REQUIRE(told.size() == 2);
  CHECK(told[0].address == "b:1");
  CHECK(told[1].address == "c:1");
  CHECK(d.size() == 1);
  CHECK(filtered == 1);
  CHECK(d.answer_to("r:1", 7).changes.empty());
}
