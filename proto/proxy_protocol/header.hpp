// The header that a load balancer puts before all else on a connection, to say who its client is: the PROXY
// protocol of HAProxy, as text (version 1) or in binary (version 2). Of what it says only the client's
// address is kept. No I/O.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

namespace ringside::proxy_protocol {

struct NeedMore {};
struct Header {
  std::size_t length = 0;  // bytes that it takes
  std::string source;      // the client, numeric, without brackets and port; empty: it is not said
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
