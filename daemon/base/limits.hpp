// Every cap in the system, in one table. Each has a clear refusal and a test that reaches it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace ringside::limits {

using namespace std::chrono_literals;

// HTTP/1 (faults.md 4.6 of the design; RFC 9112 section 3 asks for at least 8,000 bytes of request line)
inline constexpr std::size_t request_line_bytes = 16 * 1024;
inline constexpr std::size_t field_line_bytes = 16 * 1024;
inline constexpr std::size_t head_bytes = 64 * 1024;
inline constexpr std::size_t fields = 100;
inline constexpr std::size_t method_bytes = 32;
inline constexpr std::size_t chunk_line_bytes = 256;
inline constexpr std::size_t trailer_fields = 20;
inline constexpr std::size_t trailer_bytes = 4 * 1024;
inline constexpr int interim_replies = 8;
inline constexpr auto head_time = 10s;
inline constexpr auto idle_time = 60s;
inline constexpr auto body_grace = 20s;                    // after it a request's body must have come at ...
inline constexpr std::uint64_t body_bytes_a_second = 240;  // ... this rate, or it is a 408
inline constexpr auto timeout_max = 24h;                   // of Ringside-Timeout: more is taken for this
inline constexpr auto app_connect_time = 500ms;
inline constexpr auto peer_connect_time = 500ms;

// Keys
inline constexpr std::size_t key_bytes = 4096;

// Forwarding
inline constexpr std::size_t stream_window_bytes =
    256 * 1024;  // what one stream may hold in memory, each way
inline constexpr std::size_t replay_bytes =
    64 * 1024;  // of a request body, kept so that a try can be repeated
inline constexpr std::size_t api_body_bytes = 1024 * 1024;  // bodies of API calls are held whole
inline constexpr std::size_t client_connections = 16384;
inline constexpr std::size_t app_connections_idle = 256;  // per worker
inline constexpr std::size_t peer_streams = 4096;         // open at once on one peer link

// TChannel
inline constexpr std::size_t tchannel_message_bytes = 8 * 1024 * 1024;
inline constexpr std::size_t tchannel_half_built = 256;  // fragmented calls under way on one connection
inline constexpr std::size_t tchannel_in_flight = 1024;  // our calls without an answer on one connection
inline constexpr std::size_t tchannel_write_bytes = 16 * 1024 * 1024;  // queued on one connection
inline constexpr auto tchannel_init_time = 5s;

// Membership
inline constexpr std::size_t members = 4096;
inline constexpr std::size_t full_syncs = 5;
inline constexpr std::size_t peer_connections = 1024;

static_assert(head_bytes >= request_line_bytes && head_bytes >= field_line_bytes);
static_assert(replay_bytes <= stream_window_bytes);

}  // namespace ringside::limits
