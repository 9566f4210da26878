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
  auto forwarded = config.ingress.forwarded;
  if (forwarded == config::ForwardedFields::replace &&
      std::any_of(trusted.begin(), trusted.end(), [&](const auto& each) { return holds(each, address); }))
    forwarded = config::ForwardedFields::append;
  return {.listener = Listener::ingress, .forwarded = forwarded, .address = std::move(address)};
}

}  // namespace ringside::worker
