// Whole control planes over real sockets: they find each other, agree, notice a death, leave.
#include "daemon/control/control_plane.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "tests/unit/control/control_support.hpp"

namespace ringside::control::test {
namespace {

using api::Phase;
using ringpop::Status;

struct Cluster {
  boost::asio::io_context io{1};
  std::vector<std::unique_ptr<TestNode>> nodes;

  TestNode& add(const config::Config& config) {
    nodes.push_back(std::make_unique<TestNode>(io, config));
    REQUIRE(nodes.back()->error.empty());
    nodes.back()->plane->start();
    REQUIRE(nodes.back()->view != nullptr);
    return *nodes.back();
  }
  // Each seeded with the first one.
  void start(int count) {
    for (int i = 0; i < count; ++i)
      add(quick_config("node-" + std::to_string(i), i == 0
                                                        ? std::vector<std::string>{}
                                                        : std::vector<std::string>{nodes.front()->address}));
  }
  [[nodiscard]] bool agree(std::size_t alive) const {
    return std::all_of(nodes.begin(), nodes.end(), [&](const auto& node) {
      return node->view->phase == Phase::ready && node->count(Status::alive) == alive &&
             node->view->membership_checksum == nodes.front()->view->membership_checksum &&
             node->view->ring->checksum() == nodes.front()->view->ring->checksum();
    });
  }
};

TEST_CASE("three control planes agree on members, ring and owners within three seconds") {
  Cluster cluster;
  cluster.start(3);
  REQUIRE(run_until(cluster.io, [&] { return cluster.agree(3); }, 3s));
  for (int i = 0; i < 200; ++i) {
    const std::string key = "key-" + std::to_string(i);
    const auto owner = [&](const TestNode& node) {
      return node.view->ring->server(*node.view->ring->owner(key)).name;
    };
    CHECK(owner(*cluster.nodes[0]) == owner(*cluster.nodes[1]));
    CHECK(owner(*cluster.nodes[0]) == owner(*cluster.nodes[2]));
  }
}

TEST_CASE("the others drop a control plane that died, and keep each other") {
  Cluster cluster;
  cluster.start(3);
  REQUIRE(run_until(cluster.io, [&] { return cluster.agree(3); }, 5s));
  cluster.nodes.pop_back();
  REQUIRE(run_until(
      cluster.io,
      [&] {
        return cluster.agree(2) &&
               std::all_of(cluster.nodes.begin(), cluster.nodes.end(),
                           [](const auto& node) { return node->count(Status::faulty) == 1; });
      },
      5s));
  CHECK(cluster.nodes[0]->view->ring->servers().size() == 2);
}

}  // namespace
}  // namespace ringside::control::test
