// Whole frames in and out, for the tests of this folder: any frame that this project understands becomes a
// Message, and any Message becomes its frames again.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "proto/tchannel/message.hpp"
#include "tests/unit/proto/wire/printers.hpp"

namespace ringside::tchannel {

struct PingFrame {
  friend bool operator==(const PingFrame&, const PingFrame&) = default;
};
using Message = std::variant<Init, CallRequest, CallResponse, Error, Cancel, PingFrame>;
struct Incomplete {};  // a call of which more must come
using Decoded = std::variant<Message, Incomplete, WireError>;

inline std::span<const std::uint8_t> bytes_of(std::string_view s) {
  return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()};
}

template <class T>
Decoded decoded(Parsed<T> parsed) {
  if (!parsed) return parsed.error();
  return Message(std::move(*parsed));
}

inline Decoded decode(const FrameView& frame, Assembler& assembler) {
  switch (frame.type) {
    case FrameType::init_req:
    case FrameType::init_res: return decoded(parse_init(frame.payload));
    case FrameType::error: return decoded(parse_error(frame.payload));
    case FrameType::cancel: return decoded(parse_cancel(frame.payload));
    case FrameType::ping_req:
    case FrameType::ping_res: return Message(PingFrame{});
    case FrameType::claim: break;
    case FrameType::call_req:
    case FrameType::call_res:
    case FrameType::call_req_continue:
    case FrameType::call_res_continue: {
      auto result = assembler.take(frame);
      if (auto* call = std::get_if<1>(&result)) return Message(std::move(call->second));
      if (auto* call = std::get_if<2>(&result)) return Message(std::move(call->second));
      if (auto* broken = std::get_if<Assembler::Broken>(&result)) return broken->error;
      return Incomplete{};
    }
  }
  return WireError{wire::WireErrc::unexpected, 2};
}

// A buffer that holds exactly one frame.
inline Decoded decode_one(std::string_view bytes) {
  const Step step = next_frame(bytes_of(bytes));
  if (const auto* error = std::get_if<WireError>(&step)) return *error;
  const auto* frame = std::get_if<FrameView>(&step);
  if (frame == nullptr) return Incomplete{};
  if (frame->size != bytes.size()) return WireError{wire::WireErrc::trailing_bytes, frame->size};
  Assembler assembler;
  return decode(*frame, assembler);
}

inline std::string encode(FrameType type, std::uint32_t id, const Message& message) {
  std::string out;
  if (const auto* init = std::get_if<Init>(&message)) write_init(out, type, id, *init);
  if (const auto* call = std::get_if<CallRequest>(&message)) write(out, id, *call);
  if (const auto* call = std::get_if<CallResponse>(&message)) write(out, id, *call);
  if (const auto* error = std::get_if<Error>(&message)) write(out, id, *error);
  if (const auto* cancel = std::get_if<Cancel>(&message)) write(out, id, *cancel);
  if (std::holds_alternative<PingFrame>(message)) write_ping(out, type, id);
  return out;
}

// All frames of a buffer that holds nothing else.
inline std::vector<std::string> split_frames(std::string_view bytes) {
  std::vector<std::string> frames;
  while (!bytes.empty()) {
    const Step step = next_frame(bytes_of(bytes));
    const auto* frame = std::get_if<FrameView>(&step);
    if (frame == nullptr) FAIL("not a whole frame");
    frames.emplace_back(bytes.substr(0, frame->size));
    bytes.remove_prefix(frame->size);
  }
  return frames;
}

inline FrameView view_of(std::string_view frame) {
  return std::get<FrameView>(next_frame(bytes_of(frame)));
}

// For frames that are made wrong on purpose: the size field put right again.
inline std::string with_size(std::string frame) {
  frame[0] = static_cast<char>(frame.size() >> 8);
  frame[1] = static_cast<char>(frame.size() & 0xff);
  return frame;
}

}  // namespace ringside::tchannel
