// Where WebSocket frames end (RFC 6455 5.2), without looking at what they carry: enough to put a Close frame
// between two frames of a stream that somebody else speaks. No I/O.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ringside::websocket {

// One direction of a connection. Whether frames are masked, fragmented or compressed does not matter.
class FrameTracker {
 public:
  // Reads to the end of the frame under way, or to the end of `bytes`; returns how many bytes that were.
  std::size_t next(std::string_view bytes) noexcept;
  void pass(std::string_view bytes) noexcept {
    while (!bytes.empty()) bytes.remove_prefix(next(bytes));
  }
  // A frame may be put in here: between two of them, and no Close has gone by.
  [[nodiscard]] bool open() const noexcept { return have_ == 0 && !closed_ && !lost_; }
  [[nodiscard]] bool closed() const noexcept { return closed_; }  // a whole Close has gone by
  [[nodiscard]] bool lost() const noexcept { return lost_; }      // this was no WebSocket

 private:
  void head_read() noexcept;

  std::array<unsigned char, 10> head_{};  // flags, length, extended length
  std::uint64_t left_ = 0;                // of the frame under way, behind what is in head_
  std::uint8_t have_ = 0;                 // bytes in head_
  std::uint8_t need_ = 2;
  bool closed_ = false;
  bool lost_ = false;
};

// A Close frame with a status code and a reason of at most 123 bytes. What a client sends has to be masked
// (RFC 6455 5.3); the mask is 0, since nobody here has to be kept from guessing it.
[[nodiscard]] std::string close_frame(std::uint16_t code, std::string_view reason, bool from_client);

inline constexpr std::uint16_t service_restart = 1012;  // IANA: come back, elsewhere if need be

}  // namespace ringside::websocket
