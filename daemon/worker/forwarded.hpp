// X-Forwarded-For, -Proto, -Host and Forwarded (RFC 7239): what an app is told of the way a request came
// before it reached the entry. Pure; the rules are proto/spec/forwarding.md, section "Header fields".
#pragma once

#include <string>
#include <string_view>

#include "daemon/worker/client.hpp"
#include "proto/http/message.hpp"

namespace ringside::worker {

// New values of such fields; must outlive the head that they are put into.
struct ForwardedStore {
  std::string addresses, elements;
};

// With `append`: what came stays, and this client is added to it. Otherwise nothing is changed.
void append_forwarded(http::RequestHead&, const Client&, ForwardedStore& store);

// With `replace` what came has been dropped (take_passport), and the app is told of the client alone: its
// address, and whether it spoke TLS. Both travel in the passport until then.
void put_forwarded(http::RequestHead&, std::string_view address, bool secured);

}  // namespace ringside::worker
