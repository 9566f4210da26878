#include "daemon/routes/host_names.hpp"

#include "proto/http/message.hpp"

namespace ringside::routes {

HostAndPort host_and_port(std::string_view authority) noexcept {
  HostAndPort parts{authority, {}};
  const auto colon = authority.rfind(':');
  if (colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos)
    parts = {authority.substr(0, colon), authority.substr(colon + 1)};
  if (parts.host.ends_with('.')) parts.host.remove_suffix(1);
  return parts;
}

bool is_host(std::string_view host, std::string_view known) noexcept {
  if (!known.starts_with("*.")) return http::equals_ignore_case(host, known);
  known.remove_prefix(1);
  return host.size() > known.size() &&
         http::equals_ignore_case(host.substr(host.size() - known.size()), known);
}

}  // namespace ringside::routes
