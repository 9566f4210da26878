#include "daemon/worker/worker.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <unordered_map>
#include <utility>
#include <vector>

#include "daemon/base/limits.hpp"
#include "daemon/net/io_thread.hpp"
#include "daemon/worker/admission.hpp"
#include "daemon/worker/app_links.hpp"
#include "daemon/worker/app_pool.hpp"
#include "daemon/worker/breakers.hpp"
#include "daemon/worker/client_session.hpp"
#include "daemon/worker/http2_server.hpp"
#include "daemon/worker/load.hpp"
#include "daemon/worker/peer_links.hpp"
#include "daemon/worker/proxy_calls.hpp"
#include "daemon/worker/proxy_server.hpp"
#include "daemon/worker/relay.hpp"
#include "daemon/worker/tls_door.hpp"
#include "daemon/worker/waiting_room.hpp"
#include "daemon/worker/watch.hpp"
#include "daemon/worker/web_guard.hpp"

namespace ringside::worker {

struct Worker::State {
  State(int index, const config::Config& config, const obs::Metrics& metrics, std::uint64_t seed,
        ToControl to_control, std::shared_ptr<AppPlaces> app_places)
      : thread("worker/" + std::to_string(index)),
        context(thread.context(), config, metrics, *metrics.workers[static_cast<std::size_t>(index)], seed),
        admission(context, places_of(config, index, std::move(app_places)), static_cast<std::size_t>(index)),
        breakers(context),
        links(context),
        app(context, app_address(config.app)),
        app_links(context, app_address(config.app)),
        proxy(context, std::move(to_control.proxy)),
        relay(context, app_address(config.app), [this] { finish_draining(); }),
        room(context),
        load(seed ^ 1),
        door(context, {.http2 = [this](net::Stream&& stream) { adopt(std::move(stream)); },
                       .calls = [this](net::Stream&& stream) { relay.accept_peer(std::move(stream)); },
                       .gossip = std::move(to_control.gossip)}),
        proxied(context, [this] { finish_draining(); }) {
    context.app = &app;
    context.app_links = &app_links;
    context.admission = &admission;
    context.breakers = &breakers;
    context.peers = &links;
    context.proxy = &proxy;
    context.relay = &relay;
    context.room = &room;
    context.watches = &watches;
    context.load = &load;
    context.gather_stats = std::move(to_control.gather_stats);
    if (!context.gather_stats)
      context.gather_stats = [this](const auto& answer) {
        answer(std::make_shared<const api::Stats>(load.stats()));
      };
    context.app_refused = std::move(to_control.app_refused);
    context.peer_lost = std::move(to_control.peer_lost);
    context.to_control = std::move(to_control.call);
    context.order = std::move(to_control.order);
  }

  static Address app_address(const config::AppSettings& app) {
    auto parsed = parse_address(app.address);
    return parsed ? *parsed : Address{};  // empty when there is no app; otherwise checked when it came in
  }

  static std::shared_ptr<AppPlaces> places_of(const config::Config& config, int index,
                                              std::shared_ptr<AppPlaces> shared) {
    if (shared || config.app.max_concurrency == 0) return shared;
    return std::make_shared<AppPlaces>(config.app.max_concurrency, static_cast<std::size_t>(index) + 1);
  }

  void accept(net::Socket socket, Client client) {
    if (clients.size() + http2_clients.size() >= context.client_limits.connections)
      return;  // dropping the socket closes it
    auto session = std::make_unique<ClientSession>(
        context, std::move(socket), std::move(client),
        [this](ClientSession& closed) { bury(clients, closed); },
        [this](net::Stream&& stream, Client from) { accept_http2(std::move(stream), std::move(from)); });
    clients.emplace(session.get(), std::move(session));
  }

  void accept_http2(net::Stream&& stream, Client client) {
    auto server = std::make_unique<Http2Server>(context, std::move(stream), std::move(client),
                                                [this](Http2Server& closed) { bury(http2_clients, closed); });
    if (context.draining) server->drain();
    http2_clients.emplace(server.get(), std::move(server));
  }

  void adopt(net::Socket socket, std::string_view first_bytes) {
    auto server = std::make_unique<Http2Server>(context, std::move(socket), first_bytes,
                                                [this](Http2Server& closed) { bury(peers, closed); });
    if (context.draining) server->drain();
    peers.emplace(server.get(), std::move(server));
  }

  void adopt(net::Stream&& stream) {
    auto server = std::make_unique<Http2Server>(context, std::move(stream),
                                                [this](Http2Server& closed) { bury(peers, closed); });
    if (context.draining) server->drain();
    peers.emplace(server.get(), std::move(server));
  }

  template <class Session>
  void bury(std::unordered_map<Session*, std::unique_ptr<Session>>& sessions, Session& closed) {
    const auto found = sessions.find(&closed);
    if (found == sessions.end()) return;
    context.turn.bury(std::move(found->second), &closed);
    sessions.erase(found);
    finish_draining();
  }

  void set_view(api::ViewPtr view) {
    if (view->ring != context.view->ring) context.past_rings.note(Clock::now(), context.view->ring);
    if (view->app.required && view->app.state != api::AppState::up) context.past_rings.forget();
    if (view->app_settings.address != context.view->app_settings.address) move_app(*view);
    const bool ring_moved = view->ring != context.view->ring || view->phase != context.view->phase;
    context.view = std::move(view);
    breakers.forget_absent();
    links.forget_absent();
    relay.forget_absent();
    load.forget_absent(*context.view);
    if (ring_moved) {
      const auto waiting = context.waiting;
      for (RingWaiter* each : waiting) each->ring_changed();
      if (context.config.forward.upgrade_on_move == config::UpgradeOnMove::close) {
        const auto upgraded = context.upgraded;
        for (Call* call : upgraded) call->ring_moved();
      }
    }
    room.on_view(ring_moved);
    watches.on_view();
  }

  void move_app(const api::View& view) {
    const Address address = app_address(view.app_settings);
    app.move(address);
    app_links.move(address);
    relay.move_app(address);
  }

  void drain(std::function<void()> done) {
    context.draining = true;
    on_drained = std::move(done);
    for (const auto& acceptor : acceptors) acceptor->take_waiting();
    acceptors.clear();
    app.close_idle();
    watches.end_all();
    std::vector<ClientSession*> open;
    for (const auto& entry : clients) open.push_back(entry.first);
    for (ClientSession* session : open) session->drain();
    for (const auto& entry : http2_clients) entry.first->drain();
    for (const auto& entry : peers) entry.first->drain();
    relay.drain();
    if (context.config.forward.upgrade_on_move == config::UpgradeOnMove::close) {
      const auto upgraded = context.upgraded;
      for (Call* call : upgraded) call->close_upgrade(UpgradeEnd::draining);
    }
    finish_draining();
  }

  // Members' connections that may not be plain any longer: what is under way on them ends well.
  void end_plain() {
    if (!context.security.dials_plain) links.retire_plain();
    relay.end_plain(context.security);
    for (const auto& entry : peers)
      if (entry.first->plain() && !context.security.takes_plain) entry.first->drain();
  }

  void cut(bool all) {
    std::vector<ClientSession*> sessions;
    for (const auto& entry : clients) sessions.push_back(entry.first);
    for (ClientSession* session : sessions) session->cut(all);
    for (const auto* servers : {&http2_clients, &peers})
      for (const auto& entry : *servers) entry.first->cut(all);
  }

  // A peer's link ends when its requests are answered and the GOAWAY has been written: the peer must know
  // what ran.
  void finish_draining() {
    if (on_drained && clients.empty() && http2_clients.empty() && peers.empty() && proxied.idle() &&
        relay.drained())
      std::exchange(on_drained, nullptr)();
  }

  net::IoThread thread;
  Context context;
  Admission admission;
  Breakers breakers;
  PeerLinks links;
  AppPool app;
  AppLinks app_links;
  ProxyCalls proxy;
  Relay relay;
  WaitingRoom room;
  Watches watches;
  Load load;
  TlsDoor door;
  std::vector<std::unique_ptr<const WebGuard>> guards;  // one for each API listener
  std::vector<std::unique_ptr<ApiAccess>> accesses;     // the same
  std::vector<std::unique_ptr<net::Acceptor>> acceptors;
  std::unordered_map<ClientSession*, std::unique_ptr<ClientSession>> clients;
  std::unordered_map<Http2Server*, std::unique_ptr<Http2Server>> http2_clients, peers;
  ProxyServer proxied;
  std::function<void()> on_drained;
};

Worker::Worker(int index, const config::Config& config, const obs::Metrics& metrics, std::uint64_t seed,
               api::ViewPtr first_view, ToControl to_control, std::shared_ptr<AppPlaces> app_places,
               const ClientLimits& client_limits)
    : state_(std::make_unique<State>(index, config, metrics, seed, std::move(to_control),
                                     std::move(app_places))) {
  state_->context.client_limits = client_limits;
  state_->context.self_address = first_view->address;
  state_->context.view = std::move(first_view);
}

Worker::~Worker() {
  state_->thread.stop_and_join();
}

void Worker::start(const Listeners& listeners) {
  State* state = state_.get();
  const auto serve = [state](const net::ListeningSocket& listener, net::Acceptor::OnAccept on_accept) {
    state->acceptors.push_back(
        std::make_unique<net::Acceptor>(state->context.io, listener, std::move(on_accept)));
  };
  for (const auto& listener : listeners.tchannel)
    serve(listener,
          [state](net::Socket socket, const std::string&) { state->relay.accept_client(std::move(socket)); });
  for (const auto& listener : listeners.api) {
    state->guards.push_back(std::make_unique<const WebGuard>(state->context.config, listener.address(),
                                                             state->context.self_address));
    state->accesses.push_back(std::make_unique<ApiAccess>(listener.address()));
    serve(listener, [state, tls = listener.address().tls, guard = state->guards.back().get(),
                     access = state->accesses.back().get()](net::Socket socket, std::string remote) {
      const auto caller = access->caller(socket.native_handle());
      state->accept(std::move(socket), Client{.address = std::move(remote),
                                              .secured = tls,
                                              .guard = guard,
                                              .access = access,
                                              .caller = caller});
    });
  }
  for (const auto& listener : listeners.ingress)
    serve(listener, [state, tls = listener.address().tls](net::Socket socket, std::string remote) {
      Client client = client_of_ingress(state->context.config, std::move(remote));
      client.secured = tls;
      state->accept(std::move(socket), std::move(client));
    });
  for (const auto& listener : listeners.telemetry)
    serve(listener, [state, tls = listener.address().tls](net::Socket socket, std::string remote) {
      state->accept(std::move(socket),
                    Client{.listener = Listener::telemetry, .address = std::move(remote), .secured = tls});
    });
  state_->thread.start();
}

void Worker::set_view(api::ViewPtr view) {
  boost::asio::post(state_->context.io, [state = state_.get(), view = std::move(view)]() mutable {
    state->set_view(std::move(view));
  });
}

void Worker::adopt_http2(int fd, std::string first_bytes) {
  adopt(fd, [state = state_.get(), bytes = std::move(first_bytes)](net::Socket socket) {
    state->adopt(std::move(socket), bytes);
  });
}

void Worker::adopt_tchannel(int fd, std::string first_bytes) {
  adopt(fd, [state = state_.get(), bytes = std::move(first_bytes)](net::Socket socket) {
    state->relay.accept_peer(std::move(socket), bytes);
  });
}

void Worker::adopt_tls(int fd, std::string first_bytes, std::string remote) {
  adopt(fd, [state = state_.get(), bytes = std::move(first_bytes), from = std::move(remote)](
                net::Socket socket) { state->door.enter(std::move(socket), bytes, from); });
}

void Worker::set_security(Security security) {
  boost::asio::post(state_->context.io, [state = state_.get(), security = std::move(security)]() mutable {
    state->context.security = std::move(security.peers);
    state->context.client_tls = std::move(security.clients);
    state->context.app_token = std::move(security.app_token);
    for (auto& access : state->accesses) access->set_tokens(security.tokens);
    state->end_plain();
  });
}

void Worker::adopt(int fd, std::function<void(net::Socket)> taker) {
  boost::asio::post(state_->context.io, [state = state_.get(), fd, taker = std::move(taker)] {
    net::Socket socket(state->context.io.get_executor());
    boost::system::error_code error;
    socket.assign(boost::asio::generic::stream_protocol(AF_INET, 0), fd, error);
    if (error) {
      ::close(fd);
      return;
    }
    socket.non_blocking(true, error);
    if (!error) taker(std::move(socket));
  });
}

void Worker::relay(net::TunnelNews news) {
  boost::asio::post(state_->context.io, [state = state_.get(), news = std::move(news)]() mutable {
    state->relay.take(std::move(news));
  });
}

void Worker::add_stats(std::shared_ptr<api::Stats> sum, std::function<void()> next) {
  boost::asio::post(state_->context.io, [state = state_.get(), sum = std::move(sum), next = std::move(next)] {
    api::add(*sum, state->load.stats());
    next();
  });
}

void Worker::serve_proxied(net::ProxiedRequest request) {
  boost::asio::post(state_->context.io, [state = state_.get(), request = std::move(request)]() mutable {
    state->proxied.serve(std::move(request));
  });
}

void Worker::drain(std::function<void()> done) {
  boost::asio::post(state_->context.io, [state = state_.get(), done = std::move(done)]() mutable {
    state->drain(std::move(done));
  });
}

void Worker::cut(bool all) {
  boost::asio::post(state_->context.io, [state = state_.get(), all] { state->cut(all); });
}

void Worker::stop() {
  state_->thread.stop_and_join();
}

}  // namespace ringside::worker
