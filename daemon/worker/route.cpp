#include "daemon/worker/route.hpp"

#include <array>
#include <utility>

#include "daemon/api/api.hpp"
#include "daemon/routes/header_key.hpp"
#include "daemon/worker/web_guard.hpp"
#include "proto/http/syntax.hpp"

namespace ringside::worker {
namespace {

constexpr std::string_view route_prefix = "/v1/route";
constexpr std::string_view local_prefix = "/v1/local";
constexpr std::string_view nodes_prefix = "/v1/nodes";

void refuse(Route& out, api::Code code, std::string detail) {
  out.kind = Route::Kind::refused;
  out.problem = {.code = code, .detail = std::move(detail)};
}

// out.key is there and decoded.
void check_key(Route& out) {
  out.kind = Route::Kind::key;
  if (auto fault = routes::key_fault(out.key); !fault.empty())
    refuse(out, api::Code::bad_key, std::move(fault));
}

// What is behind the key, the name or "/v1/local": "" and "?q" mean the app's root.
void set_app_target(std::string_view rest, Route& out) {
  out.target.assign(rest.starts_with('/') ? "" : "/").append(rest);
}

// Of "/{segment}/{path}?q", and takes it away.
std::string_view take_segment(std::string_view& rest) {
  rest.remove_prefix(1);
  const auto segment = rest.substr(0, rest.find_first_of("/?"));
  rest.remove_prefix(segment.size());
  return segment;
}

bool names_nothing(std::string_view rest) {
  return rest.empty() || rest == "/" || rest.starts_with('?') || rest.starts_with("/?");
}

void by_path(std::string_view rest, Route& out) {
  if (names_nothing(rest))
    return refuse(out, api::Code::missing_key, "the path names no key: /v1/route/{key}/{path}");
  if (!rest.starts_with('/')) return;  // /v1/routes is no business of ours
  const auto segment = take_segment(rest);
  if (!http::percent_decode(segment, out.key))
    return refuse(out, api::Code::bad_key,
                  "the key '" + std::string(segment) + "' holds a % that is not followed by two hex digits");
  set_app_target(rest, out);
  check_key(out);
}

void by_node(std::string_view rest, Route& out) {
  if (names_nothing(rest) || rest.starts_with("//"))
    return refuse(out, api::Code::unknown_node, "the path names no node: /v1/nodes/{name}/{path}");
  if (!rest.starts_with('/')) return;
  const auto segment = take_segment(rest);
  if (!http::percent_decode(segment, out.node))
    return refuse(out, api::Code::bad_request,
                  "the name '" + std::string(segment) + "' holds a % that is not followed by two hex digits");
  out.kind = Route::Kind::node;
  set_app_target(rest, out);
}

void start_over(Route& out) {
  out.kind = Route::Kind::api;
  out.key.clear();
  out.node.clear();
  out.target.clear();
  out.entry = nullptr;
  out.upgrades = Upgrades::websocket;
  out.authorization_is_ours = false;
}

// Of a request for the API.
std::string_view page_of(const http::RequestHead& head) {
  return head.target.substr(0, head.target.find('?'));
}

// What a request for this place takes.
Role role_needed(const http::RequestHead& head, Route::Kind kind) {
  return kind == Route::Kind::api ? api::role_needed(head.method, page_of(head)) : Role::app;
}

void refuse_role(const ApiAccess::Verdict& verdict, Role needed, Route& out) {
  static constexpr std::array<std::string_view, 4> names = {"none", "read", "app", "ops"};
  const std::string wanted(names[static_cast<std::size_t>(needed)]);
  if (verdict.wrong_token) return refuse(out, api::Code::unauthorized, "the token is none of this node's");
  if (verdict.role == Role::none)
    return refuse(out, api::Code::unauthorized, "a token of the role " + wanted + " is needed here");
  refuse(out, api::Code::forbidden,
         "the role " + wanted + " is needed, and this is " +
             std::string(names[static_cast<std::size_t>(verdict.role)]));
}

}  // namespace

void api_route(const http::RequestHead& head, Route& out) {
  start_over(out);
  switch (routes::header_key(head, out.key)) {
    case routes::Found::no: break;
    case routes::Found::bad: return refuse(out, api::Code::bad_key, out.key);
    case routes::Found::yes: out.target = head.target; return check_key(out);
  }
  if (head.target.starts_with(route_prefix)) return by_path(head.target.substr(route_prefix.size()), out);
  if (head.target.starts_with(nodes_prefix)) return by_node(head.target.substr(nodes_prefix.size()), out);
  if (!head.target.starts_with(local_prefix)) return;
  const auto rest = head.target.substr(local_prefix.size());
  if (!rest.empty() && rest.front() != '/' && rest.front() != '?') return;
  out.kind = Route::Kind::local;
  set_app_target(rest, out);
}

std::string_view upgrade_of(const http::RequestHead& head, Upgrades permitted) {
  if (head.upgrade.empty() || permitted == Upgrades::none || head.method != "GET") return {};
  for (auto rest = head.upgrade; !rest.empty();) {
    const auto protocol = http::next_element(rest);
    if (http::equals_ignore_case(protocol, "websocket")) {
      if (http::find(head.fields, "sec-websocket-key") && http::find(head.fields, "sec-websocket-version"))
        return protocol;
    } else if (permitted == Upgrades::any && http::all_of(protocol, http::token_byte) &&
               !http::equals_ignore_case(protocol, "h2c")) {
      return protocol;
    }
  }
  return {};
}

void ingress_route(const http::RequestHead& head, const config::Config& config, const routes::Table& table,
                   Route& out) {
  using Kind = routes::Decision::Kind;
  start_over(out);
  auto& decision = out.decision;
  routes::decide(head, config.ingress.hosts, table, decision);
  switch (decision.kind) {
    case Kind::server: return;
    case Kind::wrong_host: return refuse(out, api::Code::wrong_host, decision.text);
    case Kind::missing_key: return refuse(out, api::Code::missing_key, decision.text);
    case Kind::bad_key: return refuse(out, api::Code::bad_key, decision.text);
    case Kind::key:
      out.kind = Route::Kind::key;
      out.key = decision.text;
      break;
    case Kind::local: out.kind = Route::Kind::local; break;
    case Kind::random: out.kind = Route::Kind::any; break;
  }
  out.entry = decision.entry;
  if (out.entry != nullptr) out.upgrades = out.entry->rule.upgrade ? Upgrades::any : Upgrades::none;
  out.target = head.target;
}

void telemetry_route(const http::RequestHead& head, Route& out) {
  start_over(out);
  if (!api::is_telemetry(page_of(head)))
    refuse(out, api::Code::not_found, "listen.telemetry has the health pages and /metrics, and nothing else");
}

void route_of(const http::RequestHead& head, const Client& client, const config::Config& config,
              const routes::Table& table, Route& out) {
  switch (client.listener) {
    case Listener::ingress: return ingress_route(head, config, table, out);
    case Listener::telemetry: return telemetry_route(head, out);
    case Listener::api: break;
  }
  const auto verdict =
      client.access != nullptr ? client.access->judge(head, client.caller) : ApiAccess::Verdict{};
  if (client.guard != nullptr && !verdict.by_token) {
    if (const auto problem = client.guard->refusal(head)) {
      start_over(out);
      return refuse(out, problem->code, problem->detail);
    }
  }
  api_route(head, out);
  out.authorization_is_ours = verdict.authorization;
  if (out.kind == Route::Kind::refused) return;
  const Role needed = role_needed(head, out.kind);
  if (verdict.wrong_token || verdict.role < needed) return refuse_role(verdict, needed, out);
  if (out.kind == Route::Kind::api && !client.caller.is_local && !client.secured &&
      api::takes_secrets(head.method, page_of(head)))
    refuse(out, api::Code::forbidden,
           "a secret is not taken over a connection that others can read; ask at https://, or on the node "
           "itself, at its unix socket or a listener on the loopback");
}

void encode_key(std::string_view key, std::string& out) {
  static constexpr char hex[] = "0123456789ABCDEF";
  out.clear();
  out.reserve(key.size());
  for (const char c : key) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && c != '%') {
      out += c;
    } else {
      out += '%';
      out += hex[byte >> 4];
      out += hex[byte & 15];
    }
  }
}

}  // namespace ringside::worker
