// The pages of the API, one function each; api.cpp holds the table that leads to them. Inside api/ only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/api/api.hpp"
#include "daemon/api/query.hpp"
#include "daemon/ring/ranges.hpp"

namespace ringside::api {

// `rest` is what stands behind the page's own path, raw; empty for pages that take nothing there.
struct Call {
  const Context& context;
  const Request& request;
  const Query& query;
  std::string_view rest;
};

Response lookup_by_path(const Call&);         // /v1/lookup/{key}
Response lookup_by_query(const Call&);        // GET /v1/lookup?key=
Response lookup_many(const Call&);            // POST /v1/lookup
Response order_owners_by_path(const Call&);   // GET /v1/owners/{key}
Response order_owners_by_query(const Call&);  // GET /v1/owners?key=
Response ring_page(const Call&);
Response ranges_page(const Call&);
Response plan_page(const Call&);
Response members_page(const Call&);
Response member_page(const Call&);
Response self_page(const Call&);
Response app_page(const Call&);
Response order_app(const Call&);     // PUT {"address": "127.0.0.1:5000"}
Response order_no_app(const Call&);  // DELETE
Response faults_page(const Call&);
Response order_fault(const Call&);     // PUT {"drop": true}, or {"delay": "200ms"}
Response order_no_fault(const Call&);  // DELETE
Response events_page(const Call&);
Response stats_page(const Call&);
Response logs_page(const Call&);
Response drain_page(const Call&);
Response order_drain(const Call&);         // POST /v1/drain
Response order_cancel_drain(const Call&);  // DELETE /v1/drain
Response order_leave(const Call&);         // POST /v1/leave?wait=
Response order_evict(const Call&);         // DELETE /v1/members/{name}?force=
Response order_reap(const Call&);
Response order_heal(const Call&);
Response order_join(const Call&);  // POST {"peers": [..]}
Response order_partitions(const Call&);
Response config_page(const Call&);
Response order_reload(const Call&);
Response order_log_level(const Call&);  // PUT {"level": "debug"}
Response order_keyring_list(const Call&);
Response order_keyring_install(const Call&);  // POST {"key": "..."}
Response order_keyring_use(const Call&);      // PUT {"id": "1a2b3c4d"}
Response order_keyring_remove(const Call&);   // DELETE /v1/keyring/{id}
Response order_self(const Call&);             // PATCH {"labels": {"zone": "eu"}, "weight": 2}

// By its name or address, percent-encoded. The error is the answer.
[[nodiscard]] Result<const MemberView*, Response> member_in_path(const View&, std::string_view raw);

// A read's answer: JSON with Ringside-Index, so that a client can tell whether anything changed.
Response json_answer(const Context&, std::string body);
Response problem(Code, std::string detail, std::string_view key = {});
// No more of what would have been left for later.
Response no_room(Later, std::string detail);

[[nodiscard]] std::string hex32(std::uint32_t);  // "0x0000002a"
[[nodiscard]] std::string_view phase_name(Phase) noexcept;
// What the server at that address owns; empty when the ring has none there.
[[nodiscard]] std::vector<ring::Range> ranges_at(const ring::Snapshot&, std::string_view address);
template <class Json>
[[nodiscard]] Json ranges_json(const std::vector<ring::Range>& ranges) {
  Json list = Json::array();
  for (const ring::Range& range : ranges)
    list.push_back({{"from", hex32(range.from)}, {"to", hex32(range.to)}});
  return list;
}
// The ring's entry of a member.
[[nodiscard]] std::optional<MemberId> server_at(const ring::Snapshot&, std::string_view address) noexcept;
// The member at a ring server's address, or null when the ring knows one that the member list does not.
[[nodiscard]] const MemberView* member_at(const View&, std::string_view address) noexcept;
// As this node has counted its returns; 0 for who is not known.
[[nodiscard]] int damp_score(const View&, std::string_view address) noexcept;

}  // namespace ringside::api
