// Flap damping (damping.hpp): what counts as a return of ours, and what follows from the score.
#include <algorithm>

#include "daemon/swim/node_state.hpp"

namespace ringside::swim {

void Node::State::count_own_return(Now now, Outbox& out) {
  own_score.add(now.steady, DampScore::penalty);
  consider_damping(now, out);
}

void Node::State::consider_damping(Now now, Outbox& out) {
  if (!config.damping.enabled || !ready || damped || left) return;
  const int score = own_score.at(now.steady);
  if (score < config.damping.suppress) return;
  const auto others = static_cast<std::size_t>(
      std::ranges::count_if(members.rows(), [](const auto& row) { return swim::damped(row.member); }));
  if (!may_damp(members.living_count() + 1, others, members.pingable_count(),
                config.damping.max_share_percent))
    return;  // the next return asks again
  damped = true;
  reuse_at = std::max(own_score.falls_to(config.damping.reuse), now.steady + Millis(1));
  out.notices.emplace_back(Damped{score, std::chrono::duration_cast<Millis>(reuse_at - now.steady).count()});
  settle_self(now, out);
}

void Node::State::end_damping(Now now, Outbox& out) {
  damped = false;
  reuse_at = never;
  out.notices.emplace_back(DampingEnded{});
  settle_self(now, out);
}

// A process forgets, its neighbours do not.
void Node::State::learn_own_score(const ringpop::JoinResponse& response) {
  if (ready) return;
  told_scores.push_back(static_cast<int>(std::clamp<std::int64_t>(response.damp_score, 0, DampScore::most)));
  found_faulty = found_faulty || std::ranges::any_of(response.membership, [&](const ringpop::Change& row) {
                   return row.address == members.self() && row.status == ringpop::Status::faulty;
                 });
}

void Node::State::recall_own_score(Now now, Outbox& out) {
  own_score.raise_to(now.steady, agreed_score(told_scores));
  told_scores.clear();
  if (found_faulty) own_score.add(now.steady, DampScore::penalty);
  consider_damping(now, out);
}

}  // namespace ringside::swim
