// Bringing partitions together (healer.hpp): for each target a join to see its list, then one ping that
// carries what it has to know. Several looks may be under way at once; each is told apart by its number.
#include <algorithm>

#include "daemon/swim/node_state.hpp"

namespace ringside::swim {
namespace {

constexpr std::size_t looks_max = 4;  // at once

std::string why(const std::string& target, const Result<ringpop::Response>& answer) {
  if (!answer) return target + ": " + answer.error().message();
  const auto* rejection = std::get_if<ringpop::Rejection>(&*answer);
  return target + ": " + (rejection != nullptr ? rejection->message : "not the answer that was asked for");
}

}  // namespace

void Node::State::consider_heal(Now now, Outbox& out) {
  if (heal_clock.take(now.steady, members.living_count() + 1, rng)) out.notices.emplace_back(HealDue{});
}

void Node::State::start_heal(Now now, std::optional<TicketId> ticket, std::span<const std::string> hosts,
                             Outbox& out) {
  out.measures.push_back({Stat::heal_started});
  heal_clock.saw_hosts(hosts.size());
  if (!ready || heals.size() >= looks_max) {
    if (ticket) out.done.push_back({*ticket, {}, ready ? "too many heals are under way" : "not joined yet"});
    return;
  }
  std::vector<std::string> wanted(hosts.begin(), hosts.end());
  if (heal_clock.lonely()) {  // who is gone may not be among the seeds
    for (const auto& [address, member] : members.rows())
      if (member.status == ringpop::Status::faulty) wanted.push_back(address);
  }
  const std::uint64_t number = ++last_heal;
  heals.emplace(number, RunningHeal{Heal(members, wanted, config.heal_failures_max, rng), ticket});
  next_heal_target(now, number, out);
}

void Node::State::next_heal_target(Now now, std::uint64_t number, Outbox& out) {
  const auto at = heals.find(number);
  const std::string target = at->second.heal.take_target();
  if (!target.empty()) {
    out.measures.push_back({Stat::heal_attempted});
    call(HealJoin{number, target}, target,
         ringpop::Join{config.app, members.self(), members.me().incarnation},
         now.steady + config.join_timeout, out);
    return;
  }
  const Heal& heal = at->second.heal;
  if (!heal.targets_reached().empty() || heal.failures() > 0)
    out.notices.emplace_back(HealEnded{heal.targets_reached().size(), heal.failures(), heal.last_error()});
  if (at->second.ticket) out.done.push_back({*at->second.ticket, heal.targets_reached(), ""});
  heals.erase(at);
}

void Node::State::on_answer(Now now, HealJoin& purpose, const Result<ringpop::Response>& answer,
                            Outbox& out) {
  Heal& heal = heals.at(purpose.heal).heal;
  const auto* response = answer ? std::get_if<ringpop::JoinResponse>(&*answer) : nullptr;
  if (response == nullptr) {
    heal.failed(why(purpose.target, answer));
    return next_heal_target(now, purpose.heal, out);
  }
  note_dialect(purpose.target, *response, out);
  heal.reached(purpose.target, response->membership);

  std::vector<ringpop::Change> tell;
  const Repair first = repair(members, response->membership);
  if (first.needed()) {
    heal_clock.repaired(now.steady);
    apply(now, first.for_us, Learned::by_gossip, purpose.target, out);
    tell = first.for_them;
  } else {
    apply(now, response->membership, Learned::by_list, purpose.target, out);
    tell = members.as_changes();
  }
  if (tell.empty()) return next_heal_target(now, purpose.heal, out);
  // Beside the disseminator: it is for the target alone and uses up nobody's turn.
  call(HealPing{purpose.heal, purpose.target}, purpose.target,
       ringpop::Ping{config.app, members.self(), members.me().incarnation, checksum(), std::move(tell)},
       now.steady + config.ping_timeout, out);
}

// What the target had to say in return comes by gossip.
void Node::State::on_answer(Now now, HealPing& purpose, const Result<ringpop::Response>& answer,
                            Outbox& out) {
  if (!answer || !std::holds_alternative<ringpop::PingResponse>(*answer))
    heals.at(purpose.heal).heal.failed(why(purpose.target, answer));
  next_heal_target(now, purpose.heal, out);
}

}  // namespace ringside::swim
