// Ringpop's own statistics by name (spec J): one table, and how the SWIM core's measures and notices become
// its rows. Pure; what is sent where is statsd.hpp's. Where ringpop-go and ringpop-node count differently,
// these are ringpop-go's. Control thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/swim/node.hpp"

namespace ringside::obs {

enum class RingpopStat : std::uint8_t {
  changes_apply,
  changes_disseminate,
  changes_refused,
  checksum,
  filtered_change,
  full_sync,
  full_sync_redundant_reverse,
  full_sync_reverse,
  full_sync_reverse_failed,
  full_sync_reverse_omitted,
  heal_attempt,
  heal_triggered,
  join,
  join_complete,
  join_recv,
  join_retries,
  join_succeeded,
  lookup,
  make_status,
  max_piggyback,
  membership_checksum,
  membership_checksum_computed,
  membership_checksum_periodic,
  membership_set_status,
  membership_update_status,
  not_ready_ping,
  not_ready_ping_req,
  num_members,
  ping,
  ping_recv,
  ping_req,
  ping_req_other_members,
  ping_req_ping,
  ping_req_recv,
  ping_req_send,
  ping_send,
  protocol_delay,
  protocol_frequency,
  refuted_update,
  request_proxy_checksums_differ,
  request_proxy_egress,
  request_proxy_inflight,
  request_proxy_ingress,
  request_proxy_keys_differ,
  request_proxy_refused_inflight,
  request_proxy_retry_attempted,
  request_proxy_retry_reroute_remote,
  request_proxy_send_error,
  request_proxy_send_success,
  ring_changed,
  ring_checksum,
  ring_checksum_computed,
  ring_checksum_periodic,
  ring_checksums_periodic_replica,
  ring_checksums_replica,
  ring_server_added,
  ring_server_removed,
  self_eviction,
  updates,
};

enum class StatType : std::uint8_t { counter, gauge, timer };

struct RingpopStatRow {
  RingpopStat stat;
  std::string_view name;  // one that ends with '.' or '-' goes on with a member's status
  StatType type;
};
[[nodiscard]] std::span<const RingpopStatRow> ringpop_stat_rows();  // in the order of the enum

struct StatValue {
  RingpopStat stat;
  std::int64_t value = 1;  // of a timer: microseconds
  std::string_view status = {};
  friend bool operator==(const StatValue&, const StatValue&) = default;
};
// What one step of the core has to tell.
[[nodiscard]] std::vector<StatValue> ringpop_stats(const swim::Outbox&);
// What one request from a peer has to tell.
[[nodiscard]] StatValue ringpop_stat(const ringpop::Request&);

// "PREFIX.ping.send:1|c": one datagram of StatsD, times in milliseconds.
[[nodiscard]] std::string statsd_datagram(std::string_view prefix, const StatValue&);
// ringpop.10_0_0_1_7601, as both libraries have it.
[[nodiscard]] std::string ringpop_prefix(std::string_view address);

}  // namespace ringside::obs
