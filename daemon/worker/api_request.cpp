#include "daemon/worker/api_request.hpp"

#include <chrono>

#include "daemon/base/limits.hpp"
#include "daemon/obs/log_tap.hpp"
#include "daemon/worker/call.hpp"
#include "daemon/worker/watch.hpp"

namespace ringside::worker {
namespace {

WallTime wall_now() {
  return std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now());
}

}  // namespace

bool ApiRequest::begin(const http::RequestHead& head) {
  method_ = head.method;
  target_ = head.target;
  body_.clear();
  last_event_id_ = http::find(head.fields, "last-event-id").value_or("");
  return head.framing.kind != http::BodyKind::length || head.framing.length <= limits::api_body_bytes;
}

bool ApiRequest::add(std::string_view body) {
  if (body_.size() + body.size() > limits::api_body_bytes) return false;
  body_ += body;
  return true;
}

api::Response ApiRequest::answer(const Context& context, const Since& since) const {
  const std::string_view target = target_;
  const auto mark = target.find('?');
  const api::Request request{method_, target.substr(0, mark),
                             mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1),
                             body_, last_event_id_};
  api::Response answer = api::handle({.view = *context.view,
                                      .metrics = context.all_metrics,
                                      .now = wall_now(),
                                      .waited = since.waited,
                                      .polls_full = context.watches->polls_full(),
                                      .streams_full = context.watches->streams_full(),
                                      .stats = since.stats,
                                      .logs_full = context.watches->logs_full(),
                                      .recent_log = obs::recent_log},
                                     request);
  if (answer.full == api::Later::poll) context.metrics.full_long_polls.add();
  if (answer.full == api::Later::stream) context.metrics.full_event_streams.add();
  if (answer.full == api::Later::logs) context.metrics.full_log_streams.add();
  return answer;
}

api::Problem api_body_too_large() {
  return {.code = api::Code::body_too_large,
          .detail = "API bodies are limited to " + std::to_string(limits::api_body_bytes) + " bytes"};
}

http::ResponseHead head_of(const api::Response& response) {
  http::ResponseHead head;
  head.status = response.status;
  if (!response.body.empty()) {
    head.framing = {http::BodyKind::length, response.body.size()};
    head.fields.push_back({"Content-Type", response.content_type});
  }
  for (const auto& [name, value] : response.headers) head.fields.push_back({name, value});
  return head;
}

void send_whole(Inbound& inbound, const api::Response& response, bool to_head) {
  const bool without_body = response.body.empty() || to_head;
  inbound.send_reply(head_of(response), without_body);
  if (without_body) return;
  inbound.send_reply_body(response.body);
  inbound.send_reply_end({});
}

}  // namespace ringside::worker
