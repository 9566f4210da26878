// Where a client came in: known when its connection is accepted, and the same for all its requests.
#pragma once

#include <cstdint>
#include <string>

#include "daemon/config/config.hpp"
#include "daemon/worker/api_access.hpp"

namespace ringside::worker {

class WebGuard;

enum class Listener : std::uint8_t {
  api,        // listen.api: the API, and requests for the apps
  ingress,    // listen.ingress: requests for the apps alone
  telemetry,  // listen.telemetry: health pages and metrics alone
};

struct Client {
  Listener listener = Listener::api;
  config::ForwardedFields forwarded =
      config::ForwardedFields::replace;  // what is done with its X-Forwarded-*
  std::string address;                   // "unix" if it has none, "unknown" if nobody says
  bool announced = false;                // a PROXY header stands before all else, and says who it is
  bool secured = false;                  // it speaks TLS
  const WebGuard* guard = nullptr;       // of this listener; none: whoever comes may ask
  const ApiAccess* access = nullptr;     // the same for what may be done; none: everything
  ApiAccess::Caller caller{};
};

// What the options of `ingress` mean for somebody at this address.
Client client_of_ingress(const config::Config&, std::string address);

}  // namespace ringside::worker
