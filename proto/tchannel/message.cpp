// The messages that always fit one frame: init, error, cancel, ping (proto/spec/tchannel.md). Calls are in
// call.cpp.
#include "proto/tchannel/message.hpp"

#include <algorithm>

#include "proto/tchannel/pieces.hpp"

namespace ringside::tchannel {
namespace {

// The texts of errors and cancels are for people; longer ones are cut.
constexpr std::size_t text_bytes_max = 4096;

// Everything was read, nothing is left: the value, or the first thing that went wrong.
template <class T>
Parsed<T> finish(wire::Reader& in, T value) {
  in.expect_end();
  if (!in.ok()) return in.error();
  return value;
}

}  // namespace

std::string_view to_string(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::timeout: return "timeout";
    case ErrorCode::cancelled: return "cancelled";
    case ErrorCode::busy: return "busy";
    case ErrorCode::declined: return "declined";
    case ErrorCode::unexpected: return "unexpected error";
    case ErrorCode::bad_request: return "bad request";
    case ErrorCode::network: return "network error";
    case ErrorCode::unhealthy: return "unhealthy";
    case ErrorCode::fatal: return "fatal protocol error";
  }
  return "unknown error";
}

Parsed<Init> parse_init(std::span<const std::uint8_t> payload) {
  wire::Reader in(payload);
  if (payload.size() > init_bytes_max) in.fail(wire::WireErrc::too_large);
  Init init;
  init.version = in.u16();
  const std::size_t count = in.u16();
  if (count > headers_max) in.fail(wire::WireErrc::too_many);
  while (init.headers.size() < count && in.ok()) {
    const std::size_t at = in.offset();
    const std::string_view key = in.text16();
    const std::string_view value = in.text16();
    if (std::ranges::any_of(init.headers, [&](const auto& known) { return known.first == key; })) {
      in.fail_at(wire::WireErrc::duplicate, at);
    }
    init.headers.emplace_back(key, value);
  }
  return finish(in, std::move(init));
}

Parsed<Error> parse_error(std::span<const std::uint8_t> payload) {
  wire::Reader in(payload);
  Error error;
  error.code = static_cast<ErrorCode>(in.u8());
  error.tracing = read_tracing(in);
  error.message = in.text16();
  return finish(in, std::move(error));
}

Parsed<Cancel> parse_cancel(std::span<const std::uint8_t> payload) {
  wire::Reader in(payload);
  Cancel cancel;
  cancel.ttl_ms = in.u32();
  cancel.tracing = read_tracing(in);
  cancel.why = in.text16();
  return finish(in, std::move(cancel));
}

void write_init(std::string& bytes, FrameType req_or_res, std::uint32_t id, const Init& init) {
  wire::Writer out(bytes);
  const std::size_t begin = open_frame(out, req_or_res, id);
  out.u16(init.version);
  out.u16(static_cast<std::uint16_t>(init.headers.size()));
  for (const auto& [key, value] : init.headers) {
    out.text16(key);
    out.text16(value);
  }
  close_frame(out, begin);
}

void write(std::string& bytes, std::uint32_t id, const Error& error) {
  wire::Writer out(bytes);
  const std::size_t begin = open_frame(out, FrameType::error, id);
  out.u8(static_cast<std::uint8_t>(error.code));
  write_tracing(out, error.tracing);
  out.text16(error.message, text_bytes_max);
  close_frame(out, begin);
}

void write(std::string& bytes, std::uint32_t id, const Cancel& cancel) {
  wire::Writer out(bytes);
  const std::size_t begin = open_frame(out, FrameType::cancel, id);
  out.u32(cancel.ttl_ms);
  write_tracing(out, cancel.tracing);
  out.text16(cancel.why, text_bytes_max);
  close_frame(out, begin);
}

void write_ping(std::string& bytes, FrameType req_or_res, std::uint32_t id) {
  wire::Writer out(bytes);
  close_frame(out, open_frame(out, req_or_res, id));
}

}  // namespace ringside::tchannel
