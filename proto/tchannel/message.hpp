// TChannel v2 frames and messages (proto/spec/tchannel.md) without I/O: the caller owns the buffers, nothing
// here keeps a view past the call.
//
// A frame is 16 bytes of header and a payload of at most 65,519 bytes. Calls can be spread over continuation
// frames; Assembler puts them together again, write() cuts them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "proto/wire/error.hpp"

namespace ringside::tchannel {

using wire::Parsed;
using wire::WireError;

inline constexpr std::size_t header_bytes = 16;
inline constexpr std::size_t frame_bytes_max = 65535;
inline constexpr std::uint32_t no_message_id = 0xffffffff;
inline constexpr std::uint16_t protocol_version = 2;
inline constexpr std::size_t init_bytes_max = 4096;  // so that an init's first byte is never TLS's 0x16
inline constexpr std::size_t headers_max = 128;
inline constexpr std::size_t header_key_bytes_max = 16;
inline constexpr std::size_t arg1_bytes_max = 16 * 1024;  // of a request

enum class FrameType : std::uint8_t {
  init_req = 0x01,
  init_res = 0x02,
  call_req = 0x03,
  call_res = 0x04,
  call_req_continue = 0x13,
  call_res_continue = 0x14,
  cancel = 0xc0,
  claim = 0xc1,
  ping_req = 0xd0,
  ping_res = 0xd1,
  error = 0xff,
};

struct FrameView {
  FrameType type;  // may be a value that is not in the enum
  std::uint32_t id;
  std::span<const std::uint8_t> payload;
  std::size_t size;  // of the whole frame: what to consume
};
struct NeedMore {
  std::size_t bytes;  // at least this many more
};
using Step = std::variant<NeedMore, FrameView, WireError>;
// The first frame in the buffered bytes. A size below 16 is an error.
Step next_frame(std::span<const std::uint8_t> buffered);

// In wire order.
using Headers = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] std::string_view find(const Headers&, std::string_view key) noexcept;  // "" when absent

struct Tracing {
  std::uint64_t span = 0, parent = 0, trace = 0;
  std::uint8_t flags = 0;
  friend bool operator==(const Tracing&, const Tracing&) = default;
};

// 2 (farmhash) is accepted unverified and answered with none: go sends a null checksum, node a real one.
enum class ChecksumType : std::uint8_t { none = 0, crc32 = 1, farmhash = 2, crc32c = 3 };

enum class ErrorCode : std::uint8_t {
  timeout = 1,
  cancelled = 2,
  busy = 3,
  declined = 4,
  unexpected = 5,
  bad_request = 6,
  network = 7,
  unhealthy = 8,
  fatal = 0xff,
};
std::string_view to_string(ErrorCode) noexcept;

struct Init {
  std::uint16_t version = protocol_version;
  Headers headers;  // host_port, process_name, tchannel_language, tchannel_language_version, tchannel_version
  friend bool operator==(const Init&, const Init&) = default;
};
struct CallRequest {
  std::uint32_t ttl_ms = 0;
  Tracing tracing;
  std::string service;
  Headers headers;  // transport headers: as, cn, sk, ...
  ChecksumType checksum = ChecksumType::crc32;
  std::string arg1, arg2, arg3;
  friend bool operator==(const CallRequest&, const CallRequest&) = default;
};
struct CallResponse {
  std::uint8_t code = 0;  // 0 ok, else application error
  Tracing tracing;
  Headers headers;
  ChecksumType checksum = ChecksumType::crc32;
  std::string arg1, arg2, arg3;
  friend bool operator==(const CallResponse&, const CallResponse&) = default;
};
struct Error {
  ErrorCode code = ErrorCode::unexpected;
  Tracing tracing;
  std::string message;
  friend bool operator==(const Error&, const Error&) = default;
};
struct Cancel {
  std::uint32_t ttl_ms = 0;
  Tracing tracing;
  std::string why;
  friend bool operator==(const Cancel&, const Cancel&) = default;
};

// Offsets in errors count from the start of the payload. Any version and any error code is taken as it is:
// what to make of an unknown one is the connection's business.
Parsed<Init> parse_init(std::span<const std::uint8_t> payload);
Parsed<Error> parse_error(std::span<const std::uint8_t> payload);
Parsed<Cancel> parse_cancel(std::span<const std::uint8_t> payload);

// All append whole frames to `out`. A call over one frame is spread over several (proto/spec/tchannel.md).
// Headers beyond the limits above are cut to them, as is a service over 255 bytes; the headers of an Init
// must fit a frame. Checksum type farmhash is written as none, so a response may simply take over the
// request's type.
void write_init(std::string& out, FrameType req_or_res, std::uint32_t id, const Init&);
void write(std::string& out, std::uint32_t id, const CallRequest&);
void write(std::string& out, std::uint32_t id, const CallResponse&);
void write(std::string& out, std::uint32_t id, const Error&);
void write(std::string& out, std::uint32_t id, const Cancel&);
void write_ping(std::string& out, FrameType req_or_res, std::uint32_t id);

// Puts calls together from frames; one for each connection. Requests and responses have separate id spaces.
class Assembler {
 public:
  struct Limits {
    std::size_t message_bytes = 8 * 1024 * 1024;  // all args of one call
    std::size_t half_built = 256;
    std::size_t held_bytes = 16 * 1024 * 1024;  // args of all half-built calls together
  };
  struct Pending {};  // the frame was taken; the message is not complete
  // A frame that breaks the rules of its call. The id is the call's; bad_checksum and limits concern only
  // that call (its later frames are swallowed), the others mean the connection cannot be trusted any more.
  struct Broken {
    std::uint32_t id;
    WireError error;
    bool is_request;
    bool fatal;
  };
  using Result = std::variant<Pending, std::pair<std::uint32_t, CallRequest>,
                              std::pair<std::uint32_t, CallResponse>, Broken>;

  explicit Assembler(const Limits&);
  Assembler() : Assembler(Limits{}) {}
  ~Assembler();
  Assembler(Assembler&&) noexcept;

  // One of the four call frame types.
  Result take(const FrameView&);
  // Cancelled or timed out: what still comes of it is swallowed.
  void forget(std::uint32_t id, bool is_request);
  [[nodiscard]] std::size_t half_built() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ringside::tchannel
