// Every cap in the system, in one table. Each has a clear refusal and a test that reaches it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace ringside::limits {

using namespace std::chrono_literals;

// HTTP/1 (RFC 9112 section 3 asks for at least 8,000 bytes of request line)
inline constexpr std::size_t request_line_bytes = 16 * 1024;
inline constexpr std::size_t field_line_bytes = 16 * 1024;
inline constexpr std::size_t head_bytes = 64 * 1024;
inline constexpr std::size_t fields = 100;
inline constexpr std::size_t method_bytes = 32;
inline constexpr std::size_t chunk_line_bytes = 256;
inline constexpr std::size_t trailer_fields = 20;
inline constexpr std::size_t trailer_bytes = 4 * 1024;
inline constexpr std::size_t h2_trailer_bytes = 16 * 1024;  // gRPC puts the details of a status there
inline constexpr int interim_replies = 8;
inline constexpr auto head_time = 10s;
inline constexpr auto idle_time = 60s;
inline constexpr auto body_grace = 20s;                    // after it a request's body must have come at ...
inline constexpr std::uint64_t body_bytes_a_second = 240;  // ... this rate, or it is a 408
inline constexpr auto timeout_max = 24h;                   // of Ringside-Timeout: more is taken for this
inline constexpr auto peer_connect_time = 500ms;
inline constexpr auto linger_time = 1s;                   // after our last words, for the client to read them
inline constexpr std::size_t linger_bytes = 1024 * 1024;  // read and dropped meanwhile
inline constexpr auto upgrade_close_time = 2s;            // for both ends to hang up, after our Close
inline constexpr std::size_t request_id_bytes = 128;      // of an X-Request-Id that is kept
inline constexpr auto silent_peer_time = 20s;             // unacknowledged bytes on a dialled connection
inline constexpr auto out_of_descriptors_pause = 100ms;   // of an accept loop
inline constexpr std::size_t host_name_bytes = 253;       // of ingress.hosts; DNS has no longer ones

// Keys
inline constexpr std::size_t key_bytes = 4096;

inline constexpr int retries = 5;  // of what may have run, whatever the settings and the entry say

// Routes of listen.ingress
inline constexpr std::size_t routes = 256;
inline constexpr std::size_t route_text_bytes = 1024;  // of a path or key template
inline constexpr std::size_t route_variables = 8;      // of one path
inline constexpr std::size_t route_key_parts = 16;     // texts and variables of one key

// Forwarding
inline constexpr auto owned_lately = 10s;          // a key that has moved may still be served for so long
inline constexpr std::size_t past_rings = 8;       // that are remembered for it
inline constexpr std::size_t tenures = 16 * 1024;  // times of owning, beside one for each range of hashes
inline constexpr std::size_t stream_window_bytes =
    256 * 1024;  // what one stream may hold in memory, each way
inline constexpr std::size_t stream_window_most_bytes =
    1024 * 1024;  // the same between ringsides, of a stream whose reader has kept up until then
inline constexpr std::uint64_t stream_window_grows_after =
    16 * 1024 * 1024;  // bytes: more than the sockets between can hold
inline constexpr std::size_t replay_bytes =
    64 * 1024;                            // of a request body, kept so that a try can be repeated
inline constexpr auto stream_grace = 1s;  // after its head a reply still counts as a request under way
inline constexpr std::size_t via_same =
    8;  // times that a request's Via names this node: then it goes in a circle
inline constexpr std::size_t api_body_bytes = 1024 * 1024;    // bodies of API calls are held whole
inline constexpr std::size_t read_ahead_bytes = 32 * 1024;    // of one connection, behind a whole head
inline constexpr std::size_t long_piece_bytes = 8 * 1024;     // of a body: sent without a copy if it can be
inline constexpr std::uint32_t link_frame_bytes = 64 * 1024;  // of DATA between ringsides
inline constexpr std::size_t link_buffer_bytes = 256 * 1024;  // of a peer link, each way
inline constexpr std::size_t client_connections = 16384;
inline constexpr std::size_t app_connections_idle = 256;  // per worker
inline constexpr std::size_t app_links = 16;              // per worker, to an app that speaks HTTP/2
inline constexpr std::size_t peer_streams = 4096;         // open at once on one peer link
inline constexpr std::size_t client_streams = 128;        // open at once on one HTTP/2 connection of a client
inline constexpr std::uint64_t client_resets_burst = 1000;      // requests a client cancels at once, and ...
inline constexpr std::uint64_t client_resets_per_second = 100;  // ... in the long run, before it is cut off
inline constexpr std::size_t api_unread_bytes = 1024 * 1024;    // answers on it that wait to be read

// /proxy/req, ringpop-node's HTTP: one message each way, so bodies are held whole
inline constexpr std::size_t proxy_body_bytes = 4 * 1024 * 1024;  // ringpop-node itself takes 1 MB by default
inline constexpr std::size_t proxy_held_bytes =
    64 * 1024 * 1024;                                 // all of them, per worker; and received ones
inline constexpr std::size_t proxy_in_flight = 5000;  // received; ringpop-node's

// TChannel
inline constexpr std::size_t tchannel_message_bytes = 8 * 1024 * 1024;
inline constexpr std::size_t tchannel_half_built = 256;  // fragmented calls under way on one connection
inline constexpr std::size_t tchannel_in_flight = 1024;  // our calls without an answer on one connection
inline constexpr std::size_t tchannel_foreign_bytes =
    1024 * 1024;  // of a control link's frames that a worker holds, each way
inline constexpr std::size_t tchannel_write_bytes = 16 * 1024 * 1024;  // queued on one connection
inline constexpr std::size_t tchannel_app_bytes = 8 * 1024 * 1024;     // of these, behind gossip
inline constexpr std::size_t relay_calls = 4096;                       // of one relayed connection, each way
inline constexpr std::size_t relay_queue_bytes =
    256 * 1024;  // queued for one relayed connection; then its senders are stopped
inline constexpr auto relay_stall_time = 10s;                  // for a stopped reader to take anything
inline constexpr std::size_t relay_app_connections = 4;        // per worker
inline constexpr std::size_t relay_app_calls = 64;             // on each of them before there is another
inline constexpr std::size_t tchannel_tool_bytes = 64 * 1024;  // of the body of a tool's question or order
inline constexpr auto tchannel_init_time = 5s;
inline constexpr auto tchannel_drain_time = 10s;    // for open calls, after the other side said goodbye
inline constexpr auto tchannel_farewell_time = 1s;  // for the last frame to be taken

// The app's health
inline constexpr auto app_probe_fast = 200ms;     // between probes once the app was found missing
inline constexpr std::size_t app_waiting = 8192;  // requests that wait for it, per worker
inline constexpr std::size_t app_waiting_bytes = 64 * 1024 * 1024;  // of their heads and bodies
inline constexpr auto app_wait_margin = 100ms;  // a wait ends so long before the request's time, to say why

// Membership
inline constexpr std::size_t members = 4096;
inline constexpr std::size_t inquests = 64;          // members looked at at once because a connection broke
inline constexpr std::size_t gossip_sources = 1024;  // whose new members are counted
inline constexpr std::size_t newcomer_pings = 16;    // of ours at once, to reach who came by gossip
inline constexpr std::size_t full_syncs = 5;
inline constexpr std::size_t peer_connections = 1024;
inline constexpr std::size_t name_bytes = 63;  // of a member: a DNS label, so that host names fit
inline constexpr std::size_t cluster_bytes = 255;
inline constexpr std::size_t labels = 5;  // of one member, the operator's; these three are ringpop-go's
inline constexpr std::size_t label_key_bytes = 32;
inline constexpr std::size_t label_value_bytes = 128;
inline constexpr int weight = 64;             // of one member: so many times the points
inline constexpr int ringpop_points = 100;    // of one member, in every Ringpop: it knows no other number
inline constexpr int leave_periods = 10;      // of gossip, for our own leaving to be spread
inline constexpr auto drain_close_time = 2s;  // for what is cut when drain.timeout is over to be gone
inline constexpr auto seed_look_up_time = 5s;
inline constexpr std::size_t seed_look_ups = 32;  // helper threads at once
inline constexpr std::size_t seed_file_bytes = 1024 * 1024;
inline constexpr std::size_t srv_targets = 64;
inline constexpr std::size_t members_file_bytes = 512 * 1024;  // node.data_dir; rows of `members` fit
inline constexpr auto members_file_pause = 1s;                 // from a change until it is written
inline constexpr auto members_file_retry = 30s;                // after a write that failed
inline constexpr std::size_t remembered_seeds = 16;            // of these that are asked beside join.seeds
inline constexpr std::size_t node_peers_named = 1024;          // ringpop-node peers complained of, each once
inline constexpr std::size_t peer_kinds = 2 * members;         // peers met, members or not
inline constexpr std::size_t strangers_dialled = 8;  // at a time, to learn what kind of peer they are
inline constexpr std::size_t version_bytes = 63;     // kept of the version that a ringside says it is of
inline constexpr auto view_time = 2s;                // after which measurements are shown anew

// Security
inline constexpr std::size_t secret_file_bytes = 64 * 1024;
inline constexpr auto secret_pipe_time = 5s;                    // for who writes a secret into a pipe
inline constexpr std::size_t cluster_keys = 8;                  // accepted at once
inline constexpr std::size_t keyring_asks = 32;                 // members asked at once for their keys
inline constexpr auto keyring_ask_time = 2s;                    // for each
inline constexpr auto tls_handshake_time = 5s;                  // of a peer's connection, either way
inline constexpr std::size_t tls_handshakes = 256;              // of peers that dial, at once, per worker
inline constexpr std::uint64_t tls_records_per_key = 1U << 23;  // RFC 8446 5.5 allows three times as many
inline constexpr std::size_t api_tokens_per_role = 2;           // valid at once, so that one can be changed
inline constexpr std::size_t api_token_bytes_min = 16;
inline constexpr std::size_t api_token_bytes = 256;

// Traces (spec B.4)
inline constexpr std::size_t traces = 16;  // each is a call or a line for every change of the membership
inline constexpr std::size_t trace_text_bytes = 256;
inline constexpr auto trace_time = 24h;  // at most, without being renewed
inline constexpr auto trace_call_time = 1s;

// Statistics for StatsD
inline constexpr std::size_t statsd_prefix_bytes = 200;
inline constexpr std::uint64_t statsd_file_bytes = std::uint64_t{1} << 30;  // then nothing is added any more
inline constexpr auto statsd_look_up_time = 5s;                             // of the server's name
inline constexpr std::size_t statsd_early = 1024;  // statistics kept until it is found

// Events (api/events.hpp), long polls and webhooks
inline constexpr std::size_t events_kept = 1024;
inline constexpr std::size_t events_kept_bytes = 4 * 1024 * 1024;  // of their data; the oldest go first
inline constexpr std::size_t event_streams = 256;                  // per worker
inline constexpr std::size_t event_backlog_bytes = 256 * 1024;  // unread by one stream; then it has to wait
inline constexpr auto event_comment_time = 15s;                 // of silence on a stream
inline constexpr auto event_stall_time = 60s;                   // for a reader to take anything
inline constexpr std::size_t long_polls = 1024;                 // per worker
inline constexpr auto long_poll_time = 30s;                     // if the request says nothing, and ...
inline constexpr auto long_poll_time_max = 10min;               // ... at most
inline constexpr std::size_t webhooks = 8;
inline constexpr std::size_t webhook_queue = 1024;  // events that wait for one; then it gets a reset
inline constexpr auto webhook_time = 5s;            // for its answer
inline constexpr auto webhook_pause = 100ms;        // before it is tried again, doubled each time up to ...
inline constexpr auto webhook_pause_max = 30s;

// The log as GET /v1/logs shows it (obs/log_tap.hpp)
inline constexpr std::size_t log_lines_kept = 1024;
inline constexpr std::size_t log_streams = 16;           // per worker
inline constexpr std::size_t log_stream_lines = 1024;    // unread by one of them; then the oldest go
inline constexpr std::size_t log_line_bytes = 4 * 1024;  // kept of one line; the rest is cut off

// Hot keys (forward/hot_keys.hpp)
inline constexpr std::size_t hot_keys = 64;         // counted at once, per worker
inline constexpr std::size_t hot_key_bytes = 128;   // shown of one
inline constexpr std::uint64_t hot_key_sample = 8;  // one request in so many is counted

// Configuration: the file, or routes in a flag or variable
inline constexpr std::size_t config_bytes = 1024 * 1024;

// API. POST /v1/lookup answers up to keys x owners names; these two bound the answer at 8 MiB
inline constexpr std::size_t lookup_keys = 10'000;
inline constexpr std::size_t lookup_many_owners = 8;
inline constexpr std::size_t plan_changes = 256;  // members added and removed by one POST /v1/ring/plan
inline constexpr int plan_weight = 256;           // of all who are added, together
inline constexpr std::size_t join_peers = 64;     // of one POST /v1/join
inline constexpr std::size_t member_asks = 32;    // members asked at once for one page of the API
inline constexpr auto member_ask_time = 1s;       // for each

// ringside run, dev and echo
inline constexpr int run_slots = 64;                 // instances of one app on one machine
inline constexpr std::size_t slot_bytes = 4 * 1024;  // of the file that describes one
inline constexpr auto daemon_end_time = 5s;          // beyond drain.timeout, before a daemon is killed
inline constexpr auto restart_pause = 200ms;         // before a child is started again, doubled each time ...
inline constexpr auto restart_pause_max = 10s;       // ... up to this, and from the beginning ...
inline constexpr auto restart_calm = 10s;            // ... once it has run for so long
inline constexpr int dev_nodes = 32;
inline constexpr std::size_t faults = 64;             // of PUT /v1/faults/{peer}, at once
inline constexpr auto fault_delay_max = 60s;          // of one of them
inline constexpr std::size_t dev_line_bytes = 256;    // of the orders that come in
inline constexpr auto dev_quit_time = 3s;             // for all of them to end, before they are killed
inline constexpr std::size_t echo_connections = 512;  // under the usual 1,024 descriptors

// ringside bench
inline constexpr int bench_connections = 512;  // the same
inline constexpr std::int64_t bench_keys = 1'000'000'000;
inline constexpr auto bench_time_max = 24h;
inline constexpr auto bench_patience = 5s;         // for the last answers
inline constexpr auto bench_redial_pause = 100ms;  // after a connection that did not come about

static_assert(head_bytes >= request_line_bytes && head_bytes >= field_line_bytes);
static_assert(proxy_body_bytes < tchannel_message_bytes && proxy_body_bytes <= tchannel_app_bytes);
static_assert(replay_bytes <= stream_window_bytes);
static_assert(long_poll_time <= long_poll_time_max && webhook_queue <= events_kept);

}  // namespace ringside::limits
