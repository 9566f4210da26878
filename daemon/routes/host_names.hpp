// Which host a request asks for, and whether that is one of those that a listener answers for.
#pragma once

#include <string_view>

namespace ringside::routes {

// Of a Host field's value, whose syntax has been checked: `[::1]` keeps its brackets, `shop.` loses the dot
// of a full name; the port is empty when there is none.
struct HostAndPort {
  std::string_view host, port;
};
[[nodiscard]] HostAndPort host_and_port(std::string_view authority) noexcept;

// `known` as settings write it: a name in any case, or *.example.com for all names below one.
[[nodiscard]] bool is_host(std::string_view host, std::string_view known) noexcept;

}  // namespace ringside::routes
