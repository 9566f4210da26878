#include "daemon/api/webhook_queue.hpp"

#include <chrono>
#include <nlohmann/json.hpp>

namespace ringside::api {
namespace {

std::string seconds(WallTime now) {
  return std::to_string(std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count());
}

// `data` is JSON already.
std::string body_of(const View& view, const std::string& id, std::string_view type, std::string_view data) {
  std::string body = R"({"id":")" + id + R"(","type":")";
  body += type;
  body += R"(","node":)" + nlohmann::json(view.name).dump() + R"(,"data":)";
  body += data;
  body += '}';
  return body;
}

}  // namespace

std::optional<WebhookQueue::Post> WebhookQueue::next(const View& view, WallTime now) {
  const auto waiting = seen_ ? view.events->after(*seen_) : std::nullopt;
  if (!waiting) {
    under_way_ = view.events->last();
    const bool missed = seen_.has_value();
    Post post{event_id(view, *under_way_), "reset", {}, missed};
    post.body = body_of(view, post.id, post.type, state_json(view, missed ? "too_old" : "start", now));
    return post;
  }
  for (const EventPtr& event : *waiting) {
    under_way_ = event->number;
    if (filter_.takes(event->type)) {
      Post post{event_id(view, event->number), to_string(event->type), {}};
      post.body = body_of(view, post.id, post.type, event->data);
      return post;
    }
    seen_ = event->number;
  }
  return std::nullopt;
}

std::string signed_text(WallTime now, std::string_view body) {
  return seconds(now) + "." + std::string(body);
}

std::string signature_field(WallTime now, std::string_view hex_digest) {
  return "t=" + seconds(now) + ",v1=" + std::string(hex_digest);
}

}  // namespace ringside::api
