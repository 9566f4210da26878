#include "daemon/worker/route.hpp"

#include <algorithm>

#include "daemon/base/limits.hpp"
#include "daemon/base/text.hpp"
#include "proto/http/syntax.hpp"

namespace ringside::worker {
namespace {

constexpr std::string_view key_field = "ringside-key";
constexpr std::string_view binary_key_field = "ringside-key-bin";
constexpr std::string_view route_prefix = "/v1/route";
constexpr std::string_view local_prefix = "/v1/local";

Route refused(api::Code code, std::string detail) {
  Route result;
  result.kind = Route::Kind::refused;
  result.problem = {.code = code, .detail = std::move(detail)};
  return result;
}

Route keyed(std::string key, std::string target) {
  if (key.empty()) return refused(api::Code::bad_key, "the key is empty");
  if (key.size() > limits::key_bytes)
    return refused(api::Code::bad_key, "the key has " + std::to_string(key.size()) + " bytes, the limit is " +
                                           std::to_string(limits::key_bytes));
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

bool is_key(const http::Field& field) {
  return http::equals_ignore_case(field.name, key_field) ||
         http::equals_ignore_case(field.name, binary_key_field);
}

// Several keys in one request: whichever we took, some other proxy or the app might take the other one.
Route by_header(const http::RequestHead& head, const http::Field& key) {
  if (std::count_if(head.fields.begin(), head.fields.end(), is_key) > 1)
    return refused(api::Code::bad_key, "the request has more than one Ringside-Key");
  if (http::equals_ignore_case(key.name, key_field))
    return keyed(std::string(key.value), std::string(head.target));
  auto bytes = decode_base64(key.value);
  if (!bytes) return refused(api::Code::bad_key, "the Ringside-Key-Bin is not base64");
  return keyed(std::move(*bytes), std::string(head.target));
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

// Without the port and the dot of a full name.
std::string_view host_of(std::string_view authority) {
  const auto colon = authority.rfind(':');
  if (colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos)
    authority = authority.substr(0, colon);
  if (authority.ends_with('.')) authority.remove_suffix(1);
  return authority;
}

bool is_host(std::string_view host, std::string_view known) {
  if (!known.starts_with("*.")) return http::equals_ignore_case(host, known);
  known.remove_prefix(1);
  return host.size() > known.size() &&
         http::equals_ignore_case(host.substr(host.size() - known.size()), known);
}

// HTTP/1.0 knows no Host: who sends none is no browser that was led here under another name.
bool answers_for(const std::vector<std::string>& hosts, const http::RequestHead& head) {
  if (hosts.empty() || (head.http10 && head.authority.empty())) return true;
  const auto host = host_of(head.authority);
  return std::any_of(hosts.begin(), hosts.end(), [host](const auto& known) { return is_host(host, known); });
}

}  // namespace

Route route(const http::RequestHead& head) {
  const auto key = std::find_if(head.fields.begin(), head.fields.end(), is_key);
  if (key != head.fields.end()) return by_header(head, *key);
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

Route ingress_route(const http::RequestHead& head, const config::Config& config) {
  if (!answers_for(config.ingress.hosts, head))
    return refused(api::Code::wrong_host,
                   "'" + std::string(head.authority) + "' is not among ingress.hosts of this node");
  const auto key = std::find_if(head.fields.begin(), head.fields.end(), is_key);
  if (key != head.fields.end()) return by_header(head, *key);
  if (head.target == "*") return {};  // OPTIONS *: about no resource, so for no app
  return refused(api::Code::missing_key, "the request has no Ringside-Key header");
}

Route route_of(const http::RequestHead& head, const Client& client, const config::Config& config) {
  return client.listener == Listener::ingress ? ingress_route(head, config) : route(head);
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
