// Calls the API as a function: a view and "GET /v1/ring?points=true" in, a response out.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "daemon/api/api.hpp"

namespace ringside::test {

using Json = nlohmann::ordered_json;

inline WallTime sample_now() {
  return WallTime(Millis(1'700'000'012'300));
}  // 12.3 s after sample_view() started

// What a worker says beside the request.
struct Said {
  std::string_view last_event_id = {};
  bool waited = false;
  bool full = false;  // of long polls, streams and readers of the log
  const api::Stats* stats = nullptr;
};

inline api::Response call_api(const api::View& view, std::string_view method, std::string_view target,
                              std::string_view body = {}, const Said& said = {}) {
  static const obs::Metrics metrics;
  const auto mark = target.find('?');
  api::Request request;
  request.method = method;
  request.path = target.substr(0, mark);
  request.query = mark == std::string_view::npos ? "" : target.substr(mark + 1);
  request.body = body;
  request.last_event_id = said.last_event_id;
  return api::handle({.view = view,
                      .metrics = metrics,
                      .now = sample_now(),
                      .waited = said.waited,
                      .polls_full = said.full,
                      .streams_full = said.full,
                      .stats = said.stats,
                      .logs_full = said.full},
                     request);
}

inline std::string header_of(const api::Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers)
    if (key == name) return value;
  return {};
}

inline Json json_of(const api::Response& response) {
  return Json::parse(response.body);
}

}  // namespace ringside::test
