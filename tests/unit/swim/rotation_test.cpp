// The order of probes (spec E.2).
#include "daemon/swim/rotation.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <set>

using namespace ringside;
using swim::Rotation;

namespace {

const auto anybody = [](const std::string&) { return true; };

}  // namespace

TEST_CASE("each round probes everybody once, and no two rounds are in the same order") {
  Rng rng(3);
  Rotation rotation;
  for (int i = 0; i < 20; ++i) rotation.add("m" + std::to_string(i), rng);
  std::set<std::vector<std::string>> orders;
  for (int round = 0; round < 20; ++round) {
    std::vector<std::string> order;
    for (int i = 0; i < 20; ++i) order.push_back(*rotation.next(rng, anybody));
    CHECK(std::set<std::string>(order.begin(), order.end()).size() == 20);
    orders.insert(order);
  }
  CHECK(orders.size() == 20);
}

TEST_CASE("newcomers and leavers neither cost nor double anybody else's turn") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    INFO("seed " << seed);
    Rng rng(seed);
    Rotation rotation;
    std::map<std::string, int> turns;
    for (int i = 0; i < 10; ++i) rotation.add("m" + std::to_string(i), rng);
    for (int i = 0; i < 4; ++i) ++turns[*rotation.next(rng, anybody)];
    for (int i = 0; i < 5; ++i) rotation.add("late" + std::to_string(i), rng);
    rotation.remove("m7");
    while (true) {  // to the end of the round: the first that has its second turn begins the next
      const std::string who = *rotation.next(rng, anybody);
      if (++turns[who] == 2) break;
    }
    for (int i = 0; i < 10; ++i) {
      if (i != 7) CHECK(turns["m" + std::to_string(i)] >= 1);
    }
  }
}

TEST_CASE("a newcomer's turn comes in this round or the next with the odds of its place") {
  int in_this_round = 0;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    Rng rng(seed);
    Rotation rotation;
    for (int i = 0; i < 9; ++i) rotation.add("m" + std::to_string(i), rng);
    for (int i = 0; i < 5; ++i) rotation.next(rng, anybody);
    rotation.add("late", rng);
    for (int i = 0; i < 4; ++i) in_this_round += *rotation.next(rng, anybody) == "late" ? 1 : 0;
  }
  CHECK(in_this_round > 400 * 3 / 10);  // 4 of 10 places at least, seen within the 4 next turns: about 0.4
  CHECK(in_this_round < 400 * 5 / 10);
}

TEST_CASE("when nobody is wanted it looks at everybody once and gives up") {
  Rng rng(1);
  Rotation rotation;
  CHECK(rotation.next(rng, anybody) == nullptr);
  for (int i = 0; i < 6; ++i) rotation.add("m" + std::to_string(i), rng);
  rotation.next(rng, anybody);
  std::set<std::string> looked_at;
  CHECK(rotation.next(rng, [&](const std::string& who) {
    looked_at.insert(who);
    return false;
  }) == nullptr);
  CHECK(looked_at.size() == 6);
}
