// What a request asks for besides its key: the app of a named node, another place or check than usual, an app
// by its name. And what the receiver of such a request makes sure of.
#include "daemon/api/view.hpp"
#include "daemon/worker/call.hpp"

namespace ringside::worker {

// A request for this node's app needs nobody else. For another's, its address is that of now: who comes back
// at another one while the request waits is not found any more.
void Call::seek_node(const std::string& name) {
  const auto& view = *context_.view;
  const api::MemberView* member = api::find_member(view, name);
  local_only_ = name == view.name || (member != nullptr && member->self);
  if (local_only_) return;
  node_ = member == nullptr ? name : member->name;
  node_address_ = member == nullptr ? std::string() : member->address;
}

// Who prefers this node's app means one that is there, and stays.
forward::Place Call::place() const {
  const auto wished = wishes_.place.value_or(forward::Place::owner);
  if (wished != forward::Place::prefer_local) return wished;
  const auto& view = *context_.view;
  const bool there = view.app.state == api::AppState::up && view.drain.state == api::DrainState::none &&
                     view.app_settings.protocol != config::AppProtocol::tchannel;
  return there ? wished : forward::Place::owner;
}

// True: it has been answered, because what is asked for cannot be.
bool Call::turned_down() {
  const auto& view = *context_.view;
  std::optional<api::Problem> trouble;
  if (!wishes_.fault.empty() || !passport_.fault.empty()) {
    trouble = problem(api::Code::bad_request, wishes_.fault.empty() ? passport_.fault : wishes_.fault);
  } else if (!wishes_.app.empty() && wishes_.app != api::app_id_of(view)) {
    const std::string id(api::app_id_of(view));
    trouble = problem(api::Code::unknown_app,
                      "the request is for the app '" + wishes_.app + "' (Ringside-App), and the app of " +
                          view.name + (id.empty() ? " has no name (app.id)" : " is '" + id + "'"));
  } else if (!node_.empty()) {
    trouble = node_trouble();
  } else if (!passport_.node.empty() && passport_.node != view.name && passport_.node != view.address) {
    trouble = problem(api::Code::unknown_node, "the request is for " + passport_.node + ", and " + view.name +
                                                   " is what is there now");
  } else if (from_peer_ && passport_.check == config::ForwardCheck::view &&
             passport_.ring != view.ring->digest()) {
    trouble =
        problem(api::Code::not_owner, "the ring of " + view.name + " is not the one of " + passport_.from +
                                          ", and the request may run only where they are the same "
                                          "(Ringside-Check: view)");
  }
  if (trouble) answer(*trouble);
  return trouble.has_value();
}

// Why the named node's app cannot be had, as far as this node knows; nothing: it is asked.
std::optional<api::Problem> Call::node_trouble() const {
  const auto& view = *context_.view;
  if (view.phase == api::Phase::joining) return problem(api::Code::not_joined, view.phase_reason);
  const api::MemberView* member = api::find_member(view, node_);
  if (member == nullptr) return problem(api::Code::unknown_node, "no member is called '" + node_ + "'");
  switch (member->status) {
    case ringpop::Status::alive:
    case ringpop::Status::suspect: return std::nullopt;
    case ringpop::Status::faulty:
    case ringpop::Status::tombstone:
      return problem(api::Code::peer_unreachable, "the member " + node_ + " is " +
                                                      std::string(ringpop::to_string(member->status)) +
                                                      ": it does not answer");
    case ringpop::Status::leave: break;
  }
  if (member->silent)
    return problem(api::Code::peer_unreachable, "the member " + node_ + " does not answer any more");
  switch (member->app) {
    case api::MemberApp::up: return std::nullopt;  // damped: out of the ring, and there
    case api::MemberApp::down: return problem(api::Code::app_down, "the app of " + node_ + " is down");
    case api::MemberApp::none: return problem(api::Code::app_down, "the member " + node_ + " has no app");
    case api::MemberApp::unknown: break;
  }
  return problem(api::Code::draining, "the member " + node_ + " is leaving, or has left");
}

}  // namespace ringside::worker
