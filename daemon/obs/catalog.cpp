// The one table of metrics. Rows of one name stand together and differ in their label. prometheus-cpp writes
// the text format; its counters are not used, since ours have one writer and cost no locked instruction.
#include "daemon/obs/catalog.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <variant>

#include "daemon/obs/access_log.hpp"
#include "daemon/obs/log.hpp"

namespace ringside::obs {
namespace {

// What no thread counts for us: asked of the log and the system at the scrape.
enum class Process { build_info, log_lines_dropped, access_log_dropped, resident_bytes, open_fds };

using Field = std::variant<Counter WorkerMetrics::*, Gauge WorkerMetrics::*, Histogram WorkerMetrics::*,
                           Counter ControlMetrics::*, Gauge ControlMetrics::*, Process>;

struct Row {
  std::string_view name;
  std::string_view help;
  Field field;
  std::string_view label = "";
  std::string_view label_value = "";
};

using W = WorkerMetrics;
using C = ControlMetrics;

constexpr std::string_view requests = "ringside_requests_total";
constexpr std::string_view requests_help =
    "Requests, by path: answered by this member's app, forwarded to another member, received from another "
    "member.";
constexpr std::string_view errors = "ringside_errors_total";
constexpr std::string_view errors_help =
    "Errors answered by ringside itself, by whether an app may have run the request.";
constexpr std::string_view full = "ringside_overload_refusals_total";
constexpr std::string_view full_help =
    "Requests refused because there was too much to do, by the limit reached.";
constexpr std::string_view probes = "ringside_app_probes_total";
constexpr std::string_view probes_help = "Looks at the app (app.health), by their result.";
constexpr std::string_view calls = "ringside_tchannel_calls_total";
constexpr std::string_view calls_help =
    "TChannel calls of clients, apps and members that have ended: answered by the app (ok, app_error), with "
    "an "
    "error frame of the app or another member (error), by this member (refused), or given up by the caller "
    "(cancelled).";
constexpr std::string_view call_bytes = "ringside_tchannel_relayed_bytes_total";
constexpr std::string_view call_bytes_help = "Bytes of frames of TChannel calls passed on.";
constexpr std::string_view turned_away = "ringside_peer_connections_refused_total";
constexpr std::string_view turned_away_help =
    "Connections closed on the peer port: from outside of security.allow_cidrs, more than may be open, "
    "silent "
    "for too long, plain where only TLS is spoken, or TLS where there is no key for it.";
constexpr std::string_view handshakes = "ringside_tls_handshakes_total";
constexpr std::string_view handshakes_help =
    "TLS handshakes of members that dialled this one: accepted, refused (the log says why), or given up for "
    "newer ones.";
constexpr std::string_view upgrades_closed = "ringside_upgraded_connections_closed_total";
constexpr std::string_view upgrades_closed_help =
    "Upgraded connections closed by this member: their key has moved, or it is leaving.";
constexpr std::string_view syncs = "ringside_gossip_full_syncs_total";
constexpr std::string_view syncs_help =
    "Whole membership lists exchanged: sent to a peer whose checksum differed, or fetched back from it "
    "(reverse).";
constexpr std::string_view refused = "ringside_gossip_refused_changes_total";
constexpr std::string_view refused_help =
    "Gossip records refused: members above the cap, incarnations ahead of time, addresses nobody can dial, "
    "values or states that we do not know.";
constexpr std::string_view webhooks = "ringside_webhook_posts_total";
constexpr std::string_view webhooks_help =
    "Events sent to webhooks, by what became of it: delivered, to be tried again (retried), or refused for "
    "good "
    "(refused).";
constexpr std::string_view members = "ringside_members";
constexpr std::string_view members_file = "ringside_members_file_writes_total";
constexpr std::string_view members_file_help =
    "Writes of the file of known members in node.data_dir, by result.";
constexpr std::string_view members_help = "Members in this member's list, by status.";

constexpr std::string_view proxied = "ringside_ringpop_proxy_requests_total";
constexpr std::string_view proxied_help =
    "Requests forwarded as /proxy/req: to a ringpop-node member (egress), from one (ingress).";
constexpr std::string_view proxy_sends = "ringside_ringpop_proxy_sends_total";
constexpr std::string_view proxy_sends_help =
    "Requests to ringpop-node members, by whether an HTTP reply came back.";
constexpr std::string_view proxy_differences = "ringside_ringpop_proxy_differences_total";
constexpr std::string_view proxy_differences_help =
    "Requests from ringpop-node members whose ring checksum or owner of a key is not this member's.";

constexpr Row table[] = {
    {requests, requests_help, &W::requests_local, "path", "local"},
    {requests, requests_help, &W::requests_forwarded, "path", "forwarded"},
    {requests, requests_help, &W::requests_received, "path", "received"},
    {errors, errors_help, &W::errors_executed_no, "executed", "no"},
    {errors, errors_help, &W::errors_executed_maybe, "executed", "maybe"},
    {"ringside_request_duration_seconds",
     "Time from the request's head to the head of its answer, where it entered.", &W::request_seconds},
    {"ringside_request_retries_total", "Requests tried again.", &W::retries},
    {"ringside_request_reroutes_total", "Requests passed on because the ring had moved.", &W::reroutes},
    {"ringside_breakers_open",
     "Circuit breakers that are open, summed over the workers: requests for that member or the app are "
     "refused.",
     &W::breakers_open},
    {"ringside_breakers_opened_total", "Circuit breakers that opened.", &W::breakers_opened},
    {"ringside_request_refused_total", "Requests refused as malformed or against the API's rules.",
     &W::bad_requests},
    {"ringside_requests_in_flight", "Requests under way, up to a second after the head of their answer.",
     &W::in_flight},
    {"ringside_request_streams", "Answers that go on for more than a second after their head.", &W::streams},
    {"ringside_app_requests", "Requests at the app; counted with app.max_concurrency only.", &W::at_app},
    {"ringside_app_requests_open",
     "Requests and calls at this member's app or waiting for it, to the end of their answer: what a drain "
     "waits for.",
     &W::app_open},
    {"ringside_app_streams", "Of these, answers that go on for more than a second after their head.",
     &W::app_streams},
    {"ringside_draining", "1 while this member drains or leaves, else 0.", &C::draining},
    {"ringside_drain_cut_total", "Requests cut because drain.timeout was over.", &W::drain_cut},
    {"ringside_app_queue", "Requests that wait for app.max_concurrency.", &W::app_queue},
    {full, full_help, &W::full_in_flight, "limit", "in_flight"},
    {full, full_help, &W::full_owner, "limit", "in_flight_per_owner"},
    {full, full_help, &W::full_key, "limit", "queue_per_key"},
    {full, full_help, &W::full_queue, "limit", "queue"},
    {full, full_help, &W::full_queue_wait, "limit", "queue_wait"},
    {full, full_help, &W::full_route, "limit", "route"},
    {full, full_help, &W::full_event_streams, "limit", "event_streams"},
    {full, full_help, &W::full_log_streams, "limit", "log_streams"},
    {full, full_help, &W::full_long_polls, "limit", "long_polls"},
    {"ringside_overload_refusal_seconds",
     "Time from a request's head to its refusal by a limit that was reached (not queue_wait, which is a "
     "time).",
     &W::refusal_seconds},
    {"ringside_client_connections_accepted_total", "Connections accepted from clients.",
     &W::connections_accepted},
    {"ringside_client_connections", "Open connections of clients.", &W::connections_open},
    {"ringside_client_tls_refused_total", "TLS handshakes of clients that failed.", &W::client_tls_refused},
    {"ringside_client_proxy_headers_refused_total",
     "Connections of load balancers closed because they did not begin with a good PROXY header.",
     &W::proxy_headers_refused},
    {"ringside_client_received_bytes_total", "Bytes received from clients.", &W::bytes_in},
    {"ringside_client_sent_bytes_total", "Bytes sent to clients.", &W::bytes_out},
    {"ringside_peer_links", "Open HTTP/2 links with other members, dialled and accepted.", &W::peer_links},
    {"ringside_app_connections", "Open connections to the app.", &W::app_connections},
    {"ringside_upgraded_connections_total", "Requests that became a tunnel for another protocol (WebSocket).",
     &W::upgrades},
    {"ringside_upgraded_connections", "Open tunnels through this member.", &W::upgrades_open},
    {upgrades_closed, upgrades_closed_help, &W::upgrades_moved, "reason", "moved"},
    {upgrades_closed, upgrades_closed_help, &W::upgrades_drained, "reason", "draining"},
    {"ringside_app_up", "1 while the app is up by its probes, else 0.", &C::app_up},
    {"ringside_app_changes_total", "Times the app came up, began to restart or was given up.",
     &C::app_changes},
    {probes, probes_help, &C::app_probes_passed, "result", "passed"},
    {probes, probes_help, &C::app_probes_failed, "result", "failed"},
    {"ringside_app_waiting", "Requests that wait for the app to come back.", &W::app_waiting},
    {"ringside_app_wait_refused_total", "Requests refused because too many wait for the app.",
     &W::app_wait_refused},
    {proxied, proxied_help, &W::proxy_egress, "direction", "egress"},
    {proxied, proxied_help, &C::proxy_ingress, "direction", "ingress"},
    {proxy_sends, proxy_sends_help, &W::proxy_send_success, "result", "success"},
    {proxy_sends, proxy_sends_help, &W::proxy_send_error, "result", "error"},
    {proxy_differences, proxy_differences_help, &C::proxy_checksums_differ, "what", "checksum"},
    {proxy_differences, proxy_differences_help, &C::proxy_keys_differ, "what", "keys"},
    {"ringside_ringpop_proxy_refused_total",
     "Requests from ringpop-node members refused because too many were under way.", &C::proxy_refused},
    {"ringside_ringpop_proxy_in_flight", "Requests from ringpop-node members that wait for their answer.",
     &C::proxy_in_flight},
    {calls, calls_help, &W::calls_ok, "outcome", "ok"},
    {calls, calls_help, &W::calls_app_error, "outcome", "app_error"},
    {calls, calls_help, &W::calls_error, "outcome", "error"},
    {calls, calls_help, &W::calls_refused, "outcome", "refused"},
    {calls, calls_help, &W::calls_cancelled, "outcome", "cancelled"},
    {call_bytes, call_bytes_help, &W::call_request_bytes, "direction", "request"},
    {call_bytes, call_bytes_help, &W::call_response_bytes, "direction", "response"},
    {"ringside_tchannel_calls_in_flight", "TChannel calls that wait for the end of their answer.",
     &W::calls_in_flight},
    {"ringside_tchannel_links",
     "Open TChannel connections of workers with other members, dialled and accepted.", &W::tchannel_links},
    {"ringside_gossip_pings_sent_total", "Direct pings sent.", &C::pings_sent},
    {"ringside_gossip_pings_received_total", "Direct pings received.", &C::pings_received},
    {"ringside_gossip_ping_reqs_sent_total", "Indirect pings asked of other members.", &C::ping_reqs_sent},
    {"ringside_gossip_ping_reqs_received_total", "Indirect pings asked of this member.",
     &C::ping_reqs_received},
    {"ringside_gossip_joins_received_total", "Joins received.", &C::joins_received},
    {"ringside_gossip_ping_failures_total", "Direct pings without a good answer.", &C::ping_failures},
    {"ringside_gossip_refutations_total", "Times this member contradicted gossip about itself.",
     &C::refutations},
    {"ringside_gossip_deaths_proved_total",
     "Members found dead by this one because they refused connections, its own and others'.",
     &C::deaths_proved},
    {"ringside_gossip_dampings_total",
     "Times this member left the ring for a while because it had come and gone too often.", &C::dampings},
    {"ringside_gossip_overslept_total", "Times this process was not run when it should have been.",
     &C::overslept},
    {"ringside_gossip_errors_total", "Malformed or refused gossip frames and bodies.", &C::gossip_errors},
    {"ringside_gossip_name_conflicts_total",
     "Times another live member was found to bear this member's name.", &C::name_conflicts},
    {"ringside_certificates_end_timestamp_seconds",
     "When the certificate that ends first does, of listen.tls and security.tls; 0 without one.",
     &C::certificates_end},
    {turned_away, turned_away_help, &C::connections_too_many, "reason", "too_many"},
    {turned_away, turned_away_help, &C::connections_silent, "reason", "silent"},
    {turned_away, turned_away_help, &C::connections_strangers, "reason", "stranger"},
    {turned_away, turned_away_help, &C::connections_plain, "reason", "plain"},
    {turned_away, turned_away_help, &C::connections_tls, "reason", "tls"},
    {handshakes, handshakes_help, &W::tls_accepted, "result", "accepted"},
    {handshakes, handshakes_help, &W::tls_refused, "result", "refused"},
    {handshakes, handshakes_help, &W::tls_too_many, "result", "too_many"},
    {"ringside_cluster_keys", "Cluster keys that this member accepts; 0 without security.cluster_key_file.",
     &C::cluster_keys},
    {"ringside_insecure",
     "1 when security.insecure is set: listeners may be open to others without protection.", &C::insecure},
    {syncs, syncs_help, &C::full_syncs, "direction", "sent"},
    {syncs, syncs_help, &C::reverse_full_syncs, "direction", "reverse"},
    {refused, refused_help, &C::refused_above_cap, "reason", "above_cap"},
    {refused, refused_help, &C::refused_ahead_of_time, "reason", "ahead_of_time"},
    {refused, refused_help, &C::refused_bad_address, "reason", "bad_address"},
    {refused, refused_help, &C::refused_too_many_new, "reason", "too_many_new"},
    {refused, refused_help, &C::refused_malformed, "reason", "malformed"},
    {"ringside_gossip_other_dialect_peers",
     "Peers whose membership checksums are of the dialect that gossip.checksum does not name.",
     &C::other_dialect_peers},
    {"ringside_member_changes_total", "Changes of members' rows.", &C::member_changes},
    {members, members_help, &C::members_alive, "status", "alive"},
    {members, members_help, &C::members_suspect, "status", "suspect"},
    {members, members_help, &C::members_faulty, "status", "faulty"},
    {members, members_help, &C::members_leave, "status", "leave"},
    {members, members_help, &C::members_tombstone, "status", "tombstone"},
    {"ringside_members_unverified",
     "Members that own no keys on this member's ring because no ping has reached them since gossip named "
     "them.",
     &C::members_unverified},
    {members_file, members_file_help, &C::members_file_written, "result", "written"},
    {members_file, members_file_help, &C::members_file_failed, "result", "failed"},
    {"ringside_ring_changes_total", "New rings built by this member.", &C::ring_changes},
    {"ringside_ring_servers", "Members that own keys on this member's ring.", &C::ring_servers},
    {"ringside_tchannel_connections", "Open TChannel connections, dialled and accepted.",
     &C::tchannel_connections},
    {"ringside_events_total", "Events told by GET /v1/events and webhooks.", &C::events},
    {"ringside_event_streams", "Open subscriptions to GET /v1/events.", &W::event_streams},
    {"ringside_event_resets_total",
     "Times a subscriber was told the whole state, because what it missed is not kept any more.",
     &W::event_resets},
    {"ringside_event_streams_slow_total", "Subscriptions closed because they took nothing for too long.",
     &W::event_streams_slow},
    {"ringside_log_streams", "Open readers of GET /v1/logs.", &W::log_streams},
    {"ringside_log_stream_lost_lines_total",
     "Lines of the log that a reader of GET /v1/logs was too slow for.", &W::log_stream_lost},
    {"ringside_long_polls", "Reads of the API that wait for a change.", &W::long_polls},
    {webhooks, webhooks_help, &C::webhook_delivered, "result", "delivered"},
    {webhooks, webhooks_help, &C::webhook_retried, "result", "retried"},
    {webhooks, webhooks_help, &C::webhook_refused, "result", "refused"},
    {"ringside_webhook_resets_total",
     "Times a webhook was told the whole state, because more events waited for it than are kept.",
     &C::webhook_resets},
    {"ringside_statsd_dropped_total", "Statistics for StatsD that could not be sent or written at once.",
     &C::statsd_dropped},
    {"ringside_ringpop_node_misfits",
     "Members that run ringpop-node while this one uses names or labels: they compute other owners.",
     &C::ringpop_node_misfits},
    {"ringside_build_info", "Always 1; the label is the version that runs.", Process::build_info},
    {"ringside_log_dropped_lines_total", "Log lines dropped because the reader of stderr was too slow.",
     Process::log_lines_dropped},
    {"ringside_access_log_dropped_total",
     "Writes of the access log, with the lines of one turn of a worker each, lost because the file was too "
     "slow or full.",
     Process::access_log_dropped},
    {"ringside_process_resident_bytes", "Memory of this process that is in RAM.", Process::resident_bytes},
    {"ringside_process_open_fds", "Open file descriptors of this process.", Process::open_fds},
};

struct TypeOf {
  prometheus::MetricType operator()(Counter WorkerMetrics::*) const {
    return prometheus::MetricType::Counter;
  }
  prometheus::MetricType operator()(Counter ControlMetrics::*) const {
    return prometheus::MetricType::Counter;
  }
  prometheus::MetricType operator()(Gauge WorkerMetrics::*) const { return prometheus::MetricType::Gauge; }
  prometheus::MetricType operator()(Gauge ControlMetrics::*) const { return prometheus::MetricType::Gauge; }
  prometheus::MetricType operator()(Histogram WorkerMetrics::*) const {
    return prometheus::MetricType::Histogram;
  }
  prometheus::MetricType operator()(Process what) const {
    const bool counts = what == Process::log_lines_dropped || what == Process::access_log_dropped;
    return counts ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
  }
};

double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t total_pages = 0, resident_pages = 0;
  statm >> total_pages >> resident_pages;
  return static_cast<double>(resident_pages) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double open_fds() {
  std::error_code ignored;
  const std::filesystem::directory_iterator descriptors("/proc/self/fd", ignored);
  const auto count = std::distance(begin(descriptors), end(descriptors));
  return static_cast<double>(count == 0 ? 0 : count - 1);  // one of them is the folder we read
}

// Reads one row's value, summed over the workers.
struct Read {
  const Metrics& metrics;
  std::string_view version;
  prometheus::ClientMetric& out;

  void operator()(Counter WorkerMetrics::* field) const {
    std::uint64_t sum = 0;
    for (const auto& worker : metrics.workers) sum += ((*worker).*field).value();
    out.counter.value = static_cast<double>(sum);
  }
  void operator()(Gauge WorkerMetrics::* field) const {
    std::int64_t sum = 0;
    for (const auto& worker : metrics.workers) sum += ((*worker).*field).value();
    out.gauge.value = static_cast<double>(sum);
  }
  void operator()(Histogram WorkerMetrics::* field) const {
    std::uint64_t count = 0, sum_us = 0;
    for (std::size_t i = 0; i < Histogram::buckets; ++i) {
      for (const auto& worker : metrics.workers) count += ((*worker).*field).count(i);
      const bool last = i + 1 == Histogram::buckets;
      const double bound =
          last ? std::numeric_limits<double>::infinity() : static_cast<double>(Histogram::bound_us(i)) / 1e6;
      out.histogram.bucket.push_back({count, bound});
    }
    for (const auto& worker : metrics.workers) sum_us += ((*worker).*field).sum_us();
    out.histogram.sample_count = count;
    out.histogram.sample_sum = static_cast<double>(sum_us) / 1e6;
  }
  void operator()(Counter ControlMetrics::* field) const {
    out.counter.value = static_cast<double>((metrics.control.*field).value());
  }
  void operator()(Gauge ControlMetrics::* field) const {
    out.gauge.value = static_cast<double>((metrics.control.*field).value());
  }
  void operator()(Process what) const {
    switch (what) {
      case Process::build_info:
        out.label.push_back({"version", std::string(version)});
        out.gauge.value = 1;
        return;
      case Process::log_lines_dropped: out.counter.value = static_cast<double>(log_lines_dropped()); return;
      case Process::access_log_dropped:
        out.counter.value = static_cast<double>(access_log_writes_dropped());
        return;
      case Process::resident_bytes: out.gauge.value = resident_bytes(); return;
      case Process::open_fds: out.gauge.value = open_fds(); return;
    }
  }
};

std::string_view type_name(prometheus::MetricType type) {
  if (type == prometheus::MetricType::Counter) return "counter";
  return type == prometheus::MetricType::Gauge ? "gauge" : "histogram";
}

}  // namespace

std::vector<MetricRow> metric_rows() {
  std::vector<MetricRow> rows;
  for (const auto& row : table)
    if (rows.empty() || rows.back().name != row.name)
      rows.push_back({row.name, type_name(std::visit(TypeOf{}, row.field)), row.help});
  return rows;
}

std::string render_prometheus(const Metrics& metrics, std::string_view version) {
  std::vector<prometheus::MetricFamily> families;
  for (const auto& row : table) {
    if (families.empty() || families.back().name != row.name)
      families.push_back({std::string(row.name), std::string(row.help), std::visit(TypeOf{}, row.field), {}});
    prometheus::ClientMetric metric;
    if (!row.label.empty()) metric.label.push_back({std::string(row.label), std::string(row.label_value)});
    std::visit(Read{metrics, version, metric}, row.field);
    families.back().metric.push_back(std::move(metric));
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace ringside::obs
