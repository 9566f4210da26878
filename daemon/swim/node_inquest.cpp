// Inquests (inquest.hpp): the pings and questions of each, and what its verdict does.
#include <algorithm>

#include "daemon/base/limits.hpp"
#include "daemon/swim/node_state.hpp"

namespace ringside::swim {

bool Node::State::wants_inquest(const std::string& address) const {
  return config.proof_of_death && ready && prober.started() && members.pingable(address);
}

void Node::State::connection_lost(Now now, const std::string& address, Outbox& out) {
  if (!wants_inquest(address)) return;
  if (Inquest* inquest = open_inquest(address, members.find(address)->incarnation))
    ping_for_inquest(now, address, *inquest, out);
}

// Of a probe in its turn: its ping was the first of the inquest.
bool Node::State::hand_to_inquest(Now now, const Prober::Target& target, Inquest::Found found, Outbox& out) {
  if (!wants_inquest(target.address)) return false;
  if (inquests.contains(target.address)) return true;
  Inquest* inquest = open_inquest(target.address, target.incarnation);
  if (inquest == nullptr) return false;
  go_on(now, target.address, inquest->on_ping(now.steady, found, alone_with(target.address)), out);
  return true;
}

// Nothing when one is held already, or too many are: then the rotation comes to the member.
Inquest* Node::State::open_inquest(const std::string& address, std::int64_t incarnation) {
  if (inquests.size() >= limits::inquests) return nullptr;
  const auto [at, is_new] = inquests.try_emplace(address, last_inquest + 1, incarnation);
  if (!is_new) return nullptr;
  ++last_inquest;
  return &at->second;
}

Inquest* Node::State::find_inquest(const std::string& address, std::uint64_t number) {
  const auto at = inquests.find(address);
  return at == inquests.end() || at->second.number() != number ? nullptr : &at->second;
}

bool Node::State::alone_with(const std::string& address) const {
  return members.pingable_count() == (members.pingable(address) ? 1 : 0);
}

void Node::State::ping_for_inquest(Now now, const std::string& address, Inquest& inquest, Outbox& out) {
  inquest.pinging();
  send_ping(InquestPing{address, inquest.number(), dissemination.mark(), now.steady}, address,
            now.steady + health.stretch(ping_wait()), out);
}

void Node::State::on_answer(Now now, InquestPing& purpose, const Result<ringpop::Response>& answer,
                            Outbox& out) {
  const bool answered = take_ping_answer(now, purpose.address, purpose.told, answer, out);
  if (answered) out.measures.push_back({Stat::ping_time, micros(now.steady - purpose.sent)});
  if (answered) ping_answered(now, purpose.address, purpose.sent, out);
  Inquest* inquest = find_inquest(purpose.address, purpose.inquest);
  if (inquest == nullptr) return;
  if (!answered && sleep_watch.slept_since(purpose.sent)) {  // what we missed accuses nobody
    inquests.erase(purpose.address);
    return;
  }
  if (!answered) out.notices.emplace_back(ProbeFailed{purpose.address});
  const auto found = answered ? Inquest::Found::alive : found_by(answer);
  go_on(now, purpose.address, inquest->on_ping(now.steady, found, alone_with(purpose.address)), out);
}

Inquest::Found Node::State::found_by(const Result<ringpop::Response>& failed) {
  if (failed) return Inquest::Found::silent;
  if (failed.error() == make_error_code(Errc::refused)) return Inquest::Found::refused;
  if (failed.error() == make_error_code(Errc::connection_lost)) return Inquest::Found::lost;
  return Inquest::Found::silent;
}

void Node::State::ask_witnesses(Now now, const std::string& address, Inquest& inquest, Outbox& out) {
  const auto helpers = pick_others(address, config.ping_req_size);
  if (helpers.empty()) return go_on(now, address, Inquest::Next::unreachable, out);
  inquest.ask(helpers.size());
  out.measures.push_back({Stat::helpers_asked, static_cast<std::int64_t>(helpers.size())});
  for (const std::string* helper : helpers)
    send_ping_req(InquestHelp{address, inquest.number(), *helper, dissemination.mark(), now.steady}, *helper,
                  address, now.steady + config.ping_req_timeout, out);
}

void Node::State::on_answer(Now now, InquestHelp& purpose, const Result<ringpop::Response>& answer,
                            Outbox& out) {
  auto says = Inquest::HelperSays::nothing;
  const auto* response = answer ? std::get_if<ringpop::PingReqResponse>(&*answer) : nullptr;
  if (response != nullptr) {
    says = response->ping_status ? Inquest::HelperSays::reachable
           : response->refused   ? Inquest::HelperSays::refused
                                 : Inquest::HelperSays::unreachable;
    take_helper_answer(now, purpose.helper, purpose.told, purpose.sent, *response, out);
  } else if (!answer && answer.error() == make_error_code(Errc::refused)) {
    says = Inquest::HelperSays::gone;
  }
  Inquest* inquest = find_inquest(purpose.address, purpose.inquest);
  if (inquest == nullptr) return;  // the verdict is in already
  const bool heard = says == Inquest::HelperSays::reachable || says == Inquest::HelperSays::refused;
  if (!heard && sleep_watch.slept_since(purpose.sent)) says = Inquest::HelperSays::nothing;
  go_on(now, purpose.address, inquest->on_helper(says), out);
}

// What has been found is about one incarnation: a member that came back meanwhile is another one.
void Node::State::go_on(Now now, const std::string& address, Inquest::Next next, Outbox& out) {
  const auto at = inquests.find(address);
  const Member* member = members.find(address);
  if (!members.pingable(address) || member->incarnation != at->second.incarnation()) {
    inquests.erase(at);
    return;
  }
  const Inquest inquest = at->second;
  const bool is_over =
      next != Inquest::Next::wait && next != Inquest::Next::ping && next != Inquest::Next::ask;
  if (is_over) inquests.erase(at);
  switch (next) {
    case Inquest::Next::wait: return;
    case Inquest::Next::ping: return ping_for_inquest(now, address, at->second, out);
    case Inquest::Next::ask: return ask_witnesses(now, address, at->second, out);
    case Inquest::Next::alive: return;
    case Inquest::Next::inconclusive:
      health.add(inquest.silent_helpers());
      out.notices.emplace_back(ProbeInconclusive{address});
      return;
    case Inquest::Next::unreachable:
      health.add(alone_with(address) ? 1 : inquest.silent_helpers());
      declare(now, address, ringpop::Status::suspect, inquest.incarnation(), out);
      // Nobody confirms it, and yet it is not just slow.
      if (inquest.refused()) transitions.confirm_all(address, inquest.incarnation());
      return;
    case Inquest::Next::dead:
      out.notices.emplace_back(DeathProved{address, inquest.incarnation(), inquest.witnesses()});
      declare(now, address, ringpop::Status::faulty, inquest.incarnation(), out);
      return;
  }
}

void Node::State::run_inquests(Now now, Outbox& out) {
  std::vector<std::string> due;
  for (const auto& [address, inquest] : inquests)
    if (inquest.next_ping() <= now.steady) due.push_back(address);
  for (const std::string& address : due) {
    inquests.at(address).pinging();
    go_on(now, address, Inquest::Next::ping, out);
  }
}

Instant Node::State::next_inquest_ping() const {
  Instant next = never;
  for (const auto& [address, inquest] : inquests) next = std::min(next, inquest.next_ping());
  return next;
}

}  // namespace ringside::swim
