// The frames of a call, read and changed where they lie, for who passes a call on without putting it
// together: the head of its first frame, whether more follow, and another id or ttl written over the old one.
// What the checksum covers (the arguments) is not touched, so it stays right.
//
// Views lead into the frame.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "proto/tchannel/message.hpp"

namespace ringside::tchannel {

struct RequestHead {
  bool more = false;  // continuations follow
  std::uint32_t ttl_ms = 0;
  Tracing tracing;
  std::string_view service;
  std::optional<std::string_view> shard_key;  // transport header `sk`: whose owner the call is for
};
struct ResponseHead {
  bool more = false;
  std::uint8_t code = 0;  // 0 ok, else application error
};

// Of a call req and a call res. The arguments are not looked at.
Parsed<RequestHead> parse_request_head(std::span<const std::uint8_t> payload);
Parsed<ResponseHead> parse_response_head(std::span<const std::uint8_t> payload);
// Of a continuation: whether more follow.
Parsed<bool> parse_more(std::span<const std::uint8_t> payload);

// The size of the whole frame that begins here.
std::size_t frame_size(std::string_view bytes) noexcept;
// A frame as it lies in its buffer, header included.
inline std::string_view bytes_of(const FrameView& frame) noexcept {
  return {reinterpret_cast<const char*>(frame.payload.data()) - header_bytes, frame.size};
}
// Appends a whole frame with another id.
void write_with_id(std::string& out, std::string_view frame, std::uint32_t id);
// Writes over the ttl of the call req that begins at `at`.
void patch_ttl(std::string& out, std::size_t at, std::uint32_t ttl_ms);

}  // namespace ringside::tchannel
