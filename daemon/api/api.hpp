// The local HTTP API as a pure function: a view and a request in, a response out, or the order that the
// control thread is to carry out and answer. No thread, no socket; the worker that accepted the connection
// calls it. What forwards a request to an app is not here (worker/).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/api/order.hpp"
#include "daemon/api/problem.hpp"
#include "daemon/api/subscription.hpp"
#include "daemon/api/view.hpp"
#include "daemon/base/role.hpp"
#include "daemon/base/time.hpp"
#include "daemon/obs/catalog.hpp"

namespace ringside::api {

struct Stats;  // stats.hpp

struct Request {
  std::string_view method;
  std::string_view path;                // raw, percent-encoded, without the query
  std::string_view query;               // raw, without '?'
  std::string_view body;                // of a POST
  std::string_view last_event_id = {};  // the field Last-Event-ID; empty: none
};

// What handle() leaves to its caller, who has clock and connection.
enum class Later : std::uint8_t {
  no,      // the answer is whole
  poll,    // nothing has changed yet: ask again when the view's index has moved, or the wait is over
  stream,  // the body has no end: the subscription gives it
  stats,   // ask again with Context::stats
  logs,    // the body has no end: the lines of the log from Response::log_level on
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers{};  // besides Content-Type and Content-Length
  Later later = Later::no;
  Later full = Later::no;                         // refused, because no more of these are taken
  Millis wait{};                                  // with Later::poll
  std::optional<Subscription> subscription = {};  // with Later::stream
  obs::Level log_level{};                         // with Later::logs
  std::optional<Order> order{};  // then nothing else counts: control answers when it has carried it out
};

struct Context {
  const View& view;
  const obs::Metrics& metrics;
  WallTime now;
  bool waited = false;                              // the wait is over: answer with what there is
  bool polls_full = false;                          // no more long polls are taken
  bool streams_full = false;                        // no more subscriptions are taken
  const Stats* stats = nullptr;                     // gathered from all workers for GET /v1/stats
  bool logs_full = false;                           // no more readers of the log are taken
  std::string (*recent_log)(obs::Level) = nullptr;  // the last lines of the log; null: there are none
};

// The pages of proto/openapi.yaml. Anything else: 404 not_found with a hint, or 405 with Allow. A page that
// carries Ringside-Index waits for another one when it is asked with ?index=. HEAD is answered like GET, body
// included: the caller sends its length and not the body. A 204 has neither content type nor body.
Response handle(const Context&, const Request&);

// What somebody must be to ask for this; the table of pages has it beside each page. Of what is no page:
// read, and he learns that it is none.
Role role_needed(std::string_view method, std::string_view path) noexcept;

// Whether this page is on listen.telemetry as well: health and metrics, for whoever asks.
bool is_telemetry(std::string_view path) noexcept;

// Whether the body of such a request is a secret that nobody may read on its way: it is taken from this
// machine only.
bool takes_secrets(std::string_view method, std::string_view path) noexcept;

// How far this node is with leaving the ring: GET /v1/drain, and the answer to the orders that change it.
Response drain_answer(const Context&, int status);
Response no_content();  // 204

Response render(const Problem&);

// proto/openapi.yaml as JSON, embedded at build time.
std::string_view openapi_json() noexcept;

}  // namespace ringside::api
