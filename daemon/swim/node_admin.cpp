// What operators and Ringpop's tools ask of a node: gossip stopped, started or run for one period, the faulty
// forgotten, this node evicted by itself.
#include <algorithm>

#include "daemon/swim/node_state.hpp"

namespace ringside::swim {

void Node::State::tick(Now now, TicketId ticket, Outbox& out) {
  if (!ready) {
    out.done.push_back({ticket, {}, "not joined yet"});
    return;
  }
  ticks.push_back(ticket);
  if (prober.resting()) start_period(now, out);
}

std::size_t Node::State::reap(Now now, Outbox& out) {
  std::vector<ringpop::Change> tombstones;
  for (const auto& [address, member] : members.rows()) {
    if (member.status != ringpop::Status::faulty || address == members.self()) continue;
    tombstones.push_back({address, ringpop::Status::tombstone, member.incarnation, members.self(),
                          members.me().incarnation, member.labels});
  }
  for (const ringpop::Change& tombstone : tombstones)
    declare(now, tombstone.address, tombstone.status, tombstone.incarnation, out);
  return tombstones.size();
}

void Node::State::evict(Now now, const std::string& address, Outbox& out) {
  const Member* member = members.find(address);
  if (member == nullptr || address == members.self()) return;
  declare(now, address, ringpop::Status::tombstone, member->incarnation, out);
}

void Node::State::evict_self(Now now, TicketId ticket, Outbox& out) {
  if (eviction) {
    out.done.push_back({ticket, {}, "this node is evicting itself already"});
    return;
  }
  yielded = damped = false;
  reuse_at = never;
  set_self(now, ringpop::Status::faulty, 0, out);
  eviction = Eviction{ticket, now.steady};
  std::vector<const std::string*> told;
  for (const auto& [address, member] : members.rows())
    if (members.pingable(address)) told.push_back(&address);
  rng.shuffle(std::span(told));
  const std::size_t share = (told.size() * static_cast<std::size_t>(config.evict_ping_percent) + 99) / 100;
  told.resize(std::min({told.size(), share, static_cast<std::size_t>(dissemination.limit())}));
  eviction->unanswered = told.size();
  for (const std::string* address : told)
    send_ping(EvictionPing{*address, dissemination.mark()}, *address, now.steady + config.ping_timeout, out);
  if (told.empty()) end_eviction(now, out);
}

void Node::State::on_answer(Now now, EvictionPing& purpose, const Result<ringpop::Response>& answer,
                            Outbox& out) {
  take_ping_answer(now, purpose.address, purpose.told, answer, out);
  if (--eviction->unanswered == 0) end_eviction(now, out);
}

void Node::State::end_eviction(Now now, Outbox& out) {
  out.measures.push_back({Stat::self_eviction_time, micros(now.steady - eviction->began)});
  out.done.push_back({eviction->ticket, {}, ""});
  eviction.reset();
}

}  // namespace ringside::swim
