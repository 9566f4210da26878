// Control planes on loopback for tests: all in one io_context, driven until a condition holds.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "daemon/control/control_plane.hpp"
#include "tests/unit/net/tchannel_support.hpp"

namespace ringside::control::test {

using namespace std::chrono_literals;

using net::test::run_until;

inline config::Config quick_config(const std::string& name, std::vector<std::string> seeds = {}) {
  config::Config config;
  config.cluster = "test";
  config.node.name = name;
  config.listen.peer = "127.0.0.1:0";
  config.join.seeds = std::move(seeds);
  config.gossip.period = 50ms;
  config.gossip.ping_timeout = 300ms;
  config.gossip.ping_req_timeout = 600ms;
  config.gossip.suspect_timeout = 500ms;
  config.app.address = "127.0.0.1:1";  // nobody is there, and nobody shall mind
  config.app.health.required = false;
  return config;
}

struct Http2Handover {
  int fd;
  std::string bytes;
};

struct TestNode {
  TestNode(boost::asio::io_context& io, const config::Config& config) {
    plane = std::make_unique<ControlPlane>(
        io, config, all_metrics,
        Hooks{.publish = [this](api::ViewPtr next) { view = std::move(next); },
              .adopt_http2 = [this](int fd, std::string bytes,
                                    std::string) { handovers.push_back({fd, std::move(bytes)}); },
              .exit = [this] { ++exits; }});
    const auto bound = plane->listen();
    if (bound)
      address = bound->to_string();
    else
      error = bound.error();
  }
  [[nodiscard]] std::size_t count(ringpop::Status status) const {
    std::size_t n = 0;
    for (const auto& member : view->members) n += member.status == status ? 1 : 0;
    return n;
  }

  obs::Metrics all_metrics;
  obs::ControlMetrics& metrics = all_metrics.control;
  api::ViewPtr view;
  std::vector<Http2Handover> handovers;
  int exits = 0;
  std::string address;
  std::string error;
  std::unique_ptr<ControlPlane> plane;
};

}  // namespace ringside::control::test
