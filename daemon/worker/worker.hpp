// One data thread: accepts clients on every API, ingress, TChannel and telemetry listener, takes over peers'
// links from the control thread, and forwards. It shares nothing: a new View comes by post, counters are read
// by others and written here alone.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "daemon/api/api.hpp"
#include "daemon/api/stats.hpp"
#include "daemon/api/view.hpp"
#include "daemon/config/config.hpp"
#include "daemon/net/incoming_call.hpp"
#include "daemon/net/listener.hpp"
#include "daemon/net/proxy.hpp"
#include "daemon/net/stream.hpp"
#include "daemon/net/tchannel_tunnel.hpp"
#include "daemon/obs/catalog.hpp"
#include "daemon/security/tls.hpp"
#include "daemon/security/tokens.hpp"
#include "daemon/worker/app_places.hpp"
#include "daemon/worker/client_limits.hpp"

namespace ringside::worker {

class Worker {
 public:
  // What the control thread does for this one; called on the worker's thread, answered on any.
  struct ToControl {
    std::function<void(net::ProxyCall)> proxy{};          // a request for a ringpop-node member
    std::function<void(net::IncomingCall)> call{};        // a TChannel call to this node itself
    std::function<void()> app_refused{};                  // nobody listens at the app's address: look at it
    std::function<void(const std::string&)> peer_lost{};  // a connection to that member broke or failed
    // Sums up the load of all workers (add_stats()); the answer may come on any of their threads. Empty: this
    // one has no others beside it.
    std::function<void(std::function<void(std::shared_ptr<const api::Stats>)>)> gather_stats{};
    // A peer's connection for gossip that came in through TLS; the receiver owns its descriptor.
    std::function<void(net::Stream::Released, std::string remote)> gossip{};
    // What a page of the API was told to do; answered on control's thread.
    std::function<void(api::Order, std::function<void(api::Response)>)> order{};
  };
  // `index` is its place in metrics.workers. Made on the main thread before the threads start.
  // `app_places`: shared by all workers; without it this one has app.max_concurrency for itself.
  Worker(int index, const config::Config&, const obs::Metrics&, std::uint64_t seed, api::ViewPtr first_view,
         ToControl, std::shared_ptr<AppPlaces> app_places = nullptr, const ClientLimits& = {});
  ~Worker();  // stops and joins
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  struct Listeners {
    std::span<const net::ListeningSocket> api{}, ingress{}, tchannel{}, telemetry{};
  };
  void start(const Listeners&);

  // From any thread.
  void set_view(api::ViewPtr);
  void adopt_http2(int fd, std::string first_bytes);     // takes over the descriptor
  void adopt_tchannel(int fd, std::string first_bytes);  // of another ringside, for calls; the same
  void adopt_tls(int fd, std::string first_bytes, std::string remote);  // of who knows: TlsDoor finds out
  // Before start(), and when keys, certificates or tokens have changed. `clients`: for the listeners that
  // speak TLS. No tokens: none are asked for, and the app is sent none.
  struct Security {
    security::PeerSecurity peers{};
    security::TlsPtr clients{};
    security::TokensPtr tokens{};
    security::AppTokenPtr app_token{};
  };
  void set_security(Security);
  void relay(net::TunnelNews);
  void serve_proxied(net::ProxiedRequest);
  // Adds this one's load, then calls `next` on this worker's thread.
  void add_stats(std::shared_ptr<api::Stats>, std::function<void()> next);
  // Stops accepting, lets what is under way finish, then calls `done` on this worker's thread.
  void drain(std::function<void()> done);
  // Ends the requests that are at this node's app, or with `all` every one; with a reason where there is room
  // for it.
  void cut(bool all);
  void stop();

 private:
  void adopt(int fd, std::function<void(net::Socket)> taker);
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ringside::worker
