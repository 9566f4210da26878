// One data thread: accepts clients on every API listener, takes over peers' HTTP/2 links from the control
// thread, and forwards. It shares nothing: a new View comes by post, counters are read by others and written
// here alone.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "daemon/api/view.hpp"
#include "daemon/config/config.hpp"
#include "daemon/net/listener.hpp"
#include "daemon/net/proxy.hpp"
#include "daemon/obs/catalog.hpp"

namespace ringside::worker {

class Worker {
 public:
  // `index` is its place in metrics.workers. Made on the main thread before the threads start.
  // `call_proxy` takes a request for a ringpop-node member to the control thread; called on this worker's.
  Worker(int index, const config::Config&, const obs::Metrics&, std::uint64_t seed, api::ViewPtr first_view,
         std::function<void(net::ProxyCall)> call_proxy);
  ~Worker();  // stops and joins
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void start(std::span<const net::ListeningSocket> listeners);

  // From any thread.
  void set_view(api::ViewPtr);
  void adopt_http2(int fd, std::string first_bytes);  // takes over the descriptor
  void serve_proxied(net::ProxiedRequest);
  // Stops accepting, lets what is under way finish, then calls `done` on this worker's thread.
  void drain(std::function<void()> done);
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ringside::worker
