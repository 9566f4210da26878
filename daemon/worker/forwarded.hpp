// X-Forwarded-For, -Proto, -Host and Forwarded (RFC 7239): what an app is told of the way a request came
// before it reached the entry. Pure; the rules are proto/spec/forwarding.md, section "Header fields".
#pragma once

#include <string>

#include "daemon/worker/client.hpp"
#include "proto/http/message.hpp"

namespace ringside::worker {

// New values of such fields; must outlive the head that they are put into.
struct ForwardedStore {
  std::string addresses, elements;
};

// Puts what Client::forwarded asks for into the head of a request that came from this client. With `replace`
// what came must have been dropped already (take_passport).
void put_forwarded(http::RequestHead&, const Client&, ForwardedStore& store);

}  // namespace ringside::worker
