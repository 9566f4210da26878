// Where a request on the ingress listener belongs, decided: the rules of the listener and its routes in one
// function, for the workers that obey it and for `ringside route` that explains it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/routes/table.hpp"

namespace ringside::routes {

struct Decision {
  enum class Kind : std::uint8_t {
    key,          // to the owner of `text`
    local,        // to this node's app
    random,       // to any node's app
    server,       // OPTIONS *: about no resource, so for no app; answered here
    wrong_host,   // refused, and `text` says why
    missing_key,  // the same
    bad_key,      // the same
  };
  Kind kind = Kind::key;
  const Entry* entry = nullptr;  // the route that took it; none: the header's key, or nothing
  std::string text{};
};

// `hosts`: those of ingress.hosts. A request that one of the routes takes has the key that this route says,
// whatever its Ringside-Key says: who may not choose the path's meaning may not choose the owner. The header
// counts where no route matches. Replaces what is in `out`, whose memory is used again.
void decide(const http::RequestHead&, const std::vector<std::string>& hosts, const Table&, Decision& out);

// "route 2 (/users/{id}/**)"
std::string name_of(const Entry&);

}  // namespace ringside::routes
