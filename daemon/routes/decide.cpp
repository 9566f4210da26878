#include "daemon/routes/decide.hpp"

#include <algorithm>
#include <utility>

#include "daemon/routes/header_key.hpp"

namespace ringside::routes {
namespace {

using Kind = Decision::Kind;

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

// The route has taken it; what is left to find is its key.
Decision by_entry(const http::RequestHead& head, const Entry& entry, const Values& values) {
  Decision decision{Kind::key, &entry};
  const Found found = entry.key ? entry.key->make(head, values, decision.text) : Found::no;
  if (found == Found::yes) return decision;
  if (found == Found::bad) return {Kind::bad_key, &entry, name_of(entry) + ": " + decision.text};
  switch (entry.rule.missing) {
    case Missing::reject: break;
    case Missing::local: return {Kind::local, &entry};
    case Missing::random: return {Kind::random, &entry};
  }
  return {Kind::missing_key, &entry,
          name_of(entry) + " takes its key from the " + decision.text + ", which is not there"};
}

std::string no_key(const http::RequestHead& head, const Table& table) {
  const auto count = table.entries().size();
  const std::string no_header = "the request has no Ringside-Key header";
  if (count == 0) return no_header;
  return (count == 1 ? "the only route does not match "
                     : "none of the " + std::to_string(count) + " routes matches ") +
         std::string(head.method) + " " + std::string(path_of(head.target)) + ", and " + no_header;
}

}  // namespace

std::string name_of(const Entry& entry) {
  return "route " + std::to_string(entry.number) + " (" + entry.rule.match + ")";
}

Decision decide(const http::RequestHead& head, const std::vector<std::string>& hosts, const Table& table) {
  if (!answers_for(hosts, head))
    return {Kind::wrong_host, nullptr,
            "'" + std::string(head.authority) + "' is not among ingress.hosts of this node"};
  Values values;
  if (const Entry* entry = table.find(head, values)) return by_entry(head, *entry, values);
  auto named = header_key(head);
  if (named.found == Found::yes) {
    auto fault = key_fault(named.text);
    if (fault.empty()) return {Kind::key, nullptr, std::move(named.text)};
    return {Kind::bad_key, nullptr, std::move(fault)};
  }
  if (named.found == Found::bad) return {Kind::bad_key, nullptr, std::move(named.text)};
  if (head.target == "*") return {Kind::server, nullptr};
  return {Kind::missing_key, nullptr, no_key(head, table)};
}

}  // namespace ringside::routes
