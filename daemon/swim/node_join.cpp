// Joining through the seeds, and the right to our name once we are in.
//
// Names: a node that comes back under its name at another address finds its old self in the list. It declares
// that one faulty at its incarnation. If the old one is dead, that is all. If it lives it refutes, and then
// two live members use one name: both say so, and the one with the lower incarnation leaves the ring until
// the other is gone.
#include <algorithm>
#include <tuple>

#include "daemon/swim/checksum.hpp"
#include "daemon/swim/node_state.hpp"

namespace ringside::swim {

void Node::State::join(Now now, std::span<const std::string> seeds, Outbox& out) {
  // Once we know others, gossip finds everybody they know; seeds are for those who are alone.
  if (ready && members.living_count() > 0) return;
  if (!join_began) join_began = now.steady;
  joiner.set_seeds(now.steady, members.self(), seeds);
  if (joiner.next_deadline() <= now.steady) ask_seeds(now, out);
  if (!joiner.active() && !ready) become_ready(now, 0, out);
}

void Node::State::ask_seeds(Now now, Outbox& out) {
  for (const std::string& seed : joiner.take_group(rng)) {
    call(JoinSeed{seed}, seed, ringpop::Join{config.app, members.self(), members.me().incarnation},
         now.steady + config.join_timeout, out);
  }
}

// Whoever speaks to us is alive and of our cluster; while we look for one, that is a seed as good as any.
void Node::State::offer_to_joiner(Now now, const std::string& peer) {
  if (dialable(peer)) joiner.offer(now.steady, members.self(), peer, config.members_max);
}

void Node::State::on_answer(Now now, JoinSeed& purpose, const Result<ringpop::Response>& answer,
                            Outbox& out) {
  std::string error;
  if (!answer) {
    error = purpose.seed + ": " + answer.error().message();
  } else if (const auto* rejection = std::get_if<ringpop::Rejection>(&*answer)) {
    if (rejection->type == "ringpop.self-join") {
      take_step(now, joiner.on_own_address(now.steady, rng, purpose.seed), out);
      return;
    }
    error = purpose.seed + ": " + rejection->message;
  } else if (const auto* response = std::get_if<ringpop::JoinResponse>(&*answer)) {
    note_dialect(purpose.seed, *response, out);
    learn_own_score(*response);
    apply(now, response->membership, Learned::by_join, purpose.seed, out);
  } else {
    error = purpose.seed + ": not an answer to a join";
  }
  take_step(now, joiner.on_answer(now.steady, rng, purpose.seed, std::move(error)), out);
}

// A cluster in which two dialects are spoken converges all the same, but every ping without news ends in a
// full sync (spec F.1). A list without a checksum, or with labels that a ringpop-node relay has lost, says
// nothing.
void Node::State::note_dialect(const std::string& peer, const ringpop::JoinResponse& response, Outbox& out) {
  if (response.membership_checksum == 0 || other_dialect.size() >= config.members_max) return;
  std::vector<ChecksumLine> lines;
  lines.reserve(response.membership.size());
  for (const ringpop::Change& row : response.membership)
    lines.push_back({row.address, {row.status, row.incarnation, label_checksum(row.labels)}});
  const bool ours_is_go = config.checksum == ChecksumDialect::go;
  const auto of = [&](ChecksumDialect dialect) { return checksum_of(lines, dialect); };
  const bool differs =
      of(config.checksum) != response.membership_checksum &&
      of(ours_is_go ? ChecksumDialect::node : ChecksumDialect::go) == response.membership_checksum;
  if (differs && other_dialect.insert(peer).second) out.notices.emplace_back(OtherDialect{peer, !ours_is_go});
}

void Node::State::take_step(Now now, const Joiner::Step& step, Outbox& out) {
  if (step.round) {
    first_round_done = true;
    out.measures.push_back({Stat::join_rounds, ++join_rounds});
    out.notices.emplace_back(*step.round);
  }
  if (step.complete) become_ready(now, step.joined, out);
}

void Node::State::become_ready(Now now, int joined, Outbox& out) {
  out.notices.emplace_back(JoinComplete{joined});
  if (ready) return;  // we had been alone and have found others
  ready = true;
  out.measures.push_back({Stat::join_time, micros(now.steady - join_began.value_or(now.steady))});
  catch_up.start(now.steady);
  heal_clock.start(now.steady);
  const auto first =
      static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(config.period.count()) + 1));
  prober.start(now.steady + Millis(first));
  for (const std::string& address : namesakes()) meet_namesake(now, address, out);
  recall_own_score(now, out);
}

void Node::State::ask_for_list(Now now, Outbox& out) {
  catch_up.take();
  const auto others = members.pingable_but("");
  if (others.empty()) return;
  const std::string& peer = *others[rng.below(others.size())];
  call(CatchUpList{peer}, peer, ringpop::Join{config.app, members.self(), members.me().incarnation},
       now.steady + config.join_timeout, out);
}

// Without an answer nothing is lost: gossip gets there too, later.
void Node::State::on_answer(Now now, CatchUpList& purpose, const Result<ringpop::Response>& answer,
                            Outbox& out) {
  const auto* response = answer ? std::get_if<ringpop::JoinResponse>(&*answer) : nullptr;
  if (response == nullptr) return;
  note_dialect(purpose.peer, *response, out);
  apply(now, response->membership, Learned::by_join, purpose.peer, out);
}

std::vector<std::string> Node::State::namesakes() const {
  std::vector<std::string> found;
  if (config.name.empty()) return found;
  for (const auto& [address, member] : members.rows()) {
    if (address != members.self() && in_ring(member) && name_of(address, member.labels) == config.name)
      found.push_back(address);
  }
  return found;
}

void Node::State::meet_namesake(Now now, const std::string& address, Outbox& out) {
  const Member* other = members.find(address);
  const bool is_one = other != nullptr && address != members.self() && in_ring(*other) &&
                      name_of(address, other->labels) == config.name;
  if (!is_one || !reachable(members.me().status)) return;
  const std::int64_t incarnation = other->incarnation;
  const auto last = met.find(address);
  const bool is_new = last == met.end();
  if (!is_new && last->second >= incarnation) return;  // nothing new of it
  met[address] = incarnation;

  // Refuting what a newcomer said of us has raised our own incarnation: what we began with tells our past.
  const bool is_past = std::tie(incarnation, address) < std::tie(born, members.self());
  const bool other_is_later =
      std::tie(incarnation, address) > std::tie(members.me().incarnation, members.self());
  if (is_new && is_past) {  // most likely
    declare(now, address, ringpop::Status::faulty, incarnation, out);
    return;
  }
  out.notices.emplace_back(NameConflict{config.name, members.self(), address});
  if (!other_is_later) return;  // it lives, and will find that it has to go
  if (is_new) {                 // it takes us for dead: say that we live, and it will find the same
    set_self(now, members.me().status, incarnation, out);
  } else {
    yielded = true;
    set_self(now, ringpop::Status::leave, incarnation, out);
  }
}

void Node::State::come_back_if_alone_with_name(Now now, Outbox& out) {
  if (!yielded || !namesakes().empty()) return;
  yielded = false;
  settle_self(now, out);
}

}  // namespace ringside::swim
