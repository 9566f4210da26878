#include "proto/tchannel/call_frames.hpp"

#include "proto/tchannel/pieces.hpp"

namespace ringside::tchannel {
namespace {

constexpr std::uint8_t more_follow = 0x01;
constexpr std::size_t id_offset = 4;
constexpr std::size_t ttl_offset = header_bytes + 1;  // behind the flags

template <class T>
Parsed<T> finish(const wire::Reader& in, const T& value) {
  if (!in.ok()) return in.error();
  return value;
}

// The headers of a call (pieces.cpp has their rules), of which only `sk` is kept.
std::optional<std::string_view> read_shard_key(wire::Reader& in) {
  std::optional<std::string_view> found;
  const std::size_t count = in.u8();
  if (count > headers_max) in.fail(wire::WireErrc::too_many);
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    const std::size_t at = in.offset();
    const std::string_view key = in.text8();
    const std::string_view value = in.text8();
    if (key.empty()) in.fail_at(wire::WireErrc::bad_value, at);
    if (key.size() > header_key_bytes_max) in.fail_at(wire::WireErrc::too_large, at);
    if (key != "sk") continue;
    if (found) in.fail_at(wire::WireErrc::duplicate, at);
    found = value;
  }
  return found;
}

}  // namespace

Parsed<RequestHead> parse_request_head(std::span<const std::uint8_t> payload) {
  wire::Reader in(payload);
  RequestHead head;
  head.more = (in.u8() & more_follow) != 0;
  head.ttl_ms = in.u32();
  head.tracing = read_tracing(in);
  head.service = in.text8();
  head.shard_key = read_shard_key(in);
  return finish(in, head);
}

Parsed<ResponseHead> parse_response_head(std::span<const std::uint8_t> payload) {
  wire::Reader in(payload);
  ResponseHead head;
  head.more = (in.u8() & more_follow) != 0;
  head.code = in.u8();
  return finish(in, head);
}

Parsed<bool> parse_more(std::span<const std::uint8_t> payload) {
  wire::Reader in(payload);
  const bool more = (in.u8() & more_follow) != 0;
  return finish(in, more);
}

std::size_t frame_size(std::string_view bytes) noexcept {
  return wire::Reader({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}).u16();
}

void write_with_id(std::string& out, std::string_view frame, std::uint32_t id) {
  const std::size_t at = out.size();
  out.append(frame);
  wire::Writer(out).patch_u32(at + id_offset, id);
}

void patch_ttl(std::string& out, std::size_t at, std::uint32_t ttl_ms) {
  wire::Writer(out).patch_u32(at + ttl_offset, ttl_ms);
}

}  // namespace ringside::tchannel
