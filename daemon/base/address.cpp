#include "daemon/base/address.hpp"

#include <charconv>

namespace ringside {
namespace {

constexpr std::size_t unix_path_max = 107;  // sun_path of Linux, without the NUL

Result<std::uint16_t, std::string> parse_port(std::string_view text) {
  unsigned value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || ec == std::errc::invalid_argument || end != text.data() + text.size())
    return "'" + std::string(text) + "' is not a port number";
  if (ec == std::errc::result_out_of_range || value > 65535)
    return "port " + std::string(text) + " is over 65535";
  return static_cast<std::uint16_t>(value);
}

}  // namespace

bool Address::is_loopback() const {
  return is_unix() || host == "localhost" || host == "::1" || host.starts_with("127.");
}

bool Address::is_wildcard() const {
  return host == "0.0.0.0" || host == "::";
}

std::string Address::to_string() const {
  if (is_unix()) return "unix:" + unix_path;
  const bool v6 = host.find(':') != std::string::npos;
  return (tls ? "https://" : "") + (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<Address, std::string> parse_address(std::string_view text, std::uint16_t default_port) {
  Address address;
  if (const auto scheme = text.find("://"); scheme != std::string_view::npos)
    return "'" + std::string(text.substr(0, scheme + 3)) + "' does not belong here, e.g. 127.0.0.1:7601";
  if (text.starts_with("unix:")) {
    address.unix_path = text.substr(5);
    if (!address.unix_path.starts_with('/'))
      return "a unix socket needs an absolute path, e.g. unix:/run/ringside/api.sock";
    if (address.unix_path.size() > unix_path_max)
      return "the socket path has " + std::to_string(address.unix_path.size()) + " bytes, the system takes " +
             std::to_string(unix_path_max);
    return address;
  }
  std::string_view port;
  bool has_port = false;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return "the bracket of an IPv6 address is not closed";
    address.host = text.substr(1, close - 1);
    const auto rest = text.substr(close + 1);
    if (!rest.empty() && rest.front() != ':') return "expected a port behind ']'";
    has_port = !rest.empty();
    if (has_port) port = rest.substr(1);
  } else {
    const auto colon = text.rfind(':');
    if (colon != std::string_view::npos && text.find(':') != colon)
      return "an IPv6 address needs brackets, e.g. [::1]:7601";
    has_port = colon != std::string_view::npos;
    address.host = text.substr(0, colon);
    if (has_port) port = text.substr(colon + 1);
  }
  if (address.host.empty()) return "the host is missing, e.g. 127.0.0.1:7601";
  if (address.host.find_first_of(" /@") != std::string::npos)
    return "'" + address.host + "' is not a host name or address";
  if (!has_port) {
    if (default_port == 0) return "the port is missing, e.g. " + address.host + ":7601";
    address.port = default_port;
    return address;
  }
  auto parsed = parse_port(port);
  if (!parsed) return std::move(parsed).error();
  address.port = *parsed;
  return address;
}

Result<Address, std::string> parse_http_address(std::string_view text, std::uint16_t default_port) {
  const bool tls = text.starts_with("https://");
  const bool has_scheme = tls || text.starts_with("http://");
  if (has_scheme) {
    text.remove_prefix(text.find("//") + 2);
    if (text.ends_with('/')) text.remove_suffix(1);
  }
  auto address = parse_address(text, default_port);
  if (!address) return address;
  if (has_scheme && address->is_unix()) return "http:// and https:// do not go with a unix socket";
  address->tls = tls;
  return address;
}

}  // namespace ringside
