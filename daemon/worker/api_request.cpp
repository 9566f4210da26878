#include "daemon/worker/api_request.hpp"

#include <chrono>

#include "daemon/base/limits.hpp"

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
  return head.framing.kind != http::BodyKind::length || head.framing.length <= limits::api_body_bytes;
}

bool ApiRequest::add(std::string_view body) {
  if (body_.size() + body.size() > limits::api_body_bytes) return false;
  body_ += body;
  return true;
}

api::Response ApiRequest::answer(const Context& context) const {
  const std::string_view target = target_;
  const auto mark = target.find('?');
  const api::Request request{method_, target.substr(0, mark),
                             mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1),
                             body_};
  return api::handle({*context.view, context.all_metrics, wall_now()}, request);
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

}  // namespace ringside::worker
