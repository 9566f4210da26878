// Writing calls: the head, then the three arguments as chunks, over as many frames as it takes
// (proto/spec/tchannel.md, "Calls over several frames").
#include <algorithm>
#include <array>

#include "proto/tchannel/checksum.hpp"
#include "proto/tchannel/pieces.hpp"

namespace ringside::tchannel {
namespace {

constexpr std::uint8_t more_follow = 0x01;
constexpr std::size_t chunk_length_bytes = 2;

// One frame after the other. Every frame starts with its flags and carries the checksum up to its own end.
class Fragments {
 public:
  Fragments(wire::Writer& out, std::uint32_t id, ChecksumType type)
      : out_(out), id_(id), type_(type), sum_(type) {}

  void open(FrameType type) {
    begin_ = open_frame(out_, type, id_);
    out_.u8(0);
  }
  // After the head of the first frame, before the first chunk.
  void open_args() {
    out_.u8(static_cast<std::uint8_t>(type_));
    sum_at_ = out_.size();
    out_.zeros(checksum_bytes(type_));
  }
  void chunk(std::string_view bytes) {
    out_.text16(bytes);
    sum_.add(bytes);
  }
  [[nodiscard]] std::size_t room() const { return frame_bytes_max - (out_.size() - begin_); }
  void go_on_in(FrameType continuation) {
    out_.patch_u8(begin_ + header_bytes, more_follow);
    close();
    open(continuation);
    open_args();
  }
  void close() {
    if (checksum_bytes(type_) != 0) out_.patch_u32(sum_at_, sum_.value());
    close_frame(out_, begin_);
  }

 private:
  wire::Writer& out_;
  std::uint32_t id_;
  ChecksumType type_;
  RunningChecksum sum_;
  std::size_t begin_ = 0;
  std::size_t sum_at_ = 0;
};

void write_arg(Fragments& frames, FrameType continuation, std::string_view arg) {
  for (;;) {
    const std::string_view piece = arg.substr(0, frames.room() - chunk_length_bytes);
    frames.chunk(piece);
    arg.remove_prefix(piece.size());
    if (arg.empty()) return;
    frames.go_on_in(continuation);
  }
}

void write_args(Fragments& frames, FrameType continuation, const std::array<std::string_view, 3>& args) {
  frames.open_args();
  for (std::size_t i = 0; i < args.size(); ++i) {
    write_arg(frames, continuation, args[i]);
    // No room for a byte of the next argument: an empty chunk in the next frame says that this one is
    // complete.
    if (i + 1 < args.size() && frames.room() <= chunk_length_bytes) {
      frames.go_on_in(continuation);
      frames.chunk({});
    }
  }
  frames.close();
}

ChecksumType written_as(ChecksumType type) {
  return type == ChecksumType::farmhash ? ChecksumType::none : type;
}

}  // namespace

void write(std::string& bytes, std::uint32_t id, const CallRequest& call) {
  wire::Writer out(bytes);
  Fragments frames(out, id, written_as(call.checksum));
  frames.open(FrameType::call_req);
  out.u32(call.ttl_ms);
  write_tracing(out, call.tracing);
  out.text8(call.service);
  write_call_headers(out, call.headers);
  write_args(frames, FrameType::call_req_continue, {call.arg1, call.arg2, call.arg3});
}

void write(std::string& bytes, std::uint32_t id, const CallResponse& call) {
  wire::Writer out(bytes);
  Fragments frames(out, id, written_as(call.checksum));
  frames.open(FrameType::call_res);
  out.u8(call.code);
  write_tracing(out, call.tracing);
  write_call_headers(out, call.headers);
  write_args(frames, FrameType::call_res_continue, {call.arg1, call.arg2, call.arg3});
}

}  // namespace ringside::tchannel
