// Every answer that ringside makes itself instead of an app: one table of codes, rendered as
// application/problem+json (RFC 9457). Says whether an app may have run the request (`executed`) and what to
// do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ringside::api {

enum class Code : std::uint8_t {
  bad_request,
  bad_key,
  missing_key,
  wrong_host,
  wrong_origin,
  unauthorized,
  forbidden,
  not_found,
  method_not_allowed,
  body_too_large,
  overloaded,
  key_queue_full,
  circuit_open,
  not_joined,
  no_owner,
  app_down,
  app_error,
  draining,
  name_conflict,
  not_owner,
  peer_unreachable,
  peer_has_no_http,
  app_protocol,
  timeout,
  loop,
  unknown_node,
  unknown_app,
  conflict,
  bad_setting,
  keys_refused,
  internal,
};

struct CodeRow {
  Code code;
  std::string_view name;  // "not_owner"; also the Ringside-Error header
  int status;
  std::string_view title;
  std::string_view remedy;  // what the caller or operator can do, one sentence
  bool executed_maybe;      // false: surely no app ran the request
  int retry_after_s;        // 0: no Retry-After
};
const CodeRow& row(Code) noexcept;
const CodeRow* find_row(std::string_view name) noexcept;  // nullptr: no such code

struct Problem {
  Code code = Code::internal;
  std::string detail{};  // what happened here, names the cause
  std::string key{};     // when the request had one
  std::string owner{};   // name of the owner, when known
  int attempts = 0;
  std::string request_id{};
  std::vector<std::string> errors{};   // each with its place, where there is more than the detail
  std::optional<int> status{};         // overrides the row's (parser refusals: 400, 413, 414, ...)
  std::optional<int> retry_after_s{};  // overrides the row's
};
std::string to_json(const Problem&);
inline constexpr std::string_view problem_content_type = "application/problem+json";

}  // namespace ringside::api
