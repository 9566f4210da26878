// Puts calls together from their frames (proto/spec/tchannel.md, "Calls over several frames").
//
// Nearly every call is one frame and goes straight through; only a call that says "more follow" gets an
// entry. When a call is given up (its checksum is wrong, it is too large, it was cancelled), its later frames
// are still on their way: its id is remembered and they are swallowed.
#include <map>
#include <set>
#include <type_traits>

#include "proto/tchannel/checksum.hpp"
#include "proto/tchannel/pieces.hpp"

namespace ringside::tchannel {
namespace {

constexpr std::uint8_t more_follow = 0x01;
constexpr int args_of_a_call = 3;

template <class Call>
struct Half {
  Call call;
  RunningChecksum sum{ChecksumType::none};
  int args_begun = 0;
  std::size_t bytes = 0;  // of all arguments so far
};

// One id space: what the peer asks, or what it answers.
template <class Call>
struct Side {
  std::map<std::uint32_t, Half<Call>> half_built;
  std::set<std::uint32_t> swallowed;
};

bool is_fatal(WireError error) {
  switch (error.code) {
    case wire::WireErrc::bad_checksum:
    case wire::WireErrc::too_large:
    case wire::WireErrc::too_many: return false;
    case wire::WireErrc::truncated:
    case wire::WireErrc::bad_length:
    case wire::WireErrc::bad_value:
    case wire::WireErrc::duplicate:
    case wire::WireErrc::unexpected:
    case wire::WireErrc::trailing_bytes: return true;
  }
  return true;
}

void read_head(wire::Reader& in, CallRequest& call) {
  call.ttl_ms = in.u32();
  call.tracing = read_tracing(in);
  call.service = in.text8();
  call.headers = read_call_headers(in);
}

void read_head(wire::Reader& in, CallResponse& call) {
  call.code = in.u8();
  call.tracing = read_tracing(in);
  call.headers = read_call_headers(in);
}

ChecksumType read_checksum_type(wire::Reader& in) {
  const std::size_t at = in.offset();
  const std::uint8_t type = in.u8();
  if (type > static_cast<std::uint8_t>(ChecksumType::crc32c)) in.fail_at(wire::WireErrc::bad_value, at);
  return static_cast<ChecksumType>(type);
}

// The checksum's type of the first frame holds for the whole call.
template <class Call>
void read_type(wire::Reader& in, Half<Call>& half, bool is_first) {
  const std::size_t at = in.offset();
  const ChecksumType type = read_checksum_type(in);
  if (is_first) {
    half.call.checksum = type;
    half.sum = RunningChecksum(type);
  } else if (type != half.call.checksum) {
    in.fail_at(wire::WireErrc::unexpected, at);
  }
}

// One chunk: the beginning of the next argument, or more of the present one.
template <class Call>
void read_chunk(wire::Reader& in, Half<Call>& half, bool begins_arg, std::size_t bytes_max) {
  const std::size_t at = in.offset();
  if (begins_arg && ++half.args_begun > args_of_a_call) return in.fail_at(wire::WireErrc::unexpected, at);
  const std::string_view chunk = in.text16();
  std::string& arg = half.args_begun == 1   ? half.call.arg1
                     : half.args_begun == 2 ? half.call.arg2
                                            : half.call.arg3;
  if (chunk.size() > bytes_max - half.bytes) return in.fail_at(wire::WireErrc::too_large, at);
  if (std::is_same_v<Call, CallRequest> && half.args_begun == 1 &&
      arg.size() + chunk.size() > arg1_bytes_max) {
    return in.fail_at(wire::WireErrc::too_large, at);
  }
  arg += chunk;
  half.bytes += chunk.size();
  half.sum.add(chunk);
}

// From the checksum type to the end of the frame. `bytes_max` is what the arguments may come to by then.
template <class Call>
void read_args(wire::Reader& in, Half<Call>& half, bool is_first, bool is_last, std::size_t bytes_max) {
  read_type(in, half, is_first);
  const std::size_t sum_at = in.offset();
  const std::uint32_t sum = checksum_bytes(half.call.checksum) == 0 ? 0 : in.u32();
  for (bool first_chunk = true; in.remaining() != 0; first_chunk = false) {
    read_chunk(in, half, !first_chunk || half.args_begun == 0, bytes_max);
  }
  if (is_last && half.args_begun != args_of_a_call) in.fail(wire::WireErrc::truncated);
  if (!half.sum.accepts(sum)) in.fail_at(wire::WireErrc::bad_checksum, sum_at);
}

}  // namespace

struct Assembler::State {
  Limits limits;
  Side<CallRequest> requests;
  Side<CallResponse> responses;
  std::size_t held = 0;  // the sum of all Half::bytes in the two maps

  [[nodiscard]] std::size_t half_built() const {
    return requests.half_built.size() + responses.half_built.size();
  }

  // The oldest id makes room: a peer that never sends the rest of what it cancelled must not fill the set.
  template <class Call>
  void swallow(Side<Call>& side, std::uint32_t id) const {
    side.swallowed.insert(id);
    if (side.swallowed.size() > limits.half_built) side.swallowed.erase(side.swallowed.begin());
  }

  template <class Call>
  Broken broken(Side<Call>& side, std::uint32_t id, WireError error, bool more) const {
    const bool fatal = is_fatal(error);
    if (!fatal && more) swallow(side, id);
    return Broken{id, error, std::is_same_v<Call, CallRequest>, fatal};
  }

  template <class Call>
  Result begin(Side<Call>& side, const FrameView& frame) {
    if (side.half_built.contains(frame.id)) {
      return broken(side, frame.id, {wire::WireErrc::duplicate, 0}, false);
    }
    side.swallowed.erase(frame.id);  // the id was given to a new call
    wire::Reader in(frame.payload);
    const bool more = in.u8() & more_follow;
    Half<Call> half;
    read_head(in, half.call);
    read_args(in, half, true, !more, limits.message_bytes);
    if (more && half.bytes > limits.held_bytes - held) in.fail(wire::WireErrc::too_large);
    if (more && half_built() >= limits.half_built) in.fail(wire::WireErrc::too_many);
    if (!in.ok()) return broken(side, frame.id, in.error(), more);
    if (!more) return std::pair(frame.id, std::move(half.call));
    held += half.bytes;
    side.half_built.emplace(frame.id, std::move(half));
    return Pending{};
  }

  template <class Call>
  Result go_on(Side<Call>& side, const FrameView& frame) {
    wire::Reader in(frame.payload);
    const bool more = in.u8() & more_follow;
    if (side.swallowed.contains(frame.id)) {
      if (!more) side.swallowed.erase(frame.id);
      return Pending{};
    }
    const auto found = side.half_built.find(frame.id);
    if (found == side.half_built.end()) {
      return broken(side, frame.id, {wire::WireErrc::unexpected, 0}, more);
    }
    Half<Call>& half = found->second;
    held -= half.bytes;
    read_args(in, half, false, !more, std::min(limits.message_bytes, limits.held_bytes - held));
    if (in.ok() && more) {
      held += half.bytes;
      return Pending{};
    }
    const auto done = side.half_built.extract(found);
    if (!in.ok()) return broken(side, frame.id, in.error(), more);
    return std::pair(frame.id, std::move(done.mapped().call));
  }

  template <class Call>
  void forget(Side<Call>& side, std::uint32_t id) {
    const auto found = side.half_built.find(id);
    if (found == side.half_built.end()) return;
    held -= found->second.bytes;
    side.half_built.erase(found);
    swallow(side, id);
  }
};

Assembler::Assembler(const Limits& limits) : state_(std::make_unique<State>()) {
  state_->limits = limits;
}
Assembler::~Assembler() = default;
Assembler::Assembler(Assembler&&) noexcept = default;

Assembler::Result Assembler::take(const FrameView& frame) {
  switch (frame.type) {
    case FrameType::call_req: return state_->begin(state_->requests, frame);
    case FrameType::call_res: return state_->begin(state_->responses, frame);
    case FrameType::call_req_continue: return state_->go_on(state_->requests, frame);
    case FrameType::call_res_continue: return state_->go_on(state_->responses, frame);
    case FrameType::init_req:
    case FrameType::init_res:
    case FrameType::cancel:
    case FrameType::claim:
    case FrameType::ping_req:
    case FrameType::ping_res:
    case FrameType::error: break;
  }
  return Broken{frame.id, {wire::WireErrc::unexpected, 0}, true, true};
}

void Assembler::forget(std::uint32_t id, bool is_request) {
  if (is_request) {
    state_->forget(state_->requests, id);
  } else {
    state_->forget(state_->responses, id);
  }
}

std::size_t Assembler::half_built() const noexcept {
  return state_->half_built();
}

}  // namespace ringside::tchannel
