// JSON <-> messages.hpp. Lenient in what it takes, as live peers demand (proto/spec/ringpop.md: missing
// fields, nulls, unknown fields, trailing white space); strict in what it sends: integers as integers,
// `changes` never null, labels left out when empty, a tombstone as faulty with "tombstone": true.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "proto/ringpop/messages.hpp"
#include "proto/wire/error.hpp"

namespace ringside::ringpop {

using wire::Parsed;

inline constexpr std::string_view service = "ringpop";
inline constexpr std::string_view join_endpoint = "/protocol/join";
inline constexpr std::string_view ping_endpoint = "/protocol/ping";
inline constexpr std::string_view ping_req_endpoint = "/protocol/ping-req";

// How many records one body may hold (daemon/base/limits.hpp sets it to the member cap).
struct DecodeLimits {
  std::size_t changes_max = 4096;
  std::size_t labels_max = 32;        // per record; Ringpop's own limits are 5 (go) and 10 (Temporal)
  std::size_t label_bytes_max = 256;  // of one key or one value
};

std::string encode(const Request&);   // the body (arg3) of the call
std::string encode(const Response&);  // the body of the answer; a Rejection as {"type","message"}
std::string_view endpoint(const Request&) noexcept;

// The body of a call to `endpoint`. Unknown endpoint: unexpected.
// `left_out`, when given, gets the number of changes that broke a rule and are not in the message.
Parsed<Request> decode_request(std::string_view endpoint, std::string_view body, const DecodeLimits& = {},
                               std::size_t* left_out = nullptr);
// The body of an answer. `app_error` is the call response's code 1: the body becomes a Rejection.
Parsed<Response> decode_response(std::string_view endpoint, bool app_error, std::string_view body,
                                 const DecodeLimits& = {}, std::size_t* left_out = nullptr);

}  // namespace ringside::ringpop
