// Answering peers (spec B.1). The order within a ping must be kept: ready? right cluster? apply, answer, and
// after a full sync ask back.
#include <algorithm>

#include "daemon/swim/node_state.hpp"

namespace ringside::swim {
namespace {

ringpop::Rejection not_ready() {
  return {"ringpop.not-ready", "node is not ready to handle requests"};
}

}  // namespace

// Read-only and answered before we are ready: two nodes that start together depend on it. The joiner makes
// itself known by pinging.
void Node::State::serve(Now now, ReplyId id, const ringpop::Join& join, Outbox& out) {
  if (join.source == members.self()) {
    out.replies.push_back(
        {id, ringpop::Rejection{
                 "ringpop.self-join",
                 "A node tried joining a cluster by attempting to join itself. The joining node (" +
                     join.source + ") must join someone else."}});
    return;
  }
  if (join.app != config.app) {
    out.replies.push_back(
        {id, ringpop::Rejection{"ringpop.invalid-join.app",
                                "A node tried joining a different app cluster. The expected app (" +
                                    config.app + ") did not match the actual app (" + join.app + ")."}});
    return;
  }
  const Member* joiner_row = members.find(join.source);
  const int score =
      joiner_row == nullptr ? 0 : flaps.score(now.steady, name_of(join.source, joiner_row->labels));
  out.replies.push_back({id, ringpop::JoinResponse{config.app, members.self(), members.as_changes(),
                                                   checksum(), config.damping.enabled ? score : 0}});
  offer_to_joiner(now, join.source);
}

void Node::State::serve(Now now, ReplyId id, const ringpop::Ping& ping, Outbox& out) {
  if (!ready) {
    out.measures.push_back({Stat::not_ready_ping});
    out.replies.push_back({id, not_ready()});
    if (ping.app.empty() || ping.app == config.app) offer_to_joiner(now, ping.source);
    return;
  }
  if (!ping.app.empty() && ping.app != config.app) {
    out.replies.push_back({id, ringpop::Rejection{"error", "Pinged ringpop has a different app name"}});
    return;
  }
  apply(now, ping.changes, Learned::by_gossip, ping.source, out);
  Answer answer = answer_to(now, ping.source, ping.source_incarnation, ping.checksum, out);
  out.replies.push_back({id, ringpop::PingResponse{std::move(answer.changes), checksum(), members.self(),
                                                   members.me().incarnation}});
  if (answer.full_sync) pull_from(now, ping.source, out);
}

void Node::State::serve(Now now, ReplyId id, const ringpop::PingReq& ping_req, Outbox& out) {
  if (!ready) {
    out.measures.push_back({Stat::not_ready_ping_req});
    out.replies.push_back({id, not_ready()});
    return;
  }
  apply(now, ping_req.changes, Learned::by_gossip, ping_req.source, out);
  if (ping_req.target == members.self()) {  // we are the best witness of that
    Answer answer = answer_to(now, ping_req.source, ping_req.source_incarnation, ping_req.checksum, out);
    out.replies.push_back({id, ringpop::PingReqResponse{std::move(answer.changes), true, ping_req.target}});
    return;
  }
  PingForOther purpose{id,
                       ping_req.source,
                       ping_req.source_incarnation,
                       ping_req.checksum,
                       ping_req.target,
                       dissemination.mark(),
                       now.steady};
  send_ping(std::move(purpose), ping_req.target, now.steady + ping_wait(), out);
}

// A few at once, as when many start together, and then one a pause, the longer the list the longer: in a
// large cluster everybody pings a newcomer within a second, and its only news of its own has soon been told.
bool Node::State::may_full_sync(Now now) {
  const Duration pause = static_cast<int>(members.rows().size()) * config.full_sync_pause;
  const Instant paid_at = std::max(syncs_paid_at, now.steady) + pause;
  if (paid_at > now.steady + config.full_syncs_max * pause) return false;
  syncs_paid_at = paid_at;
  return true;
}

// Spec D.3. With changes pending there is no full sync, whatever the checksums: they may explain the
// difference.
Node::State::Answer Node::State::answer_to(Now now, const std::string& requester, std::int64_t incarnation,
                                           std::uint32_t their_checksum, Outbox& out) {
  Dissemination::Told told = dissemination.answer_to(requester, incarnation);
  if (told.filtered > 0)
    out.measures.push_back({Stat::changes_filtered, static_cast<std::int64_t>(told.filtered)});
  Answer answer{std::move(told.changes)};
  if (answer.changes.empty() && their_checksum != checksum() && may_full_sync(now)) {
    answer = {members.as_changes(), true};
    out.notices.emplace_back(FullSync{requester, false, answer.changes.size()});
  }
  out.measures.push_back({Stat::changes_issued, static_cast<std::int64_t>(answer.changes.size())});
  return answer;
}

// Reverse full sync (spec D.4): what they know and we do not. The cap is on all peers together.
void Node::State::pull_from(Now now, const std::string& peer, Outbox& out) {
  if (!dialable(peer) || peer == members.self()) return;
  if (pulls >= config.full_syncs_max) {
    out.measures.push_back({Stat::full_sync_pull_omitted});
    return;
  }
  ++pulls;
  out.measures.push_back({Stat::full_sync_pull});
  call(PullFrom{peer}, peer, ringpop::Join{config.app, members.self(), members.me().incarnation},
       now.steady + config.join_timeout, out);
}

void Node::State::on_answer(Now now, PullFrom& purpose, const Result<ringpop::Response>& answer,
                            Outbox& out) {
  --pulls;
  const auto* response = answer ? std::get_if<ringpop::JoinResponse>(&*answer) : nullptr;
  if (response == nullptr) {  // the next ping with another checksum tries again
    out.measures.push_back({Stat::full_sync_pull_failed});
    return;
  }
  note_dialect(purpose.peer, *response, out);
  out.notices.emplace_back(FullSync{purpose.peer, true, response->membership.size()});
  if (!apply(now, response->membership, Learned::by_list, purpose.peer, out))
    out.measures.push_back({Stat::full_sync_pull_useless});
}

}  // namespace ringside::swim
