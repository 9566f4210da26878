// The reads of the local HTTP API as a pure function: a view and a request in, a response out. No thread, no
// socket; the worker that accepted the connection calls it. What forwards a request to an app is not here
// (worker/).
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/api/problem.hpp"
#include "daemon/api/view.hpp"
#include "daemon/base/time.hpp"
#include "daemon/obs/catalog.hpp"

namespace ringside::api {

struct Request {
  std::string_view method;
  std::string_view path;   // raw, percent-encoded, without the query
  std::string_view query;  // raw, without '?'
  std::string_view body;   // POST /v1/lookup
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // besides Content-Type and Content-Length
};

struct Context {
  const View& view;
  const obs::Metrics& metrics;
  WallTime now;
};

// GET|POST /v1/lookup, GET /v1/ring, /v1/members[/{name}], /v1/self, /v1/livez, /v1/readyz, /v1/outboundz
// (the last three without /v1 too), /metrics, /openapi.json, /. Anything else: 404 not_found with a hint, or
// 405 with Allow. HEAD is answered like GET, body included: the caller sends its length and not the body. A
// 204 has neither content type nor body.
Response handle(const Context&, const Request&);

Response render(const Problem&);

// proto/openapi.yaml as JSON, embedded at build time.
std::string_view openapi_json() noexcept;

}  // namespace ringside::api
