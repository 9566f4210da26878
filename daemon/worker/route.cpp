#include "daemon/worker/route.hpp"

#include <optional>
#include <utility>

#include "daemon/routes/decide.hpp"
#include "daemon/routes/header_key.hpp"
#include "proto/http/syntax.hpp"

namespace ringside::worker {
namespace {

constexpr std::string_view route_prefix = "/v1/route";
constexpr std::string_view local_prefix = "/v1/local";

Route refused(api::Code code, std::string detail) {
  Route result;
  result.kind = Route::Kind::refused;
  result.problem = {.code = code, .detail = std::move(detail)};
  return result;
}

Route keyed(std::string key, std::string target) {
  if (auto fault = routes::key_fault(key); !fault.empty())
    return refused(api::Code::bad_key, std::move(fault));
  Route result;
  result.kind = Route::Kind::key;
  result.key = std::move(key);
  result.target = std::move(target);
  return result;
}

// What is behind the key or "/v1/local": "" and "?q" mean the app's root.
std::string app_target(std::string_view rest) {
  return rest.starts_with('/') ? std::string(rest) : "/" + std::string(rest);
}

// With its key in a header; nothing: it has none there.
std::optional<Route> by_header(const http::RequestHead& head) {
  auto own = routes::header_key(head);
  switch (own.found) {
    case routes::Found::no: return std::nullopt;
    case routes::Found::bad: return refused(api::Code::bad_key, std::move(own.text));
    case routes::Found::yes: break;
  }
  return keyed(std::move(own.text), std::string(head.target));
}

Route by_path(std::string_view rest) {
  if (rest.empty() || rest == "/" || rest.starts_with('?') || rest.starts_with("/?"))
    return refused(api::Code::missing_key, "the path names no key: /v1/route/{key}/{path}");
  if (!rest.starts_with('/')) return {};  // /v1/routes is no business of ours
  rest.remove_prefix(1);
  const auto end = rest.find_first_of("/?");
  const auto segment = rest.substr(0, end);
  auto key = http::percent_decode(segment);
  if (!key)
    return refused(api::Code::bad_key,
                   "the key '" + std::string(segment) + "' holds a % that is not followed by two hex digits");
  return keyed(std::move(*key),
               app_target(end == std::string_view::npos ? std::string_view() : rest.substr(end)));
}

}  // namespace

Route route(const http::RequestHead& head) {
  if (auto named = by_header(head)) return std::move(*named);
  if (head.target.starts_with(route_prefix)) return by_path(head.target.substr(route_prefix.size()));
  if (head.target.starts_with(local_prefix)) {
    const auto rest = head.target.substr(local_prefix.size());
    if (rest.empty() || rest.front() == '/' || rest.front() == '?') {
      Route result;
      result.kind = Route::Kind::local;
      result.target = app_target(rest);
      return result;
    }
  }
  return {};
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

Route ingress_route(const http::RequestHead& head, const config::Config& config, const routes::Table& table) {
  using Kind = routes::Decision::Kind;
  auto decision = routes::decide(head, config.ingress.hosts, table);
  Route result;
  switch (decision.kind) {
    case Kind::server: return result;
    case Kind::wrong_host: return refused(api::Code::wrong_host, std::move(decision.text));
    case Kind::missing_key: return refused(api::Code::missing_key, std::move(decision.text));
    case Kind::bad_key: return refused(api::Code::bad_key, std::move(decision.text));
    case Kind::key:
      result.kind = Route::Kind::key;
      result.key = std::move(decision.text);
      break;
    case Kind::local: result.kind = Route::Kind::local; break;
    case Kind::random: result.kind = Route::Kind::any; break;
  }
  result.entry = decision.entry;
  if (result.entry != nullptr) result.upgrades = result.entry->rule.upgrade ? Upgrades::any : Upgrades::none;
  result.target = head.target;
  return result;
}

Route route_of(const http::RequestHead& head, const Client& client, const config::Config& config,
               const routes::Table& table) {
  return client.listener == Listener::ingress ? ingress_route(head, config, table) : route(head);
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
