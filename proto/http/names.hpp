// The field names that mean something to a proxy, in one table: what belongs to one connection, what must not
// come behind a body, what changes with each message. A name is looked up once; every rule is then a bit.
#pragma once

#include <cstdint>
#include <string_view>

namespace ringside::http {

enum class Name : std::uint8_t {
  other,  // not in the table: passed on as it came
  age,
  authorization,
  cache_control,
  connection,
  content_encoding,
  content_length,
  content_range,
  content_type,
  cookie,
  date,
  etag,
  expect,
  expires,
  forwarded,
  grpc_timeout,
  host,
  http2_settings,
  idempotency_key,
  if_match,
  if_modified_since,
  if_none_match,
  if_range,
  if_unmodified_since,
  keep_alive,
  last_modified,
  location,
  max_forwards,
  origin,
  pragma,
  proxy_authenticate,
  proxy_authorization,
  proxy_connection,
  range,
  retry_after,
  sec_fetch_site,
  set_cookie,
  te,
  traceparent,
  tracestate,
  trailer,
  transfer_encoding,
  upgrade,
  vary,
  via,
  www_authenticate,
  x_forwarded,  // X-Forwarded-*, whatever follows
  x_request_id,
  // Ringside-*; behind this line nothing else.
  ringside_error,
  ringside_executed,
  ringside_hops,
  ringside_key,
  ringside_key_bin,
  ringside_passport,
  ringside_retry,
  ringside_served_by,
  ringside_timeout,
  ringside,  // any other one, and their '_' twins
};

// In any case of letters. Constant time but for the length of the name.
[[nodiscard]] Name name_of(std::string_view field_name) noexcept;

// In lower case; empty for a family and for `other`.
[[nodiscard]] std::string_view text_of(Name) noexcept;

// RFC 9110 7.6.1, and Content-Length, which is written anew from the framing.
[[nodiscard]] bool is_of_one_connection(Name) noexcept;
// HTTP/2 has no place for it, or another one (RFC 9113 8.2.2, 8.3.1).
[[nodiscard]] bool is_not_for_http2(Name) noexcept;
// RFC 9110 6.5.1.
[[nodiscard]] bool is_forbidden_behind_body(Name) noexcept;
// Its value is another one in each message, or secret: it would only push useful entries out of an HPACK
// table, or could be guessed from compressed sizes (RFC 7541 7.1.3).
[[nodiscard]] bool is_single_use(Name) noexcept;
[[nodiscard]] constexpr bool is_ringside(Name name) noexcept {
  return name >= Name::ringside_error;
}
// What is said of the proxies before us.
[[nodiscard]] constexpr bool is_forwarding(Name name) noexcept {
  return name == Name::forwarded || name == Name::x_forwarded;
}

}  // namespace ringside::http
