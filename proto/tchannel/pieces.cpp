#include "proto/tchannel/pieces.hpp"

#include <algorithm>
#include <boost/assert.hpp>

namespace ringside::tchannel {

std::string_view find(const Headers& headers, std::string_view key) noexcept {
  for (const auto& [k, v] : headers) {
    if (k == key) return v;
  }
  return {};
}

Tracing read_tracing(wire::Reader& in) {
  Tracing t;
  t.span = in.u64();
  t.parent = in.u64();
  t.trace = in.u64();
  t.flags = in.u8();
  return t;
}

void write_tracing(wire::Writer& out, const Tracing& t) {
  out.u64(t.span);
  out.u64(t.parent);
  out.u64(t.trace);
  out.u8(t.flags);
}

Headers read_call_headers(wire::Reader& in) {
  Headers headers;
  const std::size_t count = in.u8();
  if (count > headers_max) in.fail(wire::WireErrc::too_many);
  while (headers.size() < count && in.ok()) {
    const std::size_t at = in.offset();
    const std::string_view key = in.text8();
    const std::string_view value = in.text8();
    if (key.empty()) in.fail_at(wire::WireErrc::bad_value, at);
    if (key.size() > header_key_bytes_max) in.fail_at(wire::WireErrc::too_large, at);
    if (std::ranges::any_of(headers, [&](const auto& known) { return known.first == key; })) {
      in.fail_at(wire::WireErrc::duplicate, at);
    }
    headers.emplace_back(key, value);
  }
  return headers;
}

void write_call_headers(wire::Writer& out, const Headers& headers) {
  const std::size_t count = std::min(headers.size(), headers_max);
  out.u8(static_cast<std::uint8_t>(count));
  for (const auto& [key, value] : std::span(headers).first(count)) {
    out.text8(key, header_key_bytes_max);
    out.text8(value);
  }
}

std::size_t open_frame(wire::Writer& out, FrameType type, std::uint32_t id) {
  const std::size_t begin = out.size();
  out.u16(0);
  out.u8(static_cast<std::uint8_t>(type));
  out.u8(0);
  out.u32(id);
  out.u64(0);
  return begin;
}

void close_frame(wire::Writer& out, std::size_t begin) {
  const std::size_t size = out.size() - begin;
  BOOST_ASSERT(size <= frame_bytes_max);
  out.patch_u16(begin, static_cast<std::uint16_t>(size));
}

}  // namespace ringside::tchannel
