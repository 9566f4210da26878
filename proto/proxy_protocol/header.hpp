// The header that a load balancer puts before all else on a connection, to say who its client is: the PROXY
// protocol of HAProxy, as text (version 1) or in binary (version 2). Of what it says only the client's
// address is kept. No I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace ringside::proxy_protocol {

struct NeedMore {};
struct Header {
  enum class From : std::uint8_t {
    client,    // whose address is `source`
    unknown,   // somebody of whom no IP address is said
    balancer,  // nobody: the load balancer looks whether we live
  };
  std::size_t length = 0;  // bytes that it takes
  From from = From::unknown;
  std::string source;  // numeric, without brackets and port
};
struct Refusal {
  std::string_view reason;  // one clause
};
using Step = std::variant<NeedMore, Header, Refusal>;

// Version 2 may carry more than anybody needs; that much is taken.
inline constexpr std::size_t header_bytes_max = 4096;

// The header at the start of `bytes`.
[[nodiscard]] Step read_header(std::string_view bytes);

}  // namespace ringside::proxy_protocol
