// What a ControlPlane consists of, and step(), through which every input of the core goes. Split over
// control_plane.cpp (start, connections, views, the end), control_plane_drain.cpp (the orders of the API, and
// leaving in two phases) and control_plane_self.cpp (what it says of itself, and its app, changed while it
// runs). Control thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/api/self_orders.hpp"
#include "daemon/base/limits.hpp"
#include "daemon/control/admin.hpp"
#include "daemon/control/app_watch.hpp"
#include "daemon/control/control_plane.hpp"
#include "daemon/control/drain.hpp"
#include "daemon/control/keyring_orders.hpp"
#include "daemon/control/members_keeper.hpp"
#include "daemon/control/orders.hpp"
#include "daemon/control/peer_kinds.hpp"
#include "daemon/control/peer_port.hpp"
#include "daemon/control/proxy_gate.hpp"
#include "daemon/control/seed_keeper.hpp"
#include "daemon/control/statsd_exporter.hpp"
#include "daemon/control/swim_transport.hpp"
#include "daemon/control/tracer.hpp"
#include "daemon/control/view_maker.hpp"
#include "daemon/control/webhooks.hpp"
#include "daemon/net/tchannel_peers.hpp"
#include "daemon/swim/node.hpp"

namespace ringside::control {

inline constexpr TicketId eviction_ticket{0};  // the tools' tickets start at 1

inline Now now() {
  return {Clock::now(), std::chrono::floor<Millis>(std::chrono::system_clock::now())};
}

inline std::uint64_t random_bits() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

struct ControlPlane::State : std::enable_shared_from_this<State> {
  State(boost::asio::io_context& context, const config::Config& c, obs::Metrics& m, Hooks h)
      : io(context),
        config(c),
        words{c.node.labels, c.node.weight},
        all_metrics(m),
        metrics(m.control),
        hooks(std::move(h)),
        view_maker(c, random_bits()),
        swim_timer(context),
        join_timer(context),
        drain({c.drain.notice, limits::leave_periods * c.gossip.period, c.drain.app_first}),
        drain_timer(context) {}

  Result<Address, std::string> listen();
  void assemble();
  void start();
  void order(const api::Order&, const std::function<void(api::Response)>& answer);
  [[nodiscard]] api::Response change_self(const api::SelfPatch&);
  [[nodiscard]] api::Response register_app(const api::AppEntry&);
  [[nodiscard]] api::Response forget_app();
  [[nodiscard]] api::Response change_faults(const api::Order&);
  [[nodiscard]] bool loses_from(const net::IncomingCall&) const;  // on purpose
  void move_app(std::string id, config::AppSettings);
  void start_drain(Millis timeout);
  void cancel_drain();
  void leave(Millis timeout);
  void look_after_drain();
  void take(Drain::Step);
  [[nodiscard]] Drain::Seen drain_seen() const;
  void stop();

  template <class Input>
  void step(Input&& input);
  void on_notice(const swim::Notice&);
  void on_done(const swim::Done&);
  void on_app();
  void rearm();
  void publish_soon();
  void publish();

  void dispatch(net::IncomingCall);
  [[nodiscard]] api::RingpopStats ringpop_stats() const;
  void on_met(const net::TchannelIdentity&);
  void meet_strangers();
  void on_misbehaved(const std::string& peer, const std::string& what);
  void on_lost(const std::string& address);
  void join(const std::vector<std::string>& addresses);
  void limit_join();
  void use_security();
  [[nodiscard]] std::string name_of(const std::string& address) const;
  [[nodiscard]] bool allows(const std::string& remote) const;
  void on_turned_away(PeerPort::TurnedAway, const std::string& peer);
  void adopt_gossip(net::Stream::Released, const std::string& remote);
  void keep_members();
  [[nodiscard]] net::TchannelOptions tchannel_options() const;
  // Whether this member may own keys.
  [[nodiscard]] bool has_place() const { return !app->settings().address.empty() || config.ring.without_app; }

  boost::asio::io_context& io;
  const config::Config config;
  api::Words words;  // of this moment
  FaultsPtr faults;  // the same
  obs::Metrics& all_metrics;
  obs::ControlMetrics& metrics;
  Hooks hooks;
  ViewMaker view_maker;

  std::optional<net::ListeningSocket> listening;
  std::string self;
  security::PeerSecurity security;
  std::optional<swim::Node> node;
  std::optional<net::TchannelPeers> peers;
  std::optional<SwimTransport> transport;
  std::optional<ProxyGate> proxy;
  std::optional<PeerPort> port;
  std::unique_ptr<MembersKeeper> members_keeper;
  std::optional<SeedKeeper> seeds;
  std::optional<Tracer> tracer;
  std::optional<Admin> admin;
  std::optional<Orders> orders;
  std::optional<KeyringOrders> keyring;
  std::optional<AppWatch> app;
  security::AppTokenPtr app_token;       // that it is sent; null: none
  std::optional<StatsdExporter> statsd;  // when the options ask for it
  std::unique_ptr<Webhooks> webhooks;

  swim::Outbox outbox;  // reused: no allocation in the steady state
  boost::asio::steady_timer swim_timer, join_timer;
  Instant armed_for = never;
  bool publish_posted = false;
  bool ring_changed = true;
  api::ViewPtr view;
  Instant view_made{};

  Drain drain;
  boost::asio::steady_timer drain_timer;
  bool evicted = false;        // by ourselves, and the others were told
  bool workers_empty = false;  // while departing
  bool stopped = false;

  Instant complained{};
  PeerKinds kinds;
  std::set<std::string> node_peers_named;
};

// Every input of the core goes through here: pure step, then its consequences.
template <class Input>
void ControlPlane::State::step(Input&& input) {
  outbox.clear();
  input(*node, now(), outbox);
  if (statsd) statsd->on_step(outbox, node->checksum());
  for (auto& send : outbox.sends) transport->send(std::move(send));
  for (auto& reply : outbox.replies) transport->reply(std::move(reply));
  for (const auto& notice : outbox.notices) on_notice(notice);
  for (const auto& done : outbox.done) on_done(done);
  metrics.tchannel_connections.set(static_cast<std::int64_t>(peers->connections()));
  if (view && Clock::now() - view_made >= limits::view_time) publish_soon();
  rearm();
}

}  // namespace ringside::control
