#include "daemon/worker/relay.hpp"

#include <algorithm>

#include "daemon/base/limits.hpp"

namespace ringside::worker {

using Side = TchannelSession::Side;

Relay::Relay(Context& context, Address app, OnIdle on_idle)
    : context_(context), app_(std::move(app)), on_idle_(std::move(on_idle)) {}

// Calls join two connections each: all of them end before the first connection goes.
Relay::~Relay() {
  for (const auto& entry : sessions_) entry.first->drop_calls();
  for (const auto& entry : tunnels_) entry.second->drop_calls();
}

TchannelSession& Relay::add(Side side) {
  auto made = std::make_unique<TchannelSession>(context_, side,
                                                [this](TchannelSession& closed) { on_closed(closed); });
  TchannelSession& session = *made;
  sessions_.emplace(&session, std::move(made));
  count(side, 1);
  return session;
}

void Relay::on_closed(TchannelSession& session) {
  const auto found = sessions_.find(&session);
  if (found == sessions_.end()) return;
  const auto to_peer = std::ranges::find(to_peers_, &session, [](const auto& entry) { return entry.second; });
  if (to_peer != to_peers_.end()) {
    if (context_.peer_lost) context_.peer_lost(to_peer->first.first);
    to_peers_.erase(to_peer);
  }
  std::erase(to_app_, &session);
  count(session.side(), -1);
  context_.turn.bury(std::move(found->second), &session);
  sessions_.erase(found);
  on_idle_();
}

void Relay::count(Side side, int change) {
  auto& metrics = context_.metrics;
  switch (side) {
    case Side::client:
      clients_ += static_cast<std::size_t>(change);
      return metrics.connections_open.add(change);
    case Side::peer: peers_ += static_cast<std::size_t>(change); return metrics.tchannel_links.add(change);
    case Side::owner: return metrics.tchannel_links.add(change);
    case Side::app: return metrics.app_connections.add(change);
  }
}

void Relay::accept_client(net::Socket socket) {
  if (clients_ >= limits::client_connections) return;  // dropping the socket closes it
  context_.metrics.connections_accepted.add();
  add(Side::client).accept(std::move(socket), {});
}

void Relay::accept_peer(net::Socket socket, std::string_view first_bytes) {
  if (peers_ >= limits::peer_connections) return;
  add(Side::peer).accept(std::move(socket), first_bytes);
}

void Relay::accept_peer(net::Stream&& stream) {
  if (peers_ >= limits::peer_connections) return;
  add(Side::peer).accept(std::move(stream));
}

void Relay::take(net::TunnelNews news) {
  auto& tunnel = tunnels_[news.connection];
  if (tunnel == nullptr) tunnel = std::make_unique<Tunnel>(context_);
  if (!news.closed) return tunnel->take(std::move(news));
  tunnel->drop_calls();
  Tunnel* const flushable = tunnel.get();
  context_.turn.bury(std::move(tunnel), flushable);
  tunnels_.erase(news.connection);
}

TchannelSession& Relay::to_peer(const std::string& address, int hop) {
  TchannelSession*& link = to_peers_[{address, hop}];
  if (link == nullptr || !link->takes_calls()) {
    link = &add(Side::owner);
    const auto parsed = parse_address(address);  // checked when the member came in
    link->dial(parsed ? *parsed : Address{}, limits::peer_connect_time, hop);
  }
  return *link;
}

// Calls stay on the connection in front, so that a run of them leaves in one write and is answered in one,
// until another connection has far fewer.
TchannelSession& Relay::to_app() {
  std::erase_if(to_app_, [](const TchannelSession* each) { return !each->takes_calls(); });
  const auto least = std::ranges::min_element(to_app_, {}, &TchannelSession::calls);
  const bool enough = to_app_.size() >= limits::relay_app_connections;
  if (least == to_app_.end() || (!enough && (*least)->calls() >= limits::relay_app_calls)) {
    TchannelSession& made = add(Side::app);
    to_app_.insert(to_app_.begin(), &made);
    made.dial(app_, context_.config.app.connect_timeout, 0);
    return made;
  }
  if (to_app_.front()->calls() >= (*least)->calls() + limits::relay_app_calls)
    std::iter_swap(to_app_.begin(), least);
  return *to_app_.front();
}

void Relay::move_app(Address app) {
  app_ = std::move(app);
  for (TchannelSession* session : std::vector<TchannelSession*>(to_app_)) session->retire();
}

void Relay::forget_absent() {
  std::vector<TchannelSession*> absent;
  const auto& members = context_.view->members;
  for (const auto& [to, link] : to_peers_) {
    const bool member = std::ranges::any_of(members, [&address = to.first](const api::MemberView& m) {
      return m.address == address &&
             (m.status == ringpop::Status::alive || m.status == ringpop::Status::suspect);
    });
    if (!member) absent.push_back(link);
  }
  for (TchannelSession* link : absent) link->retire();
}

void Relay::end_plain(const security::PeerSecurity& security) {
  std::vector<TchannelSession*> plain;
  for (const auto& entry : sessions_)
    if (entry.first->plain()) plain.push_back(entry.first);
  for (TchannelSession* session : plain) {
    if (session->side() == Side::owner && !security.dials_plain) session->retire();
    if (session->side() == Side::peer && !security.takes_plain) session->drain();
  }
}

void Relay::drain() {
  for (const auto& entry : sessions_)
    if (entry.first->side() == Side::client || entry.first->side() == Side::peer) entry.first->drain();
}

}  // namespace ringside::worker
