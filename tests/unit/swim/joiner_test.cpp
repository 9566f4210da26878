// Groups, rounds and back-off of joining (spec E.4).
#include "daemon/swim/joiner.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace ringside;
using namespace ringside::swim;
using namespace std::chrono_literals;

namespace {

const std::string self = "10.0.0.1:7601";

std::vector<std::string> hosts(int n) {
  std::vector<std::string> all;
  for (int i = 0; i < n; ++i) all.push_back("10.0.1." + std::to_string(i) + ":7601");
  return all;
}

}  // namespace

TEST_CASE("a group is join_size times the parallelism, and three answers complete the join") {
  Rng rng(1);
  Joiner joiner{Config{}};
  joiner.set_seeds(Instant{}, self, hosts(20));
  REQUIRE(joiner.next_deadline() == Instant{});
  const auto group = joiner.take_group(rng);
  REQUIRE(group.size() == 6);
  CHECK(std::set<std::string>(group.begin(), group.end()).size() == 6);
  CHECK(!joiner.on_answer(Instant{}, rng, group[0], "").complete);
  CHECK(!joiner.on_answer(Instant{}, rng, group[1], "").complete);
  CHECK(!joiner.on_answer(Instant{}, rng, group[2], "refused").complete);
  const auto step = joiner.on_answer(Instant{}, rng, group[3], "");
  CHECK(step.complete);
  CHECK(step.joined == 3);
  REQUIRE(step.round);
  CHECK(step.round->failed == 1);
  CHECK(step.round->last_error == "refused");
  CHECK(!joiner.active());
  CHECK(!joiner.on_answer(Instant{}, rng, group[4], "").complete);  // too late to matter
}

TEST_CASE("other machines are asked before our own") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Rng rng(seed);
    Joiner joiner{Config{}};
    auto seeds = hosts(3);
    for (int port = 1; port <= 10; ++port) seeds.push_back("10.0.0.1:" + std::to_string(port));
    joiner.set_seeds(Instant{}, self, seeds);
    const auto group = joiner.take_group(rng);
    REQUIRE(group.size() == 6);
    for (int i = 0; i < 3; ++i) CHECK(group[static_cast<std::size_t>(i)].starts_with("10.0.1."));
    for (int i = 3; i < 6; ++i) CHECK(group[static_cast<std::size_t>(i)].starts_with("10.0.0.1:"));
  }
}

TEST_CASE("it never gives up, and the back-off grows to its cap") {
  Rng rng(4);
  Config config;
  Joiner joiner{config};
  joiner.set_seeds(Instant{}, self, hosts(2));
  Instant now{};
  Millis cap{0};
  for (int round = 0; round < 40; ++round) {
    const auto group = joiner.take_group(rng);
    REQUIRE(group.size() == 2);
    CHECK(!joiner.on_answer(now, rng, group[0], "no").round);
    const auto step = joiner.on_answer(now, rng, group[1], "no");
    REQUIRE(step.round);
    CHECK(step.round->asked == 2);
    CHECK(step.round->joined == 0);
    CHECK(!step.complete);
    const Millis next_cap = cap == 0ms ? config.join_backoff_min : std::min(2 * cap, config.join_backoff_max);
    CHECK(joiner.next_deadline() - now >= cap);
    CHECK(joiner.next_deadline() - now <= next_cap);
    CHECK(joiner.next_deadline() > now);
    now = joiner.next_deadline();
    cap = next_cap;
  }
  CHECK(cap == config.join_backoff_max);
}

TEST_CASE("a whole round with one answer is enough: a dead seed keeps nobody out") {
  Rng rng(1);
  Joiner joiner{Config{}};
  joiner.set_seeds(Instant{}, self, hosts(2));
  joiner.take_group(rng);
  CHECK(!joiner.on_answer(Instant{}, rng, "10.0.1.0:7601", "").complete);
  CHECK(joiner.on_answer(Instant{}, rng, "10.0.1.1:7601", "dead").complete);
}

TEST_CASE("all of a long list are tried before any is tried again") {
  Rng rng(9);
  Joiner joiner{Config{}};
  joiner.set_seeds(Instant{}, self, hosts(20));
  std::set<std::string> asked;
  for (int i = 0; i < 4; ++i) {
    for (const auto& seed : joiner.take_group(rng)) {
      CHECK(asked.insert(seed).second);
      const bool round_over = joiner.on_answer(Instant{}, rng, seed, "no").round.has_value();
      CHECK(round_over == (asked.size() == 20));
    }
  }
  CHECK(asked.size() == 20);
}

TEST_CASE("a new list replaces the old one at once; the same list again changes nothing") {
  Rng rng(1);
  Joiner joiner{Config{}};
  joiner.set_seeds(Instant{}, self, hosts(1));
  joiner.take_group(rng);
  joiner.on_answer(Instant{}, rng, "10.0.1.0:7601", "no");
  const Instant due = joiner.next_deadline();
  joiner.set_seeds(Instant{} + 1ms, self, hosts(1));
  CHECK(joiner.next_deadline() == due);

  joiner.set_seeds(Instant{} + 2ms, self, std::vector<std::string>{"10.0.2.2:1", "10.0.2.2:1", self});
  CHECK(joiner.next_deadline() == Instant{} + 2ms);
  CHECK(joiner.take_group(rng) == std::vector<std::string>{"10.0.2.2:1"});
  // The seed under way is taken off the list: its answer counts no more, and the list is asked.
  joiner.set_seeds(Instant{} + 3ms, self, hosts(1));
  CHECK(joiner.next_deadline() == Instant{} + 3ms);
  CHECK(!joiner.on_answer(Instant{} + 3ms, rng, "10.0.2.2:1", "").complete);
}

TEST_CASE("a list that shrinks to seeds that have answered is asked again; one under way stays so") {
  Rng rng(1);
  Joiner joiner{Config{}};
  joiner.set_seeds(Instant{}, self, hosts(3));
  joiner.take_group(rng);
  joiner.on_answer(Instant{}, rng, "10.0.1.0:7601", "");
  joiner.set_seeds(Instant{}, self, hosts(1));
  CHECK(joiner.take_group(rng) == hosts(1));
  joiner.set_seeds(Instant{}, self, hosts(2));
  CHECK(joiner.next_deadline() == never);
  CHECK(!joiner.on_answer(Instant{}, rng, "10.0.1.0:7601", "").complete);
  CHECK(joiner.take_group(rng) == std::vector<std::string>{"10.0.1.1:7601"});
  CHECK(joiner.on_answer(Instant{}, rng, "10.0.1.1:7601", "").complete);
}

TEST_CASE("alone: no seeds, only our own address, or a seed that turns out to be us") {
  Rng rng(1);
  Joiner joiner{Config{}};
  joiner.set_seeds(Instant{}, self, {});
  CHECK(!joiner.active());
  joiner.set_seeds(Instant{}, self, std::vector<std::string>{self});
  CHECK(!joiner.active());
  joiner.set_seeds(Instant{}, self, std::vector<std::string>{"127.0.0.1:7601"});
  joiner.take_group(rng);
  CHECK(joiner.on_own_address(Instant{}, rng, "127.0.0.1:7601").complete);
}

TEST_CASE("somebody who speaks to us while we wait is asked at once") {
  Rng rng(1);
  Joiner joiner{Config{}};
  joiner.offer(Instant{}, self, "10.0.1.5:7601", 10);
  CHECK(!joiner.active());  // we have not been told to join
  joiner.set_seeds(Instant{}, self, hosts(1));
  joiner.take_group(rng);
  joiner.on_answer(Instant{}, rng, "10.0.1.0:7601", "no");
  joiner.offer(Instant{} + 1ms, self, "10.0.1.5:7601", 10);
  CHECK(joiner.next_deadline() == Instant{} + 1ms);
  const auto group = joiner.take_group(rng);
  CHECK(std::find(group.begin(), group.end(), "10.0.1.5:7601") != group.end());

  Joiner full{Config{}};
  full.set_seeds(Instant{}, self, hosts(1));
  full.take_group(rng);
  full.on_answer(Instant{}, rng, "10.0.1.0:7601", "no");
  const Instant due = full.next_deadline();
  full.offer(Instant{}, self, "10.0.1.5:7601", 1);  // the list has its cap
  CHECK(full.next_deadline() == due);
}
