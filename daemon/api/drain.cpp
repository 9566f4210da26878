// Leaving the ring on purpose: how far it is, and the orders for it.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/api/json_body.hpp"
#include "daemon/api/reads.hpp"
#include "daemon/base/text.hpp"

namespace ringside::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr Millis timeout_max{24 * 3600 * 1000};  // as drain.timeout

std::int64_t sum(const obs::Metrics& metrics, obs::Gauge obs::WorkerMetrics::* gauge) {
  std::int64_t total = 0;
  for (const auto& worker : metrics.workers) total += (worker.get()->*gauge).value();
  return total;
}

Response order(Order::Kind kind, std::optional<Millis> timeout = {}) {
  Response response;
  response.order = Order{.kind = kind, .timeout = timeout};
  return response;
}

Result<Millis, Response> read_timeout(std::string_view text, const std::string& where) {
  const auto timeout = parse_duration(text);
  if (!timeout) return problem(Code::bad_request, where + ": " + timeout.error());
  if (*timeout > timeout_max) return problem(Code::bad_request, where + " is at most 24h");
  return *timeout;
}

}  // namespace

std::string_view to_string(DrainState state) noexcept {
  switch (state) {
    case DrainState::none: return "none";
    case DrainState::announcing: return "announcing";
    case DrainState::finishing: return "finishing";
    case DrainState::drained: return "drained";
    case DrainState::departing: return "departing";
  }
  return "";
}

Response drain_answer(const Context& context, int status) {
  const DrainView& drain = context.view.drain;
  const std::int64_t streams = sum(context.metrics, &obs::WorkerMetrics::app_streams);
  Json body;
  body["state"] = to_string(drain.state);
  body["leaving"] = drain.leaving;
  if (drain.state != DrainState::none) {
    body["since"] = rfc3339(drain.since);
    body["deadline"] = rfc3339(drain.deadline);
    body["left"] = print_duration(std::max(Millis{0}, drain.deadline - context.now));
  }
  if (drain.cut > 0) body["cut"] = drain.cut;
  body["in_flight"] = sum(context.metrics, &obs::WorkerMetrics::app_open) - streams;
  body["streams"] = streams;
  const auto server = server_at(*context.view.ring, context.view.address);
  body["share"] =
      server ? context.view.ring->share_ppm(*server) / 1e6 : 0.0;  // of the keys, that is still here
  Response response = json_answer(context, body.dump());
  response.status = status;
  return response;
}

Response drain_page(const Call& call) {
  return drain_answer(call.context, 200);
}

// The body is empty, or {"timeout": "30s"}.
Response order_drain(const Call& call) {
  if (call.request.body.empty()) return order(Order::Kind::drain);
  auto read = json_body(call, "a duration");
  if (!read) return std::move(read).error();
  const Json body = std::move(*read);
  const bool good =
      body.is_object() &&
      (body.empty() || (body.size() == 1 && body.contains("timeout") && body["timeout"].is_string()));
  if (!good) return problem(Code::bad_request, R"(the body is not like {"timeout": "30s"})");
  if (body.empty()) return order(Order::Kind::drain);
  auto timeout = read_timeout(body["timeout"].get<std::string>(), "timeout");
  return timeout ? order(Order::Kind::drain, *timeout) : std::move(timeout).error();
}

Response order_cancel_drain(const Call&) {
  return order(Order::Kind::cancel_drain);
}

Response order_leave(const Call& call) {
  const auto wait = call.query.get("wait");
  if (!wait) return order(Order::Kind::leave);
  auto timeout = read_timeout(*wait, "wait");
  return timeout ? order(Order::Kind::leave, *timeout) : std::move(timeout).error();
}

}  // namespace ringside::api
