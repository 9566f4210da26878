#include "daemon/api/subscription.hpp"

#include "daemon/api/reads.hpp"
#include "daemon/base/limits.hpp"

namespace ringside::api {
namespace {

constexpr std::string_view beginning = "start";      // it named no event
constexpr std::string_view stranger = "unknown_id";  // this life has no such event
constexpr std::string_view missed = "too_old";       // the log does not reach back so far

void append(std::string& out, const std::string& id, std::string_view type, std::string_view data) {
  out += "id: " + id + "\nevent: ";
  out += type;
  out += "\ndata: ";
  out += data;
  out += "\n\n";
}

}  // namespace

Subscription::Subscription(EventFilter filter, const View& view, std::string_view last_id)
    : filter_(filter), reason_(last_id.empty() ? beginning : stranger) {
  const auto number = event_number(view, last_id);
  if (number && *number <= view.events->last()) seen_ = *number;
}

Subscription Subscription::from_the_oldest(EventFilter filter, const View& view) {
  Subscription all(filter, view, {});
  all.seen_ = view.events->last() - view.events->kept().size();
  return all;
}

Subscription::Piece Subscription::next(const View& view, WallTime now, std::size_t room) {
  Piece piece;
  if (seen_ && !view.events->after(*seen_)) {
    seen_.reset();
    reason_ = missed;
  }
  if (!seen_) {
    seen_ = view.events->last();
    piece.reset = reason_ != beginning;
    append(piece.text, event_id(view, *seen_), "reset", state_json(view, reason_, now));
  }
  const auto waiting = *view.events->after(*seen_);
  for (const EventPtr& event : waiting) {
    if (piece.text.size() >= room) break;
    seen_ = event->number;
    if (filter_.takes(event->type))
      append(piece.text, event_id(view, event->number), to_string(event->type), event->data);
  }
  return piece;
}

std::string Subscription::comment(const View& view) const {
  return seen_ ? ":\nid: " + event_id(view, *seen_) + "\n\n" : ":\n\n";
}

Response events_page(const Call& call) {
  EventFilter filter;
  if (const auto types = call.query.get("types")) {
    const auto parsed = EventFilter::parse(*types);
    if (!parsed) return problem(Code::bad_request, parsed.error());
    filter = *parsed;
  }
  const auto follow = call.query.get("follow").value_or("true");
  if (follow != "true" && follow != "false")
    return problem(Code::bad_request, "follow is true or false, not '" + std::string(follow) + "'");
  const View& view = call.context.view;
  const std::string_view last_id = call.request.last_event_id;
  Response response;
  response.content_type = "text/event-stream";
  response.headers.emplace_back("Cache-Control", "no-store");
  if (follow == "true") {
    if (call.context.streams_full)
      return no_room(Later::stream, std::to_string(limits::event_streams) +
                                        " subscriptions are open on this worker, which is all it takes");
    response.later = Later::stream;
    response.subscription = Subscription(filter, view, last_id);
    return response;
  }
  Subscription kept =
      last_id.empty() ? Subscription::from_the_oldest(filter, view) : Subscription(filter, view, last_id);
  for (auto piece = kept.next(view, call.context.now, limits::events_kept_bytes); !piece.text.empty();
       piece = kept.next(view, call.context.now, limits::events_kept_bytes))
    response.body += piece.text;
  if (response.body.empty()) response.body = kept.comment(view);  // an answer with a type has a body
  return response;
}

}  // namespace ringside::api
