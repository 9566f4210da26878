// Probing: one ping a period, helpers when it fails, a verdict (spec E.3); and the same ping as a favour to
// others.
#include <algorithm>

#include "daemon/swim/node_state.hpp"

namespace ringside::swim {
namespace {

// A member that says "not ready" is alive: it has just started and will gossip soon. To suspect it, as the
// references do, only makes it refute.
bool is_not_ready(const Result<ringpop::Response>& answer) {
  if (!answer) return false;
  const auto* rejection = std::get_if<ringpop::Rejection>(&*answer);
  return rejection != nullptr && rejection->type == "ringpop.not-ready";
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
  const std::uint64_t probe = prober.begin(now.steady, {*target, members.find(*target)->incarnation});
  send_ping(ProbePing{probe, dissemination.mark(), now.steady}, *target, now, out);
}

void Node::State::end_period(Now now, Outbox& out) {
  const bool probed = !prober.resting();
  prober.end(now.steady);
  if (probed) {
    out.measures.push_back({Stat::period_time, micros(prober.last_time())});
    out.measures.push_back({Stat::period_delay, micros(prober.delay())});
  }
  for (const TicketId ticket : ticks) out.done.push_back({ticket, {}, ""});
  ticks.clear();
}

void Node::State::send_ping(Purpose purpose, const std::string& target, Now now, Outbox& out) {
  measure_issued(dissemination.size(), out);
  call(std::move(purpose), target,
       ringpop::Ping{config.app, members.self(), members.me().incarnation, checksum(), dissemination.all()},
       now.steady + config.ping_timeout, out);
}

// Takes in what a ping brought back. False: there was no good answer.
bool Node::State::take_ping_answer(Now now, Dissemination::Mark told, const Result<ringpop::Response>& answer,
                                   Outbox& out) {
  if (is_not_ready(answer)) return true;
  const auto* response = answer ? std::get_if<ringpop::PingResponse>(&*answer) : nullptr;
  if (response == nullptr) return false;
  dissemination.delivered(told);
  apply(now, response->changes, Learned::by_gossip, out);
  return true;
}

void Node::State::on_answer(Now now, ProbePing& purpose, const Result<ringpop::Response>& answer,
                            Outbox& out) {
  const bool answered = take_ping_answer(now, purpose.told, answer, out);
  if (answered) out.measures.push_back({Stat::ping_time, micros(now.steady - purpose.sent)});
  if (!prober.pinging(purpose.probe)) return;
  const std::string target = prober.target().address;
  if (answered) {
    left_watch.answered(now.steady, target);
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
  ask_helpers(now, purpose.probe, out);
}

void Node::State::ask_helpers(Now now, std::uint64_t probe, Outbox& out) {
  const std::string& target = prober.target().address;
  std::vector<const std::string*> helpers;
  for (const auto& [address, member] : members.rows()) {
    if (address != target && members.pingable(address)) helpers.push_back(&address);
  }
  if (helpers.empty() || config.ping_req_size <= 0) {
    conclude(now, Prober::Outcome::unreachable, out);
    return;
  }
  rng.shuffle(std::span(helpers));
  helpers.resize(std::min(helpers.size(), static_cast<std::size_t>(config.ping_req_size)));
  prober.ask(helpers.size());
  out.measures.push_back({Stat::helpers_asked, static_cast<std::int64_t>(helpers.size())});
  for (const std::string* helper : helpers) {
    measure_issued(dissemination.size(), out);
    call(ProbeHelp{probe, dissemination.mark(), now.steady}, *helper,
         ringpop::PingReq{members.self(), members.me().incarnation, target, checksum(), dissemination.all()},
         now.steady + config.ping_req_timeout, out);
  }
}

void Node::State::on_answer(Now now, ProbeHelp& purpose, const Result<ringpop::Response>& answer,
                            Outbox& out) {
  auto says = Prober::HelperSays::nothing;
  const auto* response = answer ? std::get_if<ringpop::PingReqResponse>(&*answer) : nullptr;
  if (response != nullptr) {
    says = response->ping_status ? Prober::HelperSays::reachable : Prober::HelperSays::unreachable;
    dissemination.delivered(purpose.told);
    out.measures.push_back({Stat::ping_req_time, micros(now.steady - purpose.sent)});
    apply(now, response->changes, Learned::by_gossip, out);
  }
  if (!prober.asking(purpose.probe)) return;  // the verdict is in already
  if (const auto outcome = prober.on_helper(says)) conclude(now, *outcome, out);
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

// A failed ping here never marks the target: that is for the one who asked (spec B.1).
void Node::State::on_answer(Now now, PingForOther& purpose, const Result<ringpop::Response>& answer,
                            Outbox& out) {
  const bool reached = take_ping_answer(now, purpose.told, answer, out);
  if (reached) out.measures.push_back({Stat::ping_for_other_time, micros(now.steady - purpose.sent)});
  Answer reply = answer_to(purpose.requester, purpose.requester_incarnation, purpose.requester_checksum, out);
  out.replies.push_back(
      {purpose.asked, ringpop::PingReqResponse{std::move(reply.changes), reached, purpose.target}});
}

}  // namespace ringside::swim
