// The API of a sample node behind a real socket, for the command line's tests.
#pragma once

#include "proto/http1/writer.hpp"
#include "tests/support/api_call.hpp"
#include "tests/support/http_server.hpp"

namespace ringside::test {

inline std::string http_answer(const api::Response& response) {
  http::ResponseHead head;
  head.status = response.status;
  head.reason = http1::reason_phrase(response.status);
  for (const auto& [name, value] : response.headers) head.fields.push_back({name, value});
  if (!response.content_type.empty()) head.fields.push_back({"Content-Type", response.content_type});
  head.framing = {http::BodyKind::length, response.body.size()};
  head.keep_alive = false;
  std::string out;
  http1::write(out, head);
  return out + response.body;
}

// Answers "GET /v1/ring HTTP/1.1..." as a node with this view would.
inline std::string answer_as(const api::View& view, const std::string& request) {
  const auto method = request.substr(0, request.find(' '));
  const auto rest = request.substr(method.size() + 1);
  return http_answer(call_api(view, method, rest.substr(0, rest.find(' '))));
}

}  // namespace ringside::test
