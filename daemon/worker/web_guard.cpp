#include "daemon/worker/web_guard.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>

#include "daemon/base/network.hpp"
#include "daemon/routes/host_names.hpp"

namespace ringside::worker {
namespace {

std::string machine_name() {
  std::array<char, 256> buffer{};
  return ::gethostname(buffer.data(), buffer.size() - 1) == 0 ? buffer.data() : "";
}

// As it stands in a Host field.
std::string in_brackets(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

// A copy of an address this short needs no memory of its own.
bool in_network(const Network& network, std::string_view host) {
  constexpr std::size_t longest = 15;  // 255.255.255.255
  return host.size() <= longest && network.contains(std::string(host));
}

bool is_loopback(std::string_view host) {
  static const Network loopback = *Network::parse("127.0.0.0/8");
  return host == "[::1]" || in_network(loopback, host);
}

// No name, so nobody else's name for us. The unspecified address is what nobody dials but those who try.
bool is_address(std::string_view host) {
  static const Network all = *Network::parse("0.0.0.0/0");
  if (host.starts_with('[')) return host != "[::]";
  return host != "0.0.0.0" && in_network(all, host);
}

bool is_same_origin(std::string_view origin, std::string_view scheme, std::string_view authority) {
  return !authority.empty() && origin.starts_with(scheme) &&
         http::equals_ignore_case(origin.substr(scheme.size()), authority);
}

bool is_other_site(std::string_view fetch_site) {
  return http::equals_ignore_case(fetch_site, "cross-site") ||
         http::equals_ignore_case(fetch_site, "same-site");
}

}  // namespace

WebGuard::WebGuard(const config::Config& config, const Address& listener, const std::string& advertised)
    : scheme_(listener.tls ? "https://" : "http://"), origins_(config.security.api_origins) {
  if (listener.is_unix()) {
    any_host_ = true;  // no browser gets there
    return;
  }
  port_ = std::to_string(listener.port);
  any_address_ = listener.is_wildcard();  // whichever this machine has, or is reached by from outside
  add_name("127.0.0.1");                  // first what is asked for most
  add_name("localhost");
  add_name(config.node.name);
  add_name(machine_name());
  for (const auto& text : {advertised, config.advertise})
    if (const auto address = parse_address(text, 1)) add_name(in_brackets(address->host));
  if (!listener.is_wildcard()) add_name(in_brackets(listener.host));
  for (const auto& known : config.security.api_hosts) {
    if (known == "*") {
      any_host_ = true;
    } else if (routes::host_and_port(known).port.empty()) {
      add_name(known);
    } else {
      exact_.push_back(known);
    }
  }
}

void WebGuard::add_name(const std::string& name) {
  if (!name.empty() && std::ranges::find(names_, name) == names_.end()) names_.push_back(name);
}

std::optional<api::Problem> WebGuard::refusal(const http::RequestHead& head) const {
  if (!is_own(head)) return wrong_host(head.authority);
  bool invited = false, other_site = false;
  for (const auto& [name, value, known] : head.fields) {
    if (known == http::Name::origin) {
      const bool listed = is_listed(value);
      if (!listed && !is_same_origin(value, scheme_, head.authority))
        return api::Problem{.code = api::Code::wrong_origin,
                            .detail = "the Origin '" + std::string(value) +
                                      "' is neither this listener's own nor in security.api_origins"};
      invited = invited || listed;
    } else if (known == http::Name::sec_fetch_site) {
      other_site = other_site || is_other_site(value);
    }
  }
  if (!other_site || invited) return std::nullopt;
  return api::Problem{.code = api::Code::wrong_origin,
                      .detail =
                          "Sec-Fetch-Site says that a page of another origin asks, and no Origin in "
                          "security.api_origins comes with it"};
}

// HTTP/1.0 knows no Host: who sends none is no browser.
bool WebGuard::is_own(const http::RequestHead& head) const {
  if (any_host_ || (head.http10 && head.authority.empty())) return true;
  const auto asked = routes::host_and_port(head.authority);
  if ((asked.port.empty() || asked.port == port_) && is_own_name(asked.host)) return true;
  return std::ranges::any_of(exact_, [&asked](const auto& text) {
    const auto known = routes::host_and_port(text);
    return asked.port == known.port && routes::is_host(asked.host, known.host);
  });
}

bool WebGuard::is_own_name(std::string_view host) const {
  return std::ranges::any_of(names_, [&](const auto& name) { return routes::is_host(host, name); }) ||
         is_loopback(host) || (any_address_ && is_address(host));
}

api::Problem WebGuard::wrong_host(std::string_view authority) const {
  const std::string shown = "'" + std::string(authority) + "'";
  const std::string remedy = "; if it leads here, add it to security.api_hosts (--security-api-hosts)";
  std::string detail;
  if (authority.empty())
    detail = "the request names no host; localhost will do";
  else if (is_own_name(routes::host_and_port(authority).host))
    detail = shown + " has another port than this listener, " + port_ + remedy;
  else
    detail = shown + " is none of this node's host names" + remedy;
  return {.code = api::Code::wrong_host, .detail = std::move(detail)};
}

bool WebGuard::is_listed(std::string_view origin) const {
  return std::ranges::any_of(origins_,
                             [&](const auto& known) { return http::equals_ignore_case(origin, known); });
}

}  // namespace ringside::worker
