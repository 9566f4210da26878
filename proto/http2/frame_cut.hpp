// Where frames begin in the bytes of a connection (RFC 9113 4.1), so that nghttp2 gets the 9 bytes of a
// frame's header at once: it counts each piece of a CONTINUATION frame's header as a frame, and would take a
// head that comes byte by byte for a flood of them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace ringside::http2 {

class FrameCut {
 public:
  // `before`: bytes ahead of the first frame.
  explicit FrameCut(std::size_t before) : left_(before) {}

  // Calls `feed` with what came, less the beginning of a header, which waits for the rest of it.
  template <class Feed>
  void pass(std::string_view bytes, Feed feed) {
    if (!held_.empty()) {
      const auto missing = bytes.substr(0, header_bytes - held_.size());
      held_.append(missing);
      bytes.remove_prefix(missing.size());
      if (held_.size() < header_bytes) return;
      left_ = length(held_);
      feed(std::string_view(held_));
      held_.clear();
    }
    std::size_t at = step_over(bytes, 0);
    while (bytes.size() - at >= header_bytes) {
      left_ = length(bytes.substr(at));
      at = step_over(bytes, at + header_bytes);
    }
    held_ = bytes.substr(at);
    if (at > 0) feed(bytes.substr(0, at));
  }

 private:
  static constexpr std::size_t header_bytes = 9;

  std::size_t step_over(std::string_view bytes, std::size_t at) noexcept {
    const std::size_t count = std::min(left_, bytes.size() - at);
    left_ -= count;
    return at + count;
  }
  static std::size_t length(std::string_view header) noexcept {
    const auto byte = [header](std::size_t i) { return std::size_t{static_cast<unsigned char>(header[i])}; };
    return byte(0) << 16 | byte(1) << 8 | byte(2);
  }

  std::string held_;  // fewer bytes than a header, which fit into a string without memory of its own
  std::size_t left_;  // of the frame under way
};

}  // namespace ringside::http2
