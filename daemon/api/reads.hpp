// The pages of the API, one function each; api.cpp holds the table that leads to them. Inside api/ only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/api/api.hpp"
#include "daemon/api/query.hpp"

namespace ringside::api {

// `rest` is what stands behind the page's own path, raw; empty for pages that take nothing there.
struct Call {
  const Context& context;
  const Request& request;
  const Query& query;
  std::string_view rest;
};

Response lookup_by_path(const Call&);   // /v1/lookup/{key}
Response lookup_by_query(const Call&);  // GET /v1/lookup?key=
Response lookup_many(const Call&);      // POST /v1/lookup
Response ring_page(const Call&);
Response members_page(const Call&);
Response member_page(const Call&);
Response self_page(const Call&);
Response app_page(const Call&);

// A read's answer: JSON with Ringside-Index, so that a client can tell whether anything changed.
Response json_answer(const Context&, std::string body);
Response problem(Code, std::string detail, std::string_view key = {});

[[nodiscard]] std::string hex32(std::uint32_t);  // "0x0000002a"
[[nodiscard]] std::string_view phase_name(Phase) noexcept;
[[nodiscard]] std::string rfc3339(WallTime);  // "2025-01-02T03:04:05.678Z"
// The member at a ring server's address, or null when the ring knows one that the member list does not.
[[nodiscard]] const MemberView* member_at(const View&, std::string_view address) noexcept;

}  // namespace ringside::api
