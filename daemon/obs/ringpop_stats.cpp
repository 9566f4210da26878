#include "daemon/obs/ringpop_stats.hpp"

#include <algorithm>
#include <array>
#include <variant>

#include "proto/ringpop/messages.hpp"

namespace ringside::obs {
namespace {

using R = RingpopStat;
using swim::Stat;
constexpr StatType c = StatType::counter;
constexpr StatType g = StatType::gauge;
constexpr StatType t = StatType::timer;

// All names are Ringpop's but changes.refused, for which it has no rule and so no name.
constexpr std::array table{
    RingpopStatRow{R::changes_apply, "changes.apply", g},
    RingpopStatRow{R::changes_disseminate, "changes.disseminate", g},
    RingpopStatRow{R::changes_refused, "changes.refused", c},
    RingpopStatRow{R::checksum, "checksum", g},
    RingpopStatRow{R::filtered_change, "filtered-change", c},
    RingpopStatRow{R::full_sync, "full-sync", c},
    RingpopStatRow{R::full_sync_redundant_reverse, "full-sync.redundant-reverse", c},
    RingpopStatRow{R::full_sync_reverse, "full-sync.reverse", c},
    RingpopStatRow{R::full_sync_reverse_failed, "full-sync.reverse.failed", c},
    RingpopStatRow{R::full_sync_reverse_omitted, "full-sync.reverse-omitted", c},
    RingpopStatRow{R::heal_attempt, "heal.attempt", c},
    RingpopStatRow{R::heal_triggered, "heal.triggered", c},
    RingpopStatRow{R::join, "join", t},
    RingpopStatRow{R::join_complete, "join.complete", c},
    RingpopStatRow{R::join_recv, "join.recv", c},
    RingpopStatRow{R::join_retries, "join.retries", g},
    RingpopStatRow{R::join_succeeded, "join.succeeded", c},
    RingpopStatRow{R::lookup, "lookup", t},
    RingpopStatRow{R::make_status, "make-", c},
    RingpopStatRow{R::max_piggyback, "max-piggyback", g},
    RingpopStatRow{R::membership_checksum, "membership.checksum", g},
    RingpopStatRow{R::membership_checksum_computed, "membership.checksum-computed", c},
    RingpopStatRow{R::membership_checksum_periodic, "membership.checksum-periodic", g},
    RingpopStatRow{R::membership_set_status, "membership-set.", c},
    RingpopStatRow{R::membership_update_status, "membership-update.", c},
    RingpopStatRow{R::not_ready_ping, "not-ready.ping", c},
    RingpopStatRow{R::not_ready_ping_req, "not-ready.ping-req", c},
    RingpopStatRow{R::num_members, "num-members", g},
    RingpopStatRow{R::ping, "ping", t},
    RingpopStatRow{R::ping_recv, "ping.recv", c},
    RingpopStatRow{R::ping_req, "ping-req", t},
    RingpopStatRow{R::ping_req_other_members, "ping-req.other-members", c},
    RingpopStatRow{R::ping_req_ping, "ping-req-ping", t},
    RingpopStatRow{R::ping_req_recv, "ping-req.recv", c},
    RingpopStatRow{R::ping_req_send, "ping-req.send", c},
    RingpopStatRow{R::ping_send, "ping.send", c},
    RingpopStatRow{R::protocol_delay, "protocol.delay", t},
    RingpopStatRow{R::protocol_frequency, "protocol.frequency", t},
    RingpopStatRow{R::refuted_update, "refuted-update", c},
    RingpopStatRow{R::request_proxy_checksums_differ, "requestProxy.checksumsDiffer", c},
    RingpopStatRow{R::request_proxy_egress, "requestProxy.egress", c},
    RingpopStatRow{R::request_proxy_inflight, "requestProxy.inflight", g},
    RingpopStatRow{R::request_proxy_ingress, "requestProxy.ingress", c},
    RingpopStatRow{R::request_proxy_keys_differ, "requestProxy.keysDiffer", c},
    RingpopStatRow{R::request_proxy_refused_inflight, "requestProxy.refused.inflight", c},
    RingpopStatRow{R::request_proxy_retry_attempted, "requestProxy.retry.attempted", c},
    RingpopStatRow{R::request_proxy_retry_reroute_remote, "requestProxy.retry.reroute.remote", c},
    RingpopStatRow{R::request_proxy_send_error, "requestProxy.send.error", c},
    RingpopStatRow{R::request_proxy_send_success, "requestProxy.send.success", c},
    RingpopStatRow{R::ring_changed, "ring.changed", c},
    RingpopStatRow{R::ring_checksum, "ring.checksum", g},
    RingpopStatRow{R::ring_checksum_computed, "ring.checksum-computed", c},
    RingpopStatRow{R::ring_checksum_periodic, "ring.checksum-periodic", g},
    RingpopStatRow{R::ring_checksums_periodic_replica, "ring.checksums-periodic.replica", g},
    RingpopStatRow{R::ring_checksums_replica, "ring.checksums.replica", g},
    RingpopStatRow{R::ring_server_added, "ring.server-added", c},
    RingpopStatRow{R::ring_server_removed, "ring.server-removed", c},
    RingpopStatRow{R::self_eviction, "self-eviction", t},
    RingpopStatRow{R::updates, "updates", c},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < table.size(); ++i)
    if (table[i].stat != static_cast<R>(i)) return false;
  return table.size() == static_cast<std::size_t>(R::updates) + 1;
}
static_assert(in_order(), "the table is read by the enum's value");

class Translate {
 public:
  explicit Translate(std::vector<StatValue>& out) : out_(out) {}

  void operator()(const swim::Measure& m) {
    const std::int64_t value = m.value;
    switch (m.stat) {
      case Stat::changes_received: return add(R::membership_update_status, value, m.status);
      case Stat::changes_applied: applied_ += value; return add(R::membership_set_status, value, m.status);
      case Stat::changes_declared: return add(R::make_status, value, m.status);
      case Stat::changes_issued: return add(R::changes_disseminate, value);
      case Stat::changes_filtered: return add(R::filtered_change, value);
      case Stat::changes_refused: return add(R::changes_refused, value);
      case Stat::members_reachable: return add(R::num_members, value);
      case Stat::piggyback_limit: return add(R::max_piggyback, value);
      case Stat::helpers_asked: add(R::ping_req_send); return add(R::ping_req_other_members, value);
      case Stat::join_rounds: return add(R::join_retries, value);
      case Stat::not_ready_ping: return add(R::not_ready_ping, value);
      case Stat::not_ready_ping_req: return add(R::not_ready_ping_req, value);
      case Stat::full_sync_pull: return add(R::full_sync_reverse, value);
      case Stat::full_sync_pull_omitted: return add(R::full_sync_reverse_omitted, value);
      case Stat::full_sync_pull_useless: return add(R::full_sync_redundant_reverse, value);
      case Stat::full_sync_pull_failed: return add(R::full_sync_reverse_failed, value);
      case Stat::heal_started: return add(R::heal_triggered, value);
      case Stat::heal_attempted: return add(R::heal_attempt, value);
      case Stat::ping_time: return add(R::ping, value);
      case Stat::ping_req_time: return add(R::ping_req, value);
      case Stat::ping_for_other_time: return add(R::ping_req_ping, value);
      case Stat::period_time: return add(R::protocol_frequency, value);
      case Stat::period_delay: return add(R::protocol_delay, value);
      case Stat::join_time:
        add(R::join_complete);
        add(R::join_succeeded);
        return add(R::join, value);
      case Stat::self_eviction_time: return add(R::self_eviction, value);
    }
  }

  void operator()(const swim::Notice& notice) {
    if (std::holds_alternative<swim::Refuted>(notice)) add(R::refuted_update);
    if (const auto* sync = std::get_if<swim::FullSync>(&notice); sync != nullptr && !sync->reverse)
      add(R::full_sync);
  }

  void operator()(const swim::Send& send) {
    if (std::holds_alternative<ringpop::Ping>(send.body)) add(R::ping_send);
  }

  // Ringpop has them once for each batch, we once for each step.
  void end() {
    if (applied_ == 0) return;
    add(R::changes_apply, applied_);
    add(R::updates, applied_);
  }

 private:
  void add(RingpopStat stat, std::int64_t value = 1) { out_.push_back({stat, value}); }
  void add(RingpopStat stat, std::int64_t value, ringpop::Status status) {
    out_.push_back({stat, value, ringpop::to_string(status)});
  }

  std::vector<StatValue>& out_;
  std::int64_t applied_ = 0;
};

const RingpopStatRow& row_of(RingpopStat stat) {
  return table.at(static_cast<std::size_t>(stat));
}

std::string milliseconds(std::int64_t us) {
  const std::string fraction = std::to_string(us % 1000);
  return std::to_string(us / 1000) + "." + std::string(3 - fraction.size(), '0') + fraction;
}

}  // namespace

std::span<const RingpopStatRow> ringpop_stat_rows() {
  return table;
}

std::vector<StatValue> ringpop_stats(const swim::Outbox& outbox) {
  std::vector<StatValue> out;
  Translate translate(out);
  for (const auto& measure : outbox.measures) translate(measure);
  for (const auto& notice : outbox.notices) translate(notice);
  for (const auto& send : outbox.sends) translate(send);
  translate.end();
  return out;
}

StatValue ringpop_stat(const ringpop::Request& request) {
  struct Of {
    RingpopStat operator()(const ringpop::Join&) const { return R::join_recv; }
    RingpopStat operator()(const ringpop::Ping&) const { return R::ping_recv; }
    RingpopStat operator()(const ringpop::PingReq&) const { return R::ping_req_recv; }
  };
  return {std::visit(Of{}, request)};
}

std::string statsd_datagram(std::string_view prefix, const StatValue& value) {
  const RingpopStatRow& row = row_of(value.stat);
  std::string out;
  out.append(prefix).append(".").append(row.name).append(value.status).append(":");
  switch (row.type) {
    case StatType::counter: return out + std::to_string(value.value) + "|c";
    case StatType::gauge: return out + std::to_string(value.value) + "|g";
    case StatType::timer: return out + milliseconds(std::max<std::int64_t>(value.value, 0)) + "|ms";
  }
  return out;
}

std::string ringpop_prefix(std::string_view address) {
  std::string prefix = "ringpop." + std::string(address);
  const auto kept = [](char ch) { return ch != '.' && ch != ':' && ch != '[' && ch != ']'; };
  std::replace_if(prefix.begin() + 8, prefix.end(), [&](char ch) { return !kept(ch); }, '_');
  return prefix;
}

}  // namespace ringside::obs
