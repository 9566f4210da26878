// The usual hosts of the TChannel tests: one that owns everything, and two that agree.
#pragma once

#include <catch2/catch.hpp>
#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/unit/worker/host.hpp"
#include "tests/unit/worker/usual_hosts.hpp"

namespace ringside::test {

struct TchannelHost : Host {
  TchannelHost(std::string name, std::string app_address) : Host(std::move(name), std::move(app_address)) {
    config.app.protocol = config::AppProtocol::tchannel;
    open();
  }
};

struct TchannelAlone {
  explicit TchannelAlone(std::string app_address) : host("a", std::move(app_address)) {
    host.start({host.server()});
  }
  TchannelHost host;
};

struct TchannelPair {
  TchannelPair(const std::string& app_a, const std::string& app_b) : a("a", app_a), b("b", app_b) {
    both = {a.server(), b.server()};
    a.start(both);
    b.start(both);
  }
  [[nodiscard]] std::string key_of(const Host& owner) const { return key_owned_by(both, owner.server()); }
  TchannelHost a, b;
  std::vector<ring::Server> both;
};

// Waits for a counter that another thread moves.
template <class Condition>
void eventually(Condition condition) {
  for (int i = 0; i < 5000 && !condition(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  CHECK(condition());
}

}  // namespace ringside::test
