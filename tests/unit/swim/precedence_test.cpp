// Who wins, case by case (spec C.2).
#include "daemon/swim/precedence.hpp"

#include <catch2/catch.hpp>

using namespace ringside;
using namespace ringside::swim;
using ringpop::Status;

namespace {

constexpr Status all_statuses[] = {Status::alive, Status::suspect, Status::faulty, Status::leave,
                                   Status::tombstone};

// Rows: what we know. Columns: what is said, at the same incarnation and with the same labels. Written out,
// so that a change of the enum's order cannot change the protocol unseen.
//                                alive  suspect faulty leave  tombstone
constexpr bool wins_at_equal[5][5] = {{false, true, true, true, true},       // alive
                                      {false, false, true, true, true},      // suspect
                                      {false, false, false, true, true},     // faulty
                                      {false, false, false, false, true},    // leave
                                      {false, false, false, false, false}};  // tombstone

}  // namespace

TEST_CASE("every known state against every incoming one, at every relation of incarnations and labels") {
  for (const Status known : all_statuses) {
    for (const Status incoming : all_statuses) {
      for (const int newer : {-1, 0, 1}) {
        for (const int label : {-1, 0, 1}) {
          const Standing ours{known, 100, 0};
          const Standing theirs{incoming, 100 + newer, label};
          bool wins = newer > 0;
          if (newer == 0) {
            wins = known == incoming ? label > 0
                                     : wins_at_equal[static_cast<int>(known)][static_cast<int>(incoming)];
          }
          INFO("known " << static_cast<int>(known) << " incoming " << static_cast<int>(incoming)
                        << " incarnation " << newer << " labels " << label);
          CHECK(judge(&ours, theirs, false) == (wins ? Verdict::apply : Verdict::ignore));
          CHECK(judge(&ours, theirs, true) == (wins ? Verdict::refute : Verdict::ignore));
        }
      }
    }
  }
}

TEST_CASE("a member never seen is taken in, but not by its tombstone") {
  for (const Status incoming : all_statuses) {
    CHECK(judge(nullptr, {incoming, 5, 0}, false) ==
          (incoming == Status::tombstone ? Verdict::ignore : Verdict::apply));
  }
}

TEST_CASE("label checksums are those of ringpop-go, and signed") {
  CHECK(label_checksum({}) == 0);
  CHECK(label_checksum({{"hello", "world"}}) == 975109414);
  CHECK(label_checksum({{"hello", "goodbye"}}) == -1215192234);
  CHECK(label_checksum({{"foo", "baz"}, {"hello", "world"}}) == -1625122257);
  CHECK(label_checksum({{"__identity", "identity"}}) == -1005535378);
  CHECK(label_checksum({{"__identity", "node-A"}}) == 266188839);
  CHECK(label_checksum({{"__identity", "node-B"}}) == 811082731);
}
