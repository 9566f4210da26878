#include "daemon/worker/client.hpp"

#include <algorithm>

#include "daemon/base/network.hpp"

namespace ringside::worker {
namespace {

// The texts were checked when the configuration was loaded.
bool holds(const std::string& network, const std::string& address) {
  return network == address || (network != "unix" && Network::parse(network)->contains(address));
}

}  // namespace

Client client_of_ingress(const config::Config& config, std::string address) {
  const auto& trusted = config.ingress.trusted;
  const bool is_trusted =
      std::any_of(trusted.begin(), trusted.end(), [&](const auto& each) { return holds(each, address); });
  auto forwarded = config.ingress.forwarded;
  if (forwarded == config::ForwardedFields::replace && is_trusted)
    forwarded = config::ForwardedFields::append;
  return {.listener = Listener::ingress,
          .forwarded = forwarded,
          .address = std::move(address),
          .announced = config.ingress.proxy_protocol && is_trusted};
}

}  // namespace ringside::worker
