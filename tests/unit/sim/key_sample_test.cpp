// The owners of sampled keys are those of a ring built for the view.
#include "daemon/sim/key_sample.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "daemon/base/rng.hpp"

using namespace ringside;

TEST_CASE("whatever a view knows of the servers, a key's owner in it is the one of its ring") {
  constexpr std::size_t keys = 50, count = 20;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    Rng rng(seed);
    sim::KeySample sample(keys, 100);
    std::vector<ring::Server> servers;
    for (std::size_t i = 0; i < count; ++i) {
      servers.push_back({"node-" + std::to_string(i),
                         "10.0.0." + std::to_string(rng.below(200)) + ":" + std::to_string(7000 + i),
                         1 + static_cast<int>(rng.below(3))});
      sample.add(servers.back());
    }
    std::vector<bool> known(count);
    std::vector<ring::Server> view;
    for (std::size_t i = 0; i < count; ++i) {
      known[i] = rng.below(3) > 0;
      if (known[i]) view.push_back(servers[i]);
    }
    const auto ring = ring::build(view, 100, 1);
    for (std::size_t key = 0; key < keys; ++key) {
      const auto owner = sample.owner(key, [&](std::size_t server) { return known[server]; });
      REQUIRE(owner);
      CHECK(servers[*owner].name == ring->server(*ring->owner("key-" + std::to_string(key))).name);
    }
  }
  CHECK_FALSE(sim::KeySample(1, 100).owner(0, [](std::size_t) { return true; }));
}
