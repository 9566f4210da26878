#include "proto/websocket/frames.hpp"

#include <algorithm>

namespace ringside::websocket {
namespace {

constexpr unsigned opcode_bits = 0x0f;
constexpr unsigned close_opcode = 0x8;
constexpr unsigned final_bit = 0x80;
constexpr unsigned mask_bit = 0x80;
constexpr unsigned length_bits = 0x7f;
constexpr std::size_t mask_bytes = 4;
constexpr std::size_t control_payload_max = 125;

}  // namespace

std::size_t FrameTracker::next(std::string_view bytes) noexcept {
  std::size_t at = 0;
  while (at < bytes.size()) {
    if (lost_) return bytes.size();
    if (have_ < need_) {
      head_[have_++] = static_cast<unsigned char>(bytes[at++]);
      if (have_ == need_) head_read();
    } else {
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - at));
      at += count;
      left_ -= count;
    }
    if (have_ < need_ || left_ > 0) continue;
    closed_ |= (head_[0] & opcode_bits) == close_opcode;
    have_ = 0;
    need_ = 2;
    return at;
  }
  return at;
}

void FrameTracker::head_read() noexcept {
  const unsigned length = head_[1] & length_bits;
  const std::uint8_t extended = length < 126 ? 0 : length == 126 ? 2 : 8;
  if (need_ != 2 + extended) {  // only the first two bytes are there, and the length follows
    need_ = static_cast<std::uint8_t>(2 + extended);
    return;
  }
  left_ = extended == 0 ? length : 0;
  for (std::size_t i = 2; i < need_; ++i) left_ = left_ << 8 | head_[i];
  if (left_ >> 63 != 0) {  // RFC 6455 5.2: the highest bit must be 0
    lost_ = true;
    return;
  }
  if ((head_[1] & mask_bit) != 0) left_ += mask_bytes;
}

std::string close_frame(std::uint16_t code, std::string_view reason, bool from_client) {
  reason = reason.substr(0, control_payload_max - 2);
  std::string frame;
  frame += static_cast<char>(final_bit | close_opcode);
  frame += static_cast<char>((from_client ? mask_bit : 0U) | (reason.size() + 2));
  if (from_client) frame.append(mask_bytes, '\0');
  frame += static_cast<char>(code >> 8);
  frame += static_cast<char>(code & 0xff);
  return frame.append(reason);
}

}  // namespace ringside::websocket
