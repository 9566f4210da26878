// The second gate: llhttp parses a head that the scanner let through, and gives the fields.
#pragma once

#include <string_view>
#include <vector>

#include "proto/http/message.hpp"

namespace ringside::http1 {

struct LlhttpHead {
  std::string_view target;  // requests
  std::string_view reason;  // responses
  int status = 0;           // responses
};

// `head` is complete, from its first byte to its empty line. The fields replace what is in `fields`. False:
// llhttp does not agree that this is a head. llhttp knows a closed list of methods, RFC 9110 an open one: a
// request is shown to it as a POST, from `method_end` on.
[[nodiscard]] bool parse_request(std::string_view head, std::size_t method_end, LlhttpHead& out,
                                 std::vector<http::Field>& fields);
[[nodiscard]] bool parse_response(std::string_view head, LlhttpHead& out, std::vector<http::Field>& fields);

}  // namespace ringside::http1
