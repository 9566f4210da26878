// The control thread's main object: hosts swim::Node, speaks TChannel with the peers, builds the ring and
// publishes a View of it all. Everything here runs on the one io_context given; nothing is locked.
//
// The peer port is shared with HTTP/2: this class accepts on it, looks at the first bytes and hands
// connections that start with the HTTP/2 preface to the workers through Hooks::adopt_http2.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/api/api.hpp"
#include "daemon/api/view.hpp"
#include "daemon/base/address.hpp"
#include "daemon/base/result.hpp"
#include "daemon/config/config.hpp"
#include "daemon/net/incoming_call.hpp"
#include "daemon/net/proxy.hpp"
#include "daemon/net/stream.hpp"
#include "daemon/net/tchannel_tunnel.hpp"
#include "daemon/obs/catalog.hpp"
#include "daemon/security/tls.hpp"
#include "daemon/security/tokens.hpp"

namespace ringside::control {

struct Hooks {
  // A new view, on the control thread; the receiver posts it on to the workers. Called at least once before
  // start() returns, then whenever anything in the view changed.
  std::function<void(api::ViewPtr)> publish;
  // A connected socket whose first bytes (already read, passed along) are HTTP/2's preface. The receiver owns
  // `fd`.
  std::function<void(int fd, std::string first_bytes, std::string remote)> adopt_http2;
  // A request that a ringpop-node forwarded here, for a worker. Empty: /proxy/req is not served.
  std::function<void(net::ProxiedRequest)> serve_proxied = {};
  // The same for a connection of another ringside's worker with TChannel calls.
  std::function<void(int fd, std::string first_bytes)> adopt_calls{};
  // And for one that begins as TLS.
  std::function<void(int fd, std::string first_bytes, std::string remote)> adopt_tls{};
  // Calls for the app that came from a Ringpop peer over the connection it gossips on.
  std::function<void(net::TunnelNews)> relay{};
  // The time to drain is over: what is at the app is to be cut, or with `all` everything.
  std::function<void(bool all)> cut{};
  // Nothing new is to be taken any more; `done`, on the control thread, when no connection is left.
  std::function<void(std::function<void()> done)> depart{};
  // Orders about the configuration: reload, log_level. Answered at once.
  std::function<api::Response(const api::Order&)> settings{};
  // This member's own cluster keys: does it and gives the ids it then has, the first is dialled with. The
  // error is one sentence, and nothing was done.
  std::function<Result<std::vector<std::string>, std::string>(const api::KeyringVerb&)> keyring{};
  // What an app that registers wants, on top of what is configured; the errors are sentences.
  std::function<Result<config::AppSettings, std::vector<std::string>>(const api::AppEntry&)> read_app{};
  std::function<void()> exit{};  // this node has left; nothing is called after it
  // The time to join is over (join.timeout): one sentence. The process is to end, and nothing is called after
  // it.
  std::function<void(const std::string& why)> give_up{};
};

class ControlPlane {
 public:
  // `config.node.name` is not empty any more: app/ has filled in the host name. Writes Metrics::control; the
  // workers' are read for StatsD only.
  ControlPlane(boost::asio::io_context&, const config::Config&, obs::Metrics&, Hooks);
  ~ControlPlane();
  ControlPlane(const ControlPlane&) = delete;
  ControlPlane& operator=(const ControlPlane&) = delete;

  // Binds the peer port (port 0 picks one). The error names address, cause and remedy in one sentence.
  [[nodiscard]] Result<Address, std::string> listen();
  // What the API listeners turned out to be, for the view. Call before start().
  void set_api_listeners(std::vector<std::string>);
  // The configuration in force, for the view; before start(), and when it has changed.
  void set_settings(const config::Config&);
  // The address of a member in the ring that runs Ringpop; empty: none is known. On the control thread.
  [[nodiscard]] std::string ringpop_member() const;
  // How members talk to each other, and what the app is sent; before start(), and when keys, certificates or
  // the token have changed.
  void set_security(security::PeerSecurity, security::AppTokenPtr);
  void start();  // resolves the seeds, joins, gossips
  // Leaves the ring, lets what is under way end and calls Hooks::exit (control/drain.hpp). Already leaving:
  // changes nothing.
  void leave(Millis timeout);
  void hurry();  // what is not done yet is to be cut now
  // What the API was told to do. From any thread, after start(); answered on the control thread.
  void order(api::Order, std::function<void(api::Response)> answer);
  // A worker's request for a ringpop-node member. On the control thread.
  void call_proxy(net::ProxyCall);
  // A peer's connection for gossip from a worker, where its TLS handshake was. From any thread, after
  // start().
  void adopt_gossip(net::Stream::Released, std::string remote);
  // A request found nobody listening at the app's address: look at once. From any thread, after start().
  void app_refused();
  // A connection to another member broke or was refused: look at it at once. From any thread, after start().
  void peer_lost(const std::string& address);
  void stop();  // closes everything; no callback comes after it
  // A call to this node itself that came in on a worker. From any thread, after start().
  void receive(net::IncomingCall);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace ringside::control
