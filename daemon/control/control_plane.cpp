// The shell around swim::Node: see control_plane.hpp for what it does, step() for how.
#include "daemon/control/control_plane.hpp"

#include <malloc.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <fstream>
#include <utility>

#include "daemon/api/ringpop_admin.hpp"
#include "daemon/api/ringpop_command.hpp"
#include "daemon/base/limits.hpp"
#include "daemon/base/network.hpp"
#include "daemon/base/text.hpp"
#include "daemon/config/swim_config.hpp"
#include "daemon/control/advertise.hpp"
#include "daemon/control/control_plane_state.hpp"
#include "daemon/obs/log.hpp"
#include "daemon/obs/notice_log.hpp"
#include "proto/ringpop/codec.hpp"

namespace ringside::control {
namespace {

using obs::Level;

constexpr auto quiet_between_complaints = std::chrono::seconds(1);

std::uint64_t rss_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

void ControlPlane::State::on_notice(const swim::Notice& notice) {
  obs::note(notice, metrics);
  if (std::holds_alternative<swim::RingInputChanged>(notice)) ring_changed = true;
  if (std::holds_alternative<swim::HealDue>(notice)) admin->heal_by_itself();
  publish_soon();
}

void ControlPlane::State::on_done(const swim::Done& done) {
  if (done.ticket == eviction_ticket)
    evicted = true;
  else
    admin->on_done(done);
}

void ControlPlane::State::on_app() {
  const bool absent = app->app().state == api::AppState::none && !config.ring.without_app;
  const auto place = absent ? swim::App::none : app->has_place() ? swim::App::ready : swim::App::down;
  if (!drain.leaving())
    step([&](swim::Node& core, Now time, swim::Outbox& out) { core.set_app(time, place, out); });
  publish_soon();
}

void ControlPlane::State::rearm() {
  const Instant next = node->next_deadline();
  if (next == armed_for) return;
  armed_for = next;
  if (next == never) {
    swim_timer.cancel();
    return;
  }
  swim_timer.expires_at(next);
  swim_timer.async_wait([self = shared_from_this()](boost::system::error_code aborted) {
    if (aborted || self->stopped) return;
    self->armed_for = never;
    self->step([](swim::Node& core, Now time, swim::Outbox& out) { core.on_deadline(time, out); });
  });
}

void ControlPlane::State::publish_soon() {
  if (publish_posted) return;
  publish_posted = true;
  boost::asio::post(io, [self = shared_from_this()] {
    self->publish_posted = false;
    if (!self->stopped) self->publish();
  });
}

void ControlPlane::State::publish() {
  view = view_maker.make(*node,
                         {drain.view(), seeds && seeds->looked_up(), std::exchange(ring_changed, false),
                          kinds, app->app(), view_made = Clock::now()},
                         metrics);
  if (statsd) statsd->on_ring(view->ring);
  tracer->on_view(now().wall, *view);
  webhooks->on_view(view);
  hooks.publish(view);
  meet_strangers();
  keep_members();
}

// All that may be there after a restart: the given up too, for after a power cut those are the others.
void ControlPlane::State::keep_members() {
  if (!members_keeper->keeps()) return;
  std::vector<std::string> others;
  for (const auto& member : view->members)
    if (!member.self && member.status != ringpop::Status::tombstone) others.push_back(member.address);
  members_keeper->keep(std::move(others));
}

// Beside Ringpop nodes it matters what each member is, before the first request for it: those whose turn to
// be pinged has not come yet are dialled. Each one met makes a new view, and that dials the next.
void ControlPlane::State::meet_strangers() {
  if (!kinds.full() && !kinds.any_ringpop()) return;
  std::vector<std::string> members;
  for (const auto& member : view->members)
    if (!member.self && member.status == ringpop::Status::alive) members.push_back(member.address);
  if (kinds.full()) kinds.keep_only(members);
  for (const auto& address : kinds.strangers(members, limits::strangers_dialled)) peers->meet(address);
}

net::TchannelOptions ControlPlane::State::tchannel_options() const {
  net::TchannelOptions options;
  options.host_port = self;
  options.process_name = "ringside[" + std::to_string(::getpid()) + "]";
  options.version = RINGSIDE_VERSION;
  return options;
}

Result<Address, std::string> ControlPlane::State::listen() {
  const auto address = parse_address(config.listen.peer);
  if (!address) return "cannot listen on '" + config.listen.peer + "' (listen.peer): " + address.error();
  auto opened = net::ListeningSocket::open(*address, "listen.peer");
  if (!opened) return std::move(opened).error();
  listening.emplace(std::move(*opened));
  auto advertised = advertised_address(config.advertise, listening->address(), config.join.seeds);
  if (!advertised) return std::move(advertised).error();
  self = advertised->to_string();
  members_keeper = std::make_unique<MembersKeeper>(io, config.node.data_dir, config.cluster, metrics);
  auto told = Webhooks::open(io, config, metrics);
  if (!told) return std::move(told).error();
  webhooks = std::move(*told);
  if (StatsdExporter::wanted(config)) {
    statsd.emplace(io, config, self, all_metrics);
    if (auto ready = statsd->open(); !ready) return std::move(ready).error();
  }
  return listening->address();
}

// The core and everything that feeds it. The callbacks may hold `this`: each part makes none after stop().
void ControlPlane::State::assemble() {
  node.emplace(self, config::swim_config(config), Rng(random_bits()), now());
  peers.emplace(
      io, tchannel_options(), limits::peer_connections,
      net::TchannelPeers::Events{.call = [this](net::IncomingCall call) { dispatch(std::move(call)); },
                                 .met = [this](const net::TchannelIdentity& peer) { on_met(peer); },
                                 .misbehaved = [this](const std::string& peer,
                                                      const std::string& what) { on_misbehaved(peer, what); },
                                 .foreign = hooks.relay,
                                 .turned_away = [this] { metrics.connections_too_many.add(); },
                                 .lost = [this](const std::string& address) { on_lost(address); },
                                 .name_of = [this](const std::string& address) { return name_of(address); }});
  proxy.emplace(io, *peers, config, metrics, hooks.serve_proxied);
  transport.emplace(
      *peers, metrics,
      [this](ReplyId id, const ringpop::Request& request) {
        if (statsd) statsd->add(obs::ringpop_stat(request));
        step([&](swim::Node& core, Now time, swim::Outbox& out) { core.on_request(time, id, request, out); });
      },
      [this](CallId id, Result<ringpop::Response> response) {
        step([&](swim::Node& core, Now time, swim::Outbox& out) {
          core.on_response(time, id, std::move(response), out);
        });
      },
      [this](const std::string& address) { return name_of(address); },
      [this](const std::string& peer, const std::string& what) { on_misbehaved(peer, what); });
  tracer.emplace(*peers, self);
  admin.emplace(Admin::Host{.step = [this](const auto& input) { step(input); },
                            .look_up_seeds = [this](auto answer) { seeds->ask(std::move(answer)); },
                            .reload_seeds = [this](const std::string& file,
                                                   auto answer) { seeds->reload(file, std::move(answer)); },
                            .view = [this] { return view; },
                            .config = config,
                            .traces = tracer->store(),
                            .draining = [this] { return drain.active(); },
                            .has_place = [this] { return has_place(); }});
  orders.emplace(io, Orders::Host{.admin = *admin, .peers = *peers, .view = [this] {
                                    publish();
                                    return view;
                                  }});
  if (hooks.keyring)
    keyring.emplace(KeyringOrders::Host{.peers = *peers,
                                        .kinds = kinds,
                                        .view =
                                            [this] {
                                              publish();
                                              return view;
                                            },
                                        .own = hooks.keyring});
  app.emplace(io, config.app, metrics, [this] { on_app(); });
}

void ControlPlane::State::start() {
  assemble();
  if (!has_place())
    obs::log(Level::info, "no_app",
             {{"meaning", "this node is a member but owns no keys"},
              {"remedy", "set app.address to give it an app"}});
  port.emplace(io, *listening, limits::peer_connections, limits::tchannel_init_time,
               PeerPort::Events{
                   .allows = [this](const std::string& remote) { return allows(remote); },
                   .tchannel =
                       [this](net::Socket socket, const std::string& first_bytes, const std::string& remote) {
                         peers->adopt(std::move(socket), first_bytes, remote);
                       },
                   .http2 = hooks.adopt_http2,
                   .calls = hooks.adopt_calls,
                   .tls = hooks.adopt_tls,
                   .turned_away = [this](PeerPort::TurnedAway why,
                                         const std::string& peer) { on_turned_away(why, peer); }});
  use_security();
  seeds.emplace(io, config.join.seeds, members_keeper->remembered(), Rng(random_bits()), self,
                config.join.refresh, [this](const std::vector<std::string>& addresses) { join(addresses); });
  app->start();
  seeds->start();
  limit_join();
  publish();
}

void ControlPlane::State::limit_join() {
  const Millis limit = config.join.timeout;
  if (limit == Millis::zero()) return;
  join_timer.expires_after(limit);
  join_timer.async_wait([self = shared_from_this(), limit](boost::system::error_code aborted) {
    if (aborted || self->stopped || self->drain.active()) return;
    self->publish();
    const auto& wanted = self->config.join.seeds;
    const bool joined = self->node->ready() && self->seeds->names_somebody();
    const bool alone = !wanted.empty() && !joined && self->view->members.size() <= 1;
    if (self->view->phase == api::Phase::ready && !alone) return;
    const std::string why =
        alone ? "none of the " + std::to_string(wanted.size()) + " seeds (join.seeds) has answered"
              : self->view->phase_reason;
    if (const auto give_up = std::exchange(self->hooks.give_up, nullptr))
      give_up("not joined within " + print_duration(limit) + " (join.timeout): " + why);
  });
}

void ControlPlane::State::join(const std::vector<std::string>& addresses) {
  step([&](swim::Node& core, Now time, swim::Outbox& out) { core.join(time, addresses, out); });
  publish_soon();
}

void ControlPlane::State::dispatch(net::IncomingCall call) {
  const auto& request = call.request;
  if (request.service == ringpop::service) {
    if (SwimTransport::serves(request.arg1)) {
      if (loses_from(call)) return;
      // Of a worker's connection, which is for calls, nobody looks at whose gossip comes over it.
      if (call.secured || call.local || security.takes_plain) return transport->receive(std::move(call));
      on_misbehaved(call.peer, "it gossips on a connection for calls");
      return call.responder.answer(
          1, rejection_body("ringside.not-its-name", "gossip is taken on connections of its own"));
    }
    if (request.arg1 == ringpop::proxy_endpoint && hooks.serve_proxied)
      return proxy->receive(std::move(call), *view);
    if (request.arg3.size() > limits::tchannel_tool_bytes) {  // as a tree, JSON takes many times its size
      metrics.gossip_errors.add();
      return call.responder.answer(1, rejection_body("ringside.bad-request", "the body is too large"));
    }
    const Instant began = Clock::now();
    if (const auto answer = api::answer_ringpop_admin(request.arg1, request.arg3, *view,
                                                      [this] { return ringpop_stats(); })) {
      if (statsd && request.arg1 == "/admin/lookup") statsd->on_lookup(Clock::now() - began);
      return call.responder.answer(answer->ok ? 0 : 1, answer->body);
    }
    if (const auto command = api::ringpop_command(request.arg1)) {
      // Where members have to prove themselves, none of them may order another one about.
      if (security.tls && !call.local && api::changes_something(*command))
        return call.responder.answer(
            1, rejection_body("ringside.forbidden",
                              "with TLS between members, orders are taken on listen.tchannel alone"));
      return admin->run(*command, std::move(call));
    }
  }
  if (keyring && request.service == net::ringside_service && request.arg1 == api::keyring_endpoint)
    return keyring->receive(call);
  call.responder.fail(tchannel::ErrorCode::bad_request, "no handler for service \"" + request.service +
                                                            "\" and method \"" + request.arg1 + "\"");
}

void ControlPlane::State::on_misbehaved(const std::string& peer, const std::string& what) {
  metrics.gossip_errors.add();
  if (Clock::now() - complained < quiet_between_complaints) return;  // counted all the same
  complained = Clock::now();
  obs::log(Level::warn, "peer_misbehaved", {{"peer", peer}, {"cause", what}});
}

// By post: a connection breaks in the middle of whatever was being done with it.
void ControlPlane::State::on_lost(const std::string& address) {
  boost::asio::post(io, [self = shared_from_this(), address] {
    if (self->stopped) return;
    self->step(
        [&](swim::Node& core, Now time, swim::Outbox& out) { core.connection_lost(time, address, out); });
  });
}

std::string ControlPlane::State::name_of(const std::string& address) const {
  if (!view) return {};
  for (const auto& member : view->members)  // one without a name has its address instead
    if (member.address == address && member.name != address) return member.name;
  return {};
}

void ControlPlane::State::use_security() {
  if (!port) return;
  port->take(security.takes_plain, security.tls != nullptr && hooks.adopt_tls);
  peers->set_security(security);
  app->use_token(app_token);
}

bool ControlPlane::State::allows(const std::string& remote) const {
  const auto& networks = config.security.allow_cidrs;  // checked when the configuration was loaded
  return networks.empty() || std::ranges::any_of(networks, [&](const std::string& text) {
           return Network::parse(text)->contains(remote);
         });
}

void ControlPlane::State::on_turned_away(PeerPort::TurnedAway why, const std::string& peer) {
  using Why = PeerPort::TurnedAway;
  const char* event = nullptr;
  std::string cause, remedy;
  switch (why) {
    case Why::stranger:
      metrics.connections_strangers.add();
      event = "stranger_refused";
      cause = "it is in none of the networks of security.allow_cidrs";
      remedy = "if it is a member, add its network there";
      break;
    case Why::too_many: return metrics.connections_too_many.add();
    case Why::silent: return metrics.connections_silent.add();
    case Why::plain:
      metrics.connections_plain.add();
      event = "plain_peer_refused";
      cause = "it speaks no TLS, and this member takes nothing else";
      remedy =
          "give it the same security.cluster_key_file; while a cluster moves, security.tls.plain: accept "
          "here";
      break;
    case Why::tls:
      metrics.connections_tls.add();
      event = "tls_peer_refused";
      cause = "it speaks TLS, and this member has no key for it";
      remedy = "give this member the same security.cluster_key_file";
      break;
  }
  if (Clock::now() - complained < quiet_between_complaints) return;  // counted all the same
  complained = Clock::now();
  obs::log(Level::warn, event, {{"peer", peer}, {"cause", cause}, {"remedy", remedy}});
}

void ControlPlane::State::adopt_gossip(net::Stream::Released connection, const std::string& remote) {
  net::Socket socket(io.get_executor());
  boost::system::error_code error;
  socket.assign(boost::asio::generic::stream_protocol(AF_INET, 0), connection.fd, error);
  if (error) {
    ::close(connection.fd);
    return;
  }
  if (!stopped) peers->adopt(std::move(socket), connection.bytes, remote, std::move(connection.tls));
}

api::RingpopStats ControlPlane::State::ringpop_stats() const {
  api::RingpopStats stats;
  for (const auto& row : node->members())
    stats.members.push_back(
        {row.name, row.address, row.status, row.incarnation, row.labels.list(), row.address == self});
  stats.checksum = node->checksum();
  stats.period = config.gossip.period;
  stats.period_times.assign(node->period_times().begin(), node->period_times().end());
  stats.calls_sent = metrics.pings_sent.value() + metrics.ping_reqs_sent.value();
  stats.calls_received =
      metrics.joins_received.value() + metrics.pings_received.value() + metrics.ping_reqs_received.value();
  stats.rss_bytes = rss_bytes();
  const auto heap = ::mallinfo2();
  stats.heap_bytes = heap.arena + heap.hblkhd;
  stats.heap_used_bytes = heap.uordblks + heap.hblkhd;
  stats.now = now().wall;
  return stats;
}

void ControlPlane::State::on_met(const net::TchannelIdentity& peer) {
  if (kinds.learn(peer)) publish_soon();
  const bool fits = config.ring.identity == config::Identity::address && config.node.labels.empty();
  if (peer.host_port.empty()) return;  // it only calls, and is no member
  if (fits || peer.language != "node" || node_peers_named.size() >= limits::node_peers_named) return;
  if (!node_peers_named.insert(peer.host_port).second) return;
  obs::log(
      Level::error, "ringpop_node_peer",
      {{"peer", peer.host_port},
       {"cause", "a ringpop-node member hashes addresses and drops labels, this node uses names or labels"},
       {"meaning", "the two disagree on the owners of keys"},
       {"remedy", "run the whole cluster with ring.identity: address and without node.labels"}});
}

void ControlPlane::State::stop() {
  if (std::exchange(stopped, true)) return;
  swim_timer.cancel();
  join_timer.cancel();
  drain_timer.cancel();
  app.reset();
  orders.reset();
  keyring.reset();
  seeds.reset();
  members_keeper.reset();
  statsd.reset();
  webhooks.reset();
  port.reset();
  if (peers) peers->close();
  listening.reset();
}

ControlPlane::ControlPlane(boost::asio::io_context& io, const config::Config& config, obs::Metrics& metrics,
                           Hooks hooks)
    : state_(std::make_shared<State>(io, config, metrics, std::move(hooks))) {}

ControlPlane::~ControlPlane() {
  stop();
}

Result<Address, std::string> ControlPlane::listen() {
  return state_->listen();
}

void ControlPlane::set_api_listeners(std::vector<std::string> listeners) {
  state_->view_maker.set_api_listeners(std::move(listeners));
}

void ControlPlane::set_settings(const config::Config& in_force) {
  state_->view_maker.set_settings(in_force);
  if (state_->view && !state_->stopped) state_->publish();
}

std::string ControlPlane::ringpop_member() const {
  if (!state_->view) return {};
  const api::MemberView* member = api::ringpop_member(*state_->view);
  return member == nullptr ? "" : member->address;
}

void ControlPlane::set_security(security::PeerSecurity security, security::AppTokenPtr app_token) {
  state_->security = std::move(security);
  state_->app_token = std::move(app_token);
  state_->use_security();
}

void ControlPlane::adopt_gossip(net::Stream::Released connection, std::string remote) {
  boost::asio::post(
      state_->io, [state = state_, connection = std::move(connection), remote = std::move(remote)]() mutable {
        state->adopt_gossip(std::move(connection), remote);
      });
}

void ControlPlane::start() {
  state_->start();
}

void ControlPlane::leave(Millis timeout) {
  state_->leave(timeout);
}

void ControlPlane::hurry() {
  state_->drain.hurry(now());
}

void ControlPlane::order(api::Order order, std::function<void(api::Response)> answer) {
  boost::asio::post(state_->io, [state = state_, order = std::move(order), answer = std::move(answer)] {
    if (!state->stopped) state->order(order, answer);
  });
}

void ControlPlane::call_proxy(net::ProxyCall call) {
  if (state_->proxy && !state_->stopped) state_->proxy->send(std::move(call));
}

void ControlPlane::receive(net::IncomingCall call) {
  boost::asio::post(state_->io, [state = state_, call = std::move(call)]() mutable {
    if (!state->stopped) state->dispatch(std::move(call));
  });
}

void ControlPlane::app_refused() {
  boost::asio::post(state_->io, [state = state_] {
    if (!state->stopped) state->app->refused();
  });
}

void ControlPlane::peer_lost(const std::string& address) {
  state_->on_lost(address);
}

void ControlPlane::stop() {
  state_->stop();
}

}  // namespace ringside::control
