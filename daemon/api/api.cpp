// The table of pages and the way to them. Health, metrics and the front page are short enough to stand here.
#include "daemon/api/api.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "daemon/api/reads.hpp"
#include "daemon/base/limits.hpp"
#include "daemon/base/text.hpp"

namespace ringside::api {
namespace {

using Json = nlohmann::ordered_json;

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
  return "the app at " + view.app_settings.address + how + (app.reason.empty() ? "" : ": " + app.reason);
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
                    : view.name_conflict.empty()   ? Code::app_down
                                                   : Code::name_conflict;
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
  if (!view.name_conflict.empty()) reasons.push_back(view.name_conflict);
  if (auto reason = app_reason(view); !reason.empty()) reasons.push_back(std::move(reason));
  return reasons.empty() ? no_content() : not_ready(view, std::move(reasons));
}

// Can the app send calls out through this node? A leaving node still forwards what its own app asks for.
Response outbound_page(const Call& call) {
  const View& view = call.context.view;
  return view.phase == Phase::joining ? not_ready(view, {phase_reason(view)}) : no_content();
}

Response metrics_page(const Call& call) {
  if (!call.context.view.serves_metrics)
    return problem(Code::not_found, "metrics are switched off here (observability.metrics)");
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
ANY  /v1/nodes/{name}/{path}  to the app of that node
GET  /v1/lookup/{key}         who owns it (?n=3, ?explain=true; also ?key=, and POST {"keys": [..]})
GET  /v1/owners/{key}         asks all members whom they take for its owner
GET  /v1/ring                 the ring (?points=true)
GET  /v1/ring/ranges          what this node owns (?node=NAME)
POST /v1/ring/plan            what would move: {"add": [{"name": "d"}], "remove": ["b"]}
GET  /v1/members              who is there (?status=alive, ?label=zone==eu), /v1/members/{name}
GET  /v1/self                 this node (PATCH: {"labels": {"zone": "eu"}, "weight": 2})
GET  /v1/app                  its app, and how it is (PUT: {"address": "127.0.0.1:5000"}, DELETE: none)
GET  /v1/events               what happens, as it happens (?types=ring-*,member-*, ?follow=false)
GET  /v1/stats                for whom requests are, and the hot keys
GET  /v1/logs                 the last lines of the log (?follow=true, ?level=debug)
POST /v1/drain                out of the ring, what is under way ends (GET: how far it is, DELETE: back)
POST /v1/leave                the same, then the daemon ends (?wait=30s)
GET  /v1/config               the configuration in force
POST /v1/reload               the configuration file again, as SIGHUP does
PUT  /v1/log-level            what is logged from now on: {"level": "debug"}
GET  /v1/keyring              who has which cluster key (POST, PUT .../primary, DELETE .../{id} change them)
GET  /v1/partitions           asks all members whether they see the same cluster
POST /v1/join /v1/heal /v1/reap, DELETE /v1/members/{name}
GET  /v1/livez  /v1/readyz  /v1/outboundz
GET  /metrics                 for Prometheus
GET  /openapi.json            all of this, for machines
With ?index=N (from Ringside-Index) and &wait=30s, a read waits until something has changed.
)";
  return response;
}

using Page = Response (*)(const Call&);
struct Route {
  std::string_view
      path;  // one that ends in '/' takes whatever stands behind it, one that does not takes nothing
  Page get = nullptr;
  Page post = nullptr;
  Page erase = nullptr;  // DELETE
  Page put = nullptr;
  Page patch = nullptr;
  Role to_read = Role::read;
  Role to_write = Role::ops;   // by any other method
  bool takes_secrets = false;  // its POST does
  bool telemetry = false;      // it is on listen.telemetry as well
  bool polled = false;         // its GET carries Ringside-Index, and waits for another one with ?index=
};
constexpr std::array routes{
    Route{.path = "/v1/lookup/", .get = lookup_by_path, .polled = true},
    Route{.path = "/v1/lookup",
          .get = lookup_by_query,
          .post = lookup_many,
          .to_write = Role::app,
          .polled = true},
    Route{"/v1/owners/", order_owners_by_path},
    Route{"/v1/owners", order_owners_by_query},
    Route{.path = "/v1/ring", .get = ring_page, .polled = true},
    Route{.path = "/v1/ring/ranges", .get = ranges_page, .polled = true},
    Route{
        .path = "/v1/ring/plan", .get = nullptr, .post = plan_page, .to_write = Role::read},  // moves nothing
    Route{.path = "/v1/members/", .get = member_page, .erase = order_evict, .polled = true},
    Route{.path = "/v1/members", .get = members_page, .polled = true},
    Route{.path = "/v1/self",
          .get = self_page,
          .patch = order_self,
          .to_write = Role::app,  // who it is for says what it is
          .polled = true},
    Route{.path = "/v1/app", .get = app_page, .erase = order_no_app, .put = order_app, .polled = true},
    Route{.path = "/v1/faults", .get = faults_page, .to_read = Role::ops},
    Route{.path = "/v1/faults/", .erase = order_no_fault, .put = order_fault},
    Route{"/v1/events", events_page},
    Route{"/v1/stats", stats_page},
    Route{.path = "/v1/logs", .get = logs_page, .to_read = Role::ops},
    Route{.path = "/v1/livez", .get = live_page, .telemetry = true},
    Route{.path = "/livez", .get = live_page, .telemetry = true},
    Route{.path = "/v1/readyz", .get = ready_page, .telemetry = true},
    Route{.path = "/readyz", .get = ready_page, .telemetry = true},
    Route{.path = "/v1/outboundz", .get = outbound_page, .telemetry = true},
    Route{.path = "/outboundz", .get = outbound_page, .telemetry = true},
    Route{.path = "/metrics", .get = metrics_page, .telemetry = true},
    Route{"/openapi.json", openapi_page},
    Route{.path = "/v1/drain",
          .get = drain_page,
          .post = order_drain,
          .erase = order_cancel_drain,
          .polled = true},
    Route{.path = "/v1/leave", .post = order_leave},
    Route{.path = "/v1/join", .post = order_join},
    Route{.path = "/v1/reap", .post = order_reap},
    Route{.path = "/v1/heal", .post = order_heal},
    Route{.path = "/v1/partitions", .get = order_partitions},
    Route{.path = "/v1/config", .get = config_page},
    Route{.path = "/v1/reload", .post = order_reload},
    Route{.path = "/v1/log-level", .put = order_log_level},
    Route{.path = "/v1/keyring",
          .get = order_keyring_list,
          .post = order_keyring_install,
          .to_read = Role::ops,
          .takes_secrets = true},
    Route{.path = "/v1/keyring/primary", .put = order_keyring_use, .to_read = Role::ops},
    Route{.path = "/v1/keyring/", .erase = order_keyring_remove, .to_read = Role::ops},
};

bool matches(const Route& route, std::string_view path) {
  return route.path.ends_with('/') ? path.starts_with(route.path) : path == route.path;
}

// Consul's convention: ?index= is what the asker knows already. Any other index than ours is answered at
// once, a greater one too: it is another node's, or of a life with a faster clock. Nothing: answer now.
std::optional<Response> long_poll(const Context& context, const Query& query) {
  const auto known = query.get("index");
  if (!known) return std::nullopt;
  const auto index = parse_integer(*known);
  if (!index || *index < 0)
    return problem(Code::bad_request,
                   "index is a number from an answer's Ringside-Index, not '" + std::string(*known) + "'");
  const std::string_view text = query.get("wait").value_or("");
  const auto wait = text.empty() ? Result<Millis, std::string>(limits::long_poll_time) : parse_duration(text);
  if (!wait) return problem(Code::bad_request, "wait: " + wait.error());
  if (context.waited || static_cast<std::uint64_t>(*index) != context.view.index) return std::nullopt;
  if (context.polls_full)
    return no_room(Later::poll, std::to_string(limits::long_polls) +
                                    " reads wait for a change on this worker, which is all it takes");
  Response later;
  later.later = Later::poll;
  later.wait = std::min(*wait, Millis(limits::long_poll_time_max));
  return later;
}

bool is_read(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS";
}

Page page_for(const Route& route, std::string_view method) {
  if (method == "GET" || method == "HEAD") return route.get;
  if (method == "POST") return route.post;
  if (method == "PUT") return route.put;
  if (method == "PATCH") return route.patch;
  return method == "DELETE" ? route.erase : nullptr;
}

std::string allowed(const Route& route) {
  std::string all;
  for (const auto& [page, methods] :
       {std::pair{route.get, "GET, HEAD"}, std::pair{route.post, "POST"}, std::pair{route.put, "PUT"},
        std::pair{route.patch, "PATCH"}, std::pair{route.erase, "DELETE"}})
    if (page != nullptr) all += (all.empty() ? "" : ", ") + std::string(methods);
  return all;
}

Response serve(const Context& context, const Request& request, const Route& route) {
  const Page page = page_for(route, request.method);
  if (page == nullptr) {
    Response refusal = problem(Code::method_not_allowed,
                               std::string(request.method) + " is not for " + std::string(request.path));
    refusal.headers.emplace_back("Allow", allowed(route));
    return refusal;
  }
  const auto query = Query::parse(request.query);
  if (!query) return problem(Code::bad_request, query.error());
  if (route.polled && page == route.get)
    if (auto answer = long_poll(context, *query)) return std::move(*answer);
  return page({context, request, *query, request.path.substr(route.path.size())});
}

}  // namespace

Role role_needed(std::string_view method, std::string_view path) noexcept {
  for (const Route& route : routes)
    if (matches(route, path)) return is_read(method) ? route.to_read : route.to_write;
  return Role::read;
}

bool takes_secrets(std::string_view method, std::string_view path) noexcept {
  return method == "POST" && std::ranges::any_of(routes, [path](const Route& route) {
           return route.takes_secrets && matches(route, path);
         });
}

bool is_telemetry(std::string_view path) noexcept {
  return std::ranges::any_of(routes,
                             [path](const Route& route) { return route.telemetry && matches(route, path); });
}

Response no_content() {
  Response response;
  response.status = 204;
  response.content_type.clear();
  return response;
}

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
