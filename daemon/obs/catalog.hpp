// Every metric of ringside: one struct per thread that writes, one row per metric in catalog.cpp with its
// name, unit, labels and help text. Nothing else may invent a name.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/limits.hpp"
#include "daemon/obs/metric.hpp"

namespace ringside::obs {

// Written by one worker.
struct WorkerMetrics {
  Counter requests_local;      // answered by this node's app: ringside_requests_total{path="local"}
  Counter requests_forwarded;  // sent to another node's ringside: {path="forwarded"}
  Counter requests_received;   // arrived from another node's ringside: {path="received"}
  Counter errors_executed_no;  // answers made here, by whether an app may have run the request
  Counter errors_executed_maybe;
  Counter retries;
  Counter reroutes;  // passed on because the ring had moved
  Counter breakers_opened;
  Gauge breakers_open;
  Counter tls_accepted, tls_refused, tls_too_many;    // handshakes of members that dialled us
  Counter client_tls_refused, proxy_headers_refused;  // of clients
  Counter bad_requests;                               // refused by the parser or the API's own checks
  Counter connections_accepted;
  Gauge connections_open;
  Gauge in_flight;  // requests under way; a reply counts until a second after its head
  Gauge streams;    // replies that go on after that
  Gauge at_app;     // with app.max_concurrency: requests that have a place at the app,
  Gauge app_queue;  // and requests that wait for one
  Gauge app_open;   // requests and calls given to this node's app or waiting for it, to the end of the answer
  Gauge app_streams;  // of these, answers that go on for over a second
  Counter drain_cut;  // ended by us because drain.timeout was over
  // Refused because there is too much to do, by what was full
  Counter full_in_flight, full_owner, full_key, full_queue, full_queue_wait;
  Histogram refusal_seconds;  // request head to refusal, but for full_queue_wait
  Gauge peer_links;           // open HTTP/2 links, dialled and accepted
  Gauge app_connections;
  std::array<Gauge, limits::routes> route_requests;  // under way, of routes with a cap; by place in `routes`
  Counter full_route;                                // refused because of that cap
  Gauge app_waiting;                                 // requests that wait for the app to come back
  Counter app_wait_refused;                          // there was no room for more
  Counter proxy_egress;                              // sent to a ringpop-node as /proxy/req
  Counter proxy_send_success, proxy_send_error;
  Counter bytes_in;                          // from clients
  Counter bytes_out;                         // to clients
  Counter upgrades;                          // requests that became a tunnel
  Gauge upgrades_open;                       // of these
  Counter upgrades_moved, upgrades_drained;  // closed by us
  // TChannel calls relayed, by how they ended
  Counter calls_ok, calls_app_error, calls_error, calls_refused, calls_cancelled;
  Counter call_request_bytes, call_response_bytes;  // frames passed on
  Gauge calls_in_flight;                            // without the end of their answer
  Gauge tchannel_links;                             // with other members, dialled and accepted
  Gauge event_streams;                              // open subscriptions to GET /v1/events
  Counter event_resets;        // of these, told the whole state because what they missed is not kept any more
  Counter event_streams_slow;  // closed: they took nothing for too long
  Gauge log_streams;           // open readers of GET /v1/logs
  Counter log_stream_lost;     // lines that they were too slow for
  Gauge long_polls;            // reads that wait for a change
  Counter full_event_streams, full_log_streams, full_long_polls;  // refused: there are too many
  Histogram request_seconds;  // request head to response head, as the entry sees it
};

// Written by the control thread.
struct ControlMetrics {
  Counter pings_sent, pings_received, ping_reqs_sent, ping_reqs_received, joins_received;
  Counter ping_failures;  // a direct ping without a good answer
  Counter full_syncs, reverse_full_syncs;
  Counter refutations;
  Counter deaths_proved;
  Counter dampings;   // of ourselves
  Counter overslept;  // we did not run when we should have
  // gossip records
  Counter refused_above_cap, refused_ahead_of_time, refused_bad_address, refused_too_many_new,
      refused_malformed;
  Gauge other_dialect_peers;
  Counter member_changes;
  Counter ring_changes;
  Counter gossip_errors;  // malformed or refused frames and bodies
  Counter name_conflicts;
  Gauge certificates_end;
  // Turned away on the peer port.
  Counter connections_strangers, connections_too_many, connections_silent, connections_plain, connections_tls;
  Gauge cluster_keys;  // accepted
  Gauge insecure;      // listeners may be off the loopback without protection
  Gauge members_alive, members_suspect, members_faulty, members_leave, members_tombstone;
  Gauge members_unverified;                           // known by gossip and not reached by us yet
  Counter members_file_written, members_file_failed;  // of node.data_dir
  Gauge ring_servers;
  Gauge tchannel_connections;
  Counter proxy_ingress;  // received from a ringpop-node as /proxy/req
  Counter proxy_checksums_differ, proxy_keys_differ;
  Counter proxy_refused;  // too many under way
  Gauge proxy_in_flight;  // received and not answered
  Counter app_probes_passed, app_probes_failed;
  Counter app_changes;  // up, restarting, down
  Gauge app_up;
  Gauge draining;  // 1 from the announcement on
  Counter statsd_dropped;
  Counter events;                                               // what GET /v1/events tells
  Counter webhook_delivered, webhook_retried, webhook_refused;  // POSTs, by their end
  Counter webhook_resets;                                       // more events waited than are kept
  Gauge ringpop_node_misfits;  // ringpop-node members while we use names or labels
};

struct Metrics {
  std::vector<std::unique_ptr<WorkerMetrics>> workers;  // fixed before the threads start
  ControlMetrics control;
};

struct MetricRow {
  std::string_view name;
  std::string_view type;  // counter, gauge, histogram
  std::string_view help;
};
// All names, for documents and dashboards to be checked against.
std::vector<MetricRow> metric_rows();

// The text exposition format, sums over all workers. Callable from any thread.
std::string render_prometheus(const Metrics&, std::string_view version);

}  // namespace ringside::obs
