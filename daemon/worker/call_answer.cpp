// What a Call answers when no app does: why, whether an app may have run the request, and what to do.
#include <utility>

#include "daemon/api/api.hpp"
#include "daemon/worker/api_request.hpp"
#include "daemon/worker/call.hpp"
#include "daemon/worker/grpc.hpp"

namespace ringside::worker {

void Call::give_up(const forward::GiveUp& end) {
  const auto& view = *context_.view;
  const std::string& owner = exchange_.owner();
  switch (end.why) {
    case forward::Failure::no_owner:
      if (view.app.state == api::AppState::down || view.app.state == api::AppState::starting)
        return answer(problem(api::Code::app_down, "the app at " + view.app_settings.address + " is down (" +
                                                       view.app.reason +
                                                       "), and no other member has a place in the ring"));
      return answer(problem(api::Code::no_owner, "none of the " + std::to_string(view.members.size()) +
                                                     " members that " + view.name +
                                                     " knows has a place in the ring"));
    case forward::Failure::kept_here:
      return answer(problem(api::Code::not_owner, owner +
                                                      " owns the key, and the request is for the owner on " +
                                                      view.name + " alone (Ringside-Route: local-only)"));
    case forward::Failure::not_owner:
      return answer(
          problem(api::Code::not_owner,
                  view.name + " does not own the key and " +
                      (last_failure_.empty()
                           ? "the request has been passed on " + std::to_string(passport_.hops) + " times"
                           : owner + ", the owner it knows, says " + last_failure_)));
    case forward::Failure::unreachable:
      if (!try_is_peer_) return answer(problem(api::Code::app_down, last_failure_));
      return answer(problem(end.executed_maybe ? api::Code::app_error : api::Code::peer_unreachable,
                            who() + " cannot be reached: " + last_failure_));
    case forward::Failure::maybe_executed:
      return answer(
          problem(api::Code::app_error, (try_is_peer_ ? who() : "the app of " + view.name) +
                                            " was lost with the request under way: " + last_failure_));
    case forward::Failure::timed_out:
      return answer(problem(api::Code::timeout,
                            "the request's time is over" +
                                (last_failure_.empty() ? "" : "; the last try failed: " + last_failure_)));
  }
}

// Whom the current try is for, if it is for another member.
std::string Call::who() const {
  return (node_.empty() ? "the owner " : "the member ") + exchange_.owner();
}

// What became of this request, as far as it has come.
api::Problem Call::problem(api::Code code, std::string detail) const {
  // An earlier try may have run: whatever stopped the later ones, `executed: no` would be a lie.
  if (exchange_.executed_maybe() && !api::row(code).executed_maybe) code = api::Code::app_error;
  return {.code = code,
          .detail = std::move(detail),
          .key = key_,
          .owner = local_only_ ? context_.view->name : exchange_.owner(),
          .attempts = exchange_.attempts(),
          .request_id = passport_.request_id};
}

// To the caller of a request that the ring has sent to somebody, whoever answers it.
void Call::tell_of_ring(http::ResponseHead& head, std::string_view attempts) {
  if (from_peer_ || local_only_ || !node_.empty()) return;
  write_ring_version();
  if (!exchange_.owner().empty())
    head.fields.push_back({"Ringside-Owner", exchange_.owner(), http::Name::ringside});
  head.fields.push_back({"Ringside-Attempts", attempts, http::Name::ringside});
  head.fields.push_back({"Ringside-Version", scratch_version_, http::Name::ringside});
}

// Ends the call with an answer of our own.
void Call::answer(const api::Problem& problem) {
  const auto& row = api::row(problem.code);
  (row.executed_maybe ? context_.metrics.errors_executed_maybe : context_.metrics.errors_executed_no).add();
  const api::Response response =
      is_grpc(head_.get().fields) ? render_for_grpc(problem) : api::render(problem);
  http::ResponseHead head = head_of(response);
  head.fields.push_back({"Ringside-Served-By", context_.view->name, http::Name::ringside_served_by});
  const std::string hops = std::to_string(passport_.hops);
  if (!from_peer_) head.fields.push_back({"Ringside-Hops", hops, http::Name::ringside_hops});
  const std::string attempts = std::to_string(exchange_.attempts());
  tell_of_ring(head, attempts);
  head.fields.push_back({"X-Request-Id", passport_.request_id, http::Name::x_request_id});
  const bool without_body = to_head() || response.body.empty();
  finish();
  inbound_.send_reply(head, without_body);
  if (without_body) return;
  inbound_.send_reply_body(response.body);
  inbound_.send_reply_end({});
}

}  // namespace ringside::worker
