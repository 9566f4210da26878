// What a worker and the control thread post to each other for /proxy/req, ringpop-node's HTTP inside TChannel
// (proto/spec/forwarding.md). The connections to Ringpop peers carry gossip and belong to the control thread;
// requests and apps belong to the workers.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "daemon/base/time.hpp"
#include "daemon/net/tchannel_link.hpp"
#include "proto/ringpop/proxy.hpp"

namespace ringside::net {

// A worker's request for the app of a ringpop-node.
struct ProxyCall {
  std::string address;
  std::string head, body;  // arg2 and arg3
  Instant deadline;
  CallDone done;  // on the control thread; not called when it is shutting down
};

struct ProxyAnswer {
  std::uint8_t code = 0;  // not 0: the body is a refusal, and the sender may repeat the request
  std::string head, body;
};
[[nodiscard]] ProxyAnswer proxy_refusal(std::string_view type, std::string message);
// The one refusal that comes as a reply: status 429, not to be repeated.
[[nodiscard]] ProxyAnswer proxy_overload(std::string message);

// A ringpop-node's request for our app.
struct ProxiedRequest {
  ringpop::ProxyRequest head;
  std::string body;
  std::string peer;  // who sent it: its address as it announced it
  Instant deadline;
  std::function<void(ProxyAnswer)> done;  // from any thread, once
};

}  // namespace ringside::net
