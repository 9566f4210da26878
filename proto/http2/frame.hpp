// The frames of HTTP/2 (RFC 9113 section 4): nine bytes that say what follows, then a payload.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace ringside::http2 {

using StreamId = std::int32_t;  // 31 bits: the one above them is reserved

// RFC 9113 section 7; the ones we use or tell apart.
enum class Code : std::uint32_t {
  no_error = 0,
  protocol_error = 1,
  internal_error = 2,
  flow_control_error = 3,
  stream_closed = 5,
  frame_size_error = 6,
  refused_stream = 7,
  cancel = 8,
  compression_error = 9,
  enhance_your_calm = 11,
};

enum class FrameType : std::uint8_t {
  data = 0,
  headers = 1,
  priority = 2,
  rst_stream = 3,
  settings = 4,
  push_promise = 5,
  ping = 6,
  goaway = 7,
  window_update = 8,
  continuation = 9,
};

namespace flag {
inline constexpr std::uint8_t end_stream = 0x1, ack = 0x1, end_headers = 0x4, padded = 0x8, priority = 0x20;
}

// RFC 9113 6.5.2.
enum class Setting : std::uint16_t {
  header_table_size = 1,
  enable_push = 2,
  max_concurrent_streams = 3,
  initial_window_size = 4,
  max_frame_size = 5,
  max_header_list_size = 6,
  enable_connect_protocol = 8,  // RFC 8441
  no_rfc7540_priorities = 9,    // RFC 9218 2.1
};

inline constexpr std::int64_t window_max = 0x7fffffff;       // RFC 9113 6.9.1
inline constexpr std::int64_t window_at_first = 65535;       // 6.9.2
inline constexpr std::uint32_t frame_bytes_least = 16384;    // 4.2: what everybody takes
inline constexpr std::uint32_t frame_bytes_most = 0xffffff;  // and what the three bytes can say

struct FrameHeader {
  std::size_t length = 0;  // of the payload
  FrameType type{};
  std::uint8_t flags = 0;
  StreamId stream = 0;
  [[nodiscard]] bool has(std::uint8_t wanted) const noexcept { return (flags & wanted) != 0; }
};
inline constexpr std::size_t frame_header_bytes = 9;

[[nodiscard]] inline std::uint32_t read_number(const char* from, std::size_t bytes) noexcept {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) value = value << 8 | static_cast<unsigned char>(from[i]);
  return value;
}
inline void write_number(char* to, std::uint32_t value, std::size_t bytes) noexcept {
  for (std::size_t i = bytes; i-- > 0; value >>= 8) to[i] = static_cast<char>(value);
}
inline void append_number(std::string& out, std::uint32_t value, std::size_t bytes) {
  char text[4];
  write_number(text, value, bytes);
  out.append(text, bytes);
}

[[nodiscard]] inline FrameHeader read_frame_header(const char* from) noexcept {
  return {read_number(from, 3), static_cast<FrameType>(from[3]), static_cast<std::uint8_t>(from[4]),
          static_cast<StreamId>(read_number(from + 5, 4) & 0x7fffffff)};
}
inline void write_frame_header(char* to, const FrameHeader& header) noexcept {
  write_number(to, static_cast<std::uint32_t>(header.length), 3);
  to[3] = static_cast<char>(header.type);
  to[4] = static_cast<char>(header.flags);
  write_number(to + 5, static_cast<std::uint32_t>(header.stream), 4);
}
inline void append_frame_header(std::string& out, const FrameHeader& header) {
  char text[frame_header_bytes];
  write_frame_header(text, header);
  out.append(text, frame_header_bytes);
}

}  // namespace ringside::http2
