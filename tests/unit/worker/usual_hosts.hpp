// The usual hosts of the data plane's tests: one that owns everything, and two that agree.
#pragma once

#include <string>
#include <vector>

#include "tests/unit/worker/host.hpp"

namespace ringside::test {

// One host that owns everything.
struct Alone {
  explicit Alone(std::string app_address) : host("a", std::move(app_address)) {
    host.open();
    host.start({host.server()});
  }
  Host host;
};

inline std::string key_owned_by(const std::vector<ring::Server>& servers, const ring::Server& owner) {
  const auto ring = ring::build(servers, 100, 1);
  for (int i = 0;; ++i) {
    std::string key = "k" + std::to_string(i);
    if (ring->server(*ring->owner(key)) == owner) return key;
  }
}

// Two hosts that agree on who owns what.
struct Pair {
  Pair(const ScriptedApp& app_a, const ScriptedApp& app_b)
      : a("a", app_a.address()), b("b", app_b.address()) {
    a.open();
    b.open();
    both = {a.server(), b.server()};
    a.start(both);
    b.start(both);
  }
  [[nodiscard]] std::string key_of(const Host& owner) const { return key_owned_by(both, owner.server()); }
  Host a, b;
  std::vector<ring::Server> both;
};

}  // namespace ringside::test
