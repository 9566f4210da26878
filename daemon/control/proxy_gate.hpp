// /proxy/req on the connections to Ringpop peers: the control thread's part. What arrives is checked as
// ringpop-node checks it, in its order, and posted to a worker; what a worker sends goes out behind gossip.
// No body is looked into here. Control thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>

#include "daemon/api/view.hpp"
#include "daemon/config/config.hpp"
#include "daemon/net/proxy.hpp"
#include "daemon/net/tchannel_peers.hpp"
#include "daemon/obs/catalog.hpp"

namespace ringside::control {

class ProxyGate {
 public:
  // `serve` takes a request that passed the checks to a worker.
  ProxyGate(boost::asio::io_context&, net::TchannelPeers&, const config::Config&, obs::ControlMetrics&,
            std::function<void(net::ProxiedRequest)> serve);
  ~ProxyGate();  // answers that come later are dropped
  ProxyGate(const ProxyGate&) = delete;
  ProxyGate& operator=(const ProxyGate&) = delete;

  void receive(net::IncomingCall&&, const api::View&);
  void send(net::ProxyCall&&);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace ringside::control
