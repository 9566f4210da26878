// The table of pages and the way to them. Health, metrics and the front page are short enough to stand here.
#include "daemon/api/api.hpp"

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "daemon/api/reads.hpp"

namespace ringside::api {
namespace {

using Json = nlohmann::ordered_json;

Response no_content() {
  Response response;
  response.status = 204;
  response.content_type.clear();
  return response;
}

std::string phase_reason(const View& view) {
  return view.phase_reason.empty() ? "the node is " + std::string(phase_name(view.phase)) : view.phase_reason;
}

// Empty: the app does not stand in the way.
std::string app_reason(const View& view) {
  const AppView& app = view.app;
  if (!app.required || app.state == AppState::none || app.state == AppState::up) return "";
  const std::string how = app.state == AppState::starting     ? " has not come up yet"
                          : app.state == AppState::restarting ? " restarts, down since " + rfc3339(app.since)
                                                              : " is down since " + rfc3339(app.since);
  return "the app at " + view.app_address + how + (app.reason.empty() ? "" : ": " + app.reason);
}

Response not_ready(const View& view, std::vector<std::string> reasons) {
  Json body;
  body["ready"] = false;
  body["phase"] = phase_name(view.phase);
  body["reasons"] = std::move(reasons);
  Response response;
  response.status = 503;
  response.body = body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  const Code code = view.phase == Phase::draining  ? Code::draining
                    : view.phase == Phase::joining ? Code::not_joined
                                                   : Code::app_down;
  response.headers.emplace_back("Ringside-Error", row(code).name);
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

Response live_page(const Call&) {
  return no_content();
}

Response ready_page(const Call& call) {
  const View& view = call.context.view;
  std::vector<std::string> reasons;
  if (view.phase != Phase::ready) reasons.push_back(phase_reason(view));
  if (auto reason = app_reason(view); !reason.empty()) reasons.push_back(std::move(reason));
  return reasons.empty() ? no_content() : not_ready(view, std::move(reasons));
}

// Can the app send calls out through this node? A leaving node still forwards what its own app asks for.
Response outbound_page(const Call& call) {
  const View& view = call.context.view;
  return view.phase == Phase::joining ? not_ready(view, {phase_reason(view)}) : no_content();
}

Response metrics_page(const Call& call) {
  Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = obs::render_prometheus(call.context.metrics, RINGSIDE_VERSION);
  return response;
}

Response openapi_page(const Call&) {
  Response response;
  response.body = openapi_json();
  return response;
}

Response front_page(const Call& call) {
  const View& view = call.context.view;
  Response response;
  response.content_type = "text/plain; charset=utf-8";
  response.body = "ringside " RINGSIDE_VERSION ", node " + view.name + " of cluster " + view.cluster + ": " +
                  std::string(phase_name(view.phase)) + "\n\n" +
                  R"(ANY  /v1/route/{key}/{path}   to the app that owns the key
ANY  any path, with the header Ringside-Key: the same
ANY  /v1/local/{path}         to this node's own app
GET  /v1/lookup/{key}         who owns it (?n=3, ?explain=true; also ?key=, and POST {"keys": [..]})
GET  /v1/ring                 the ring (?points=true)
GET  /v1/members              who is there (?status=alive, ?label=zone==eu), /v1/members/{name}
GET  /v1/self                 this node
GET  /v1/app                  its app, and how it is
GET  /v1/livez  /v1/readyz  /v1/outboundz
GET  /metrics                 for Prometheus
GET  /openapi.json            all of this, for machines
)";
  return response;
}

using Page = Response (*)(const Call&);
struct Route {
  std::string_view
      path;  // one that ends in '/' takes whatever stands behind it, one that does not takes nothing
  Page get;
  Page post = nullptr;
};
constexpr std::array routes{
    Route{"/v1/lookup/", lookup_by_path}, Route{"/v1/lookup", lookup_by_query, lookup_many},
    Route{"/v1/ring", ring_page},         Route{"/v1/members/", member_page},
    Route{"/v1/members", members_page},   Route{"/v1/self", self_page},
    Route{"/v1/app", app_page},           Route{"/v1/livez", live_page},
    Route{"/livez", live_page},           Route{"/v1/readyz", ready_page},
    Route{"/readyz", ready_page},         Route{"/v1/outboundz", outbound_page},
    Route{"/outboundz", outbound_page},   Route{"/metrics", metrics_page},
    Route{"/openapi.json", openapi_page},
};

bool matches(const Route& route, std::string_view path) {
  return route.path.ends_with('/') ? path.starts_with(route.path) : path == route.path;
}

Response serve(const Context& context, const Request& request, const Route& route) {
  const bool read = request.method == "GET" || request.method == "HEAD";
  const Page page = read ? route.get : request.method == "POST" ? route.post : nullptr;
  if (page == nullptr) {
    Response refusal = problem(Code::method_not_allowed,
                               std::string(request.method) + " is not for " + std::string(request.path));
    refusal.headers.emplace_back("Allow", route.post != nullptr ? "GET, HEAD, POST" : "GET, HEAD");
    return refusal;
  }
  const auto query = Query::parse(request.query);
  if (!query) return problem(Code::bad_request, query.error());
  return page({context, request, *query, request.path.substr(route.path.size())});
}

}  // namespace

Response handle(const Context& context, const Request& request) {
  if (request.path == "*" && request.method == "OPTIONS")
    return no_content();  // OPTIONS *: is anybody there? (RFC 9110 9.3.7)
  if (request.path == "/") return serve(context, request, Route{"/", front_page});
  for (const Route& route : routes)
    if (matches(route, request.path)) return serve(context, request, route);
  return problem(Code::not_found, "the API of ringside has no page " + std::string(request.path) +
                                      ", and without a key the request is for no app");
}

}  // namespace ringside::api
