// Where something listens or is dialled: a TCP host and port, or a unix socket. Text form `host:port`,
// `[v6]:port` or `unix:/path`; where HTTP is spoken, `https://host:port` too. Used by the option table, the
// listeners and the clients, so that all accept the same and say the same.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/base/result.hpp"

namespace ringside {

struct Address {
  std::string host;        // name or literal, without brackets; empty for a unix socket
  std::uint16_t port = 0;  // 0: pick a free one (listeners only)
  std::string unix_path;   // not empty: a unix socket
  bool tls = false;        // HTTP is spoken in TLS there: written https://host:port
  [[nodiscard]] bool is_unix() const { return !unix_path.empty(); }
  [[nodiscard]] bool is_loopback() const;  // unix socket, localhost, 127.0.0.0/8 or ::1
  [[nodiscard]] bool is_wildcard() const;  // 0.0.0.0 or ::
  [[nodiscard]] std::string to_string() const;
  friend bool operator==(const Address&, const Address&) = default;
};

// The error is one sentence that names what is wrong, e.g. "port 70000 is over 65535". `default_port` 0: a
// port is required.
[[nodiscard]] Result<Address, std::string> parse_address(std::string_view text,
                                                         std::uint16_t default_port = 0);
// The same where HTTP is spoken: http:// or https:// may stand before it, and a '/' at the end.
[[nodiscard]] Result<Address, std::string> parse_http_address(std::string_view text,
                                                              std::uint16_t default_port = 0);

}  // namespace ringside
