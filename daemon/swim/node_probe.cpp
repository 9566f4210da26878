// Probing: one ping a period, helpers when it fails, a verdict (spec E.3); and the same ping as a favour to
// others.
#include <algorithm>
#include <utility>

#include "daemon/swim/node_state.hpp"

namespace ringside::swim {
namespace {

using namespace std::chrono_literals;

// A member that says "not ready" is alive: it has just started and will gossip soon. To suspect it, as the
// references do, only makes it refute.
bool is_not_ready(const Result<ringpop::Response>& answer) {
  if (!answer) return false;
  const auto* rejection = std::get_if<ringpop::Rejection>(&*answer);
  return rejection != nullptr && rejection->type == "ringpop.not-ready";
}

// A whole list as the answer (spec D.3) names its sender as the source of every row, also of those that only
// the member itself can have declared.
bool is_list(std::span<const ringpop::Change> changes) {
  return std::ranges::any_of(changes, [](const ringpop::Change& change) {
    return change.status == ringpop::Status::alive && change.source != change.address;
  });
}

void measure_issued(std::size_t changes, Outbox& out) {
  out.measures.push_back({Stat::changes_issued, static_cast<std::int64_t>(changes)});
}

}  // namespace

void Node::State::start_period(Now now, Outbox& out) {
  const std::string* target = rotation.next(rng, [&](const std::string& address) {
    return members.pingable(address) || left_watch.wants_ping(now.steady, address);
  });
  if (target == nullptr) {
    end_period(now, out);
    return;
  }
  const Instant due = now.steady + (unheard(now) ? config.ping_timeout_min : health.stretch(ping_wait()));
  const std::uint64_t probe = prober.begin(now.steady, {*target, members.find(*target)->incarnation}, due);
  send_ping(ProbePing{*target, probe, dissemination.mark(), now.steady}, *target, due, out);
}

// Where answers take milliseconds, one that takes half a second is not worth waiting for: helpers are asked
// the sooner. The usual time is that of whole periods, so failures raise it.
Duration Node::State::ping_wait() const {
  const Duration least = std::min(config.ping_timeout_min, config.ping_timeout);
  return std::clamp<Duration>(10 * prober.usual_time(), least, config.ping_timeout);
}

// Cut off, every probe fails, and with patience that takes many seconds each. No helper answers, so nobody is
// accused whatever we do: better to call somebody every second, and be heard as soon as the network is back.
bool Node::State::unheard(Now now) const {
  constexpr auto a_while = 3s;
  return config.ping_timeout_min < config.ping_timeout && now.steady - heard_at > a_while;
}

void Node::State::end_period(Now now, Outbox& out) {
  const bool probed = !prober.resting();
  if (unheard(now))
    prober.end_unheard(now.steady);
  else
    prober.end(now.steady, 1 + health.score());
  if (probed) {
    out.measures.push_back({Stat::period_time, micros(prober.last_time())});
    out.measures.push_back({Stat::period_delay, micros(prober.delay())});
  }
  for (const TicketId ticket : ticks) out.done.push_back({ticket, {}, ""});
  ticks.clear();
}

void Node::State::send_ping(Purpose purpose, const std::string& target, Instant deadline, Outbox& out) {
  std::vector<ringpop::Change> changes = dissemination.all();
  add_buddy(target, changes);
  measure_issued(changes.size(), out);
  call(std::move(purpose), target,
       ringpop::Ping{config.app, members.self(), members.me().incarnation, checksum(), std::move(changes)},
       deadline, out);
}

// A suspect hears of it from whoever pings it, though the news of it has gone round already: it cannot defend
// itself against what it does not know.
void Node::State::add_buddy(const std::string& to, std::vector<ringpop::Change>& changes) const {
  if (!config.lifeguard.buddy) return;
  const Member* member = members.find(to);
  if (member == nullptr || member->status != ringpop::Status::suspect) return;
  const auto told = std::ranges::find(changes, to, &ringpop::Change::address);
  if (told != changes.end()) return;
  changes.push_back(
      {to, member->status, member->incarnation, members.self(), members.me().incarnation, member->labels});
}

// Takes in what a ping brought back. False: there was no good answer, or not of whom we had pinged: at the
// address of one that is gone, or of none that ever was, another member may be found.
bool Node::State::take_ping_answer(Now now, const std::string& target, Dissemination::Mark told,
                                   const Result<ringpop::Response>& answer, Outbox& out) {
  if (is_not_ready(answer)) return true;
  const auto* response = answer ? std::get_if<ringpop::PingResponse>(&*answer) : nullptr;
  if (response == nullptr) return false;
  dissemination.delivered(told);
  apply(now, response->changes, is_list(response->changes) ? Learned::by_list : Learned::by_gossip,
        response->source, out);
  if (response->checksum != checksum()) catch_up.differs(now.steady);
  return response->source.empty() || response->source == target;
}

void Node::State::on_answer(Now now, ProbePing& purpose, const Result<ringpop::Response>& answer,
                            Outbox& out) {
  const bool answered = take_ping_answer(now, purpose.target, purpose.told, answer, out);
  if (answered) out.measures.push_back({Stat::ping_time, micros(now.steady - purpose.sent)});
  if (answered) ping_answered(now, purpose.target, purpose.sent, out);
  if (!prober.pinging(purpose.probe)) return;
  const std::string target = prober.target().address;
  if (answered) {
    left_watch.answered(now.steady, target);
    health.add(-1);
    end_period(now, out);
    return;
  }
  if (sleep_watch.slept_since(purpose.sent)) {  // the answer may have come and gone
    end_period(now, out);
    return;
  }
  out.notices.emplace_back(ProbeFailed{target});
  if (!members.pingable(target)) {  // it stands as `leave`, and that nobody can be suspected of
    end_period(now, out);
    const Member* member = members.find(target);
    if (left_watch.failed(now.steady, target) && member != nullptr)
      declare(now, target, ringpop::Status::tombstone, member->incarnation, out);
    return;
  }
  const Inquest::Found found = found_by(answer);
  if (found != Inquest::Found::silent && hand_to_inquest(now, prober.target(), found, out))
    return end_period(now, out);
  ask_helpers(now, purpose.probe, out);
}

std::vector<const std::string*> Node::State::pick_others(std::string_view but, int most) {
  std::vector<const std::string*> others = members.pingable_but(but);
  std::erase_if(others, [this](const std::string* address) { return unverified.contains(*address); });
  rng.shuffle(std::span(others));
  others.resize(std::min(others.size(), static_cast<std::size_t>(std::max(most, 0))));
  return others;
}

void Node::State::send_ping_req(Purpose purpose, const std::string& helper, const std::string& target,
                                Instant due, Outbox& out) {
  measure_issued(dissemination.size(), out);
  call(std::move(purpose), helper,
       ringpop::PingReq{members.self(), members.me().incarnation, target, checksum(), dissemination.all()},
       due, out);
}

void Node::State::ask_helpers(Now now, std::uint64_t probe, Outbox& out) {
  const std::string& target = prober.target().address;
  const auto helpers = pick_others(target, config.ping_req_size);
  if (helpers.empty()) {
    health.add(1);  // with nobody to ask it may as well be us
    conclude(now, Prober::Outcome::unreachable, out);
    return;
  }
  const Duration wait = unheard(now) ? 2 * config.ping_timeout_min : config.ping_req_timeout;
  const Instant due = now.steady + wait;  // long enough as it is, for who is slow
  prober.ask(helpers.size(), due);
  out.measures.push_back({Stat::helpers_asked, static_cast<std::int64_t>(helpers.size())});
  for (const std::string* helper : helpers)
    send_ping_req(ProbeHelp{probe, *helper, dissemination.mark(), now.steady}, *helper, target, due, out);
}

void Node::State::take_helper_answer(Now now, const std::string& helper, Dissemination::Mark told,
                                     Instant sent, const ringpop::PingReqResponse& response, Outbox& out) {
  dissemination.delivered(told);
  out.measures.push_back({Stat::ping_req_time, micros(now.steady - sent)});
  apply(now, response.changes, is_list(response.changes) ? Learned::by_list : Learned::by_gossip, helper,
        out);
}

void Node::State::on_answer(Now now, ProbeHelp& purpose, const Result<ringpop::Response>& answer,
                            Outbox& out) {
  auto says = Prober::HelperSays::nothing;
  const auto* response = answer ? std::get_if<ringpop::PingReqResponse>(&*answer) : nullptr;
  if (response != nullptr) {
    says = response->ping_status ? Prober::HelperSays::reachable : Prober::HelperSays::unreachable;
    take_helper_answer(now, purpose.helper, purpose.told, purpose.sent, *response, out);
  }
  if (!prober.asking(purpose.probe)) return;  // the verdict is in already
  if (sleep_watch.slept_since(purpose.sent) && says != Prober::HelperSays::reachable)
    says = Prober::HelperSays::nothing;
  const auto outcome = prober.on_helper(says);
  if (!outcome) return;
  // A helper that is not heard of either: perhaps nobody is, and the fault is ours.
  if (*outcome != Prober::Outcome::reachable) health.add(prober.silent_helpers());
  conclude(now, *outcome, out);
}

void Node::State::conclude(Now now, Prober::Outcome outcome, Outbox& out) {
  const Prober::Target target = prober.target();
  end_period(now, out);
  switch (outcome) {
    case Prober::Outcome::reachable: break;
    case Prober::Outcome::inconclusive: out.notices.emplace_back(ProbeInconclusive{target.address}); break;
    case Prober::Outcome::unreachable:
      declare(now, target.address, ringpop::Status::suspect, target.incarnation, out);
      break;
  }
}

// A failed ping here never marks the target: that is for the one who asked (spec B.1). It wants to know
// whether the target's machine refuses us; a connection that broke may have been an old one, so we look
// again.
void Node::State::on_answer(Now now, PingForOther& purpose, const Result<ringpop::Response>& answer,
                            Outbox& out) {
  const bool answered = take_ping_answer(now, purpose.target, purpose.told, answer, out);
  if (answered) out.measures.push_back({Stat::ping_for_other_time, micros(now.steady - purpose.sent)});
  if (answered) ping_answered(now, purpose.target, purpose.sent, out);
  if (!answered && sleep_watch.slept_since(purpose.sent)) {  // better no witness than a false one
    out.replies.push_back({purpose.asked, ringpop::Rejection{"error", "the helper was not running"}});
    return;
  }
  const Inquest::Found found = answered ? Inquest::Found::alive : found_by(answer);
  if (found == Inquest::Found::lost && config.proof_of_death && !std::exchange(purpose.again, true)) {
    purpose.told = dissemination.mark();
    purpose.sent = now.steady;
    const std::string target = purpose.target;
    return send_ping(std::move(purpose), target, now.steady + config.ping_timeout, out);
  }
  const bool refused = found == Inquest::Found::refused && config.proof_of_death;
  Answer reply =
      answer_to(now, purpose.requester, purpose.requester_incarnation, purpose.requester_checksum, out);
  out.replies.push_back(
      {purpose.asked, ringpop::PingReqResponse{std::move(reply.changes), answered, purpose.target, refused}});
}

void Node::State::ping_newcomers(Now now, Outbox& out) {
  while (const auto address = unverified.take(now.steady)) {
    if (members.pingable(*address))
      send_ping(NewcomerPing{*address, dissemination.mark(), now.steady}, *address, now.steady + ping_wait(),
                out);
    else
      not_reached(now, *address, out);
  }
}

// Its silence accuses nobody: it may be starting, and the rotation comes to it too.
void Node::State::on_answer(Now now, NewcomerPing& purpose, const Result<ringpop::Response>& answer,
                            Outbox& out) {
  if (!take_ping_answer(now, purpose.address, purpose.told, answer, out))
    return not_reached(now, purpose.address, out);
  out.measures.push_back({Stat::ping_time, micros(now.steady - purpose.sent)});
  ping_answered(now, purpose.address, purpose.sent, out);
}

void Node::State::tell_at_once(Now now, Outbox& out) {
  urgent.take(now.steady);
  for (const std::string* address : pick_others("", config.death_fanout))
    send_ping(UrgentPing{*address, dissemination.mark(), now.steady}, *address, now.steady + ping_wait(),
              out);
}

// Who does not answer hears of it by gossip, and is accused by none: that is for the rotation.
void Node::State::on_answer(Now now, UrgentPing& purpose, const Result<ringpop::Response>& answer,
                            Outbox& out) {
  if (!take_ping_answer(now, purpose.address, purpose.told, answer, out)) return;
  out.measures.push_back({Stat::ping_time, micros(now.steady - purpose.sent)});
  ping_answered(now, purpose.address, purpose.sent, out);
}

void Node::State::ping_answered(Now now, const std::string& address, Instant sent, Outbox& out) {
  if (!sleep_watch.slept_since(sent)) members.measured(address, now.steady - sent);
  reached(now, address, out);
}

void Node::State::not_reached(Now now, const std::string& address, Outbox& out) {
  unverified.failed(now.steady, address);
  give_up_place(address, out);
}

// Whether this newcomer lives has been found: nobody has to hold a place for it any longer.
void Node::State::give_up_place(std::string_view newcomer, Outbox& out) {
  const auto at = places.find(newcomer);
  if (at == places.end()) return;
  if (members.give_up_places(at->second)) out.notices.emplace_back(RingInputChanged{});
  places.erase(at);
}

void Node::State::reached(Now now, const std::string& address, Outbox& out) {
  if (!unverified.remove(now.steady, address)) return;
  give_up_place(address, out);
  if (members.verify(address)) out.notices.emplace_back(RingInputChanged{});
  if (!ready || config.name.empty()) return;
  // It may have yielded to us by the time we know that it is there: then that is all there is to say of it.
  const Member* member = members.find(address);
  const bool has_yielded = member != nullptr && member->status == ringpop::Status::leave &&
                           address != members.self() && name_of(address, member->labels) == config.name;
  if (has_yielded) out.notices.emplace_back(NameConflict{config.name, members.self(), address});
  meet_namesake(now, address, out);
}

}  // namespace ringside::swim
