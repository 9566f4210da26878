// Appends big-endian integers and counted texts to a string. Lengths that are known only later are patched
// in.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ringside::wire {

class Writer {
 public:
  explicit Writer(std::string& out) noexcept : out_(out) {}

  void u8(std::uint8_t v) { out_.push_back(static_cast<char>(v)); }
  void u16(std::uint16_t v) { integer(v, 2); }
  void u32(std::uint32_t v) { integer(v, 4); }
  void u64(std::uint64_t v) { integer(v, 8); }
  void zeros(std::size_t count) { out_.append(count, '\0'); }
  void text(std::string_view v) { out_.append(v); }

  // x~1 and x~2. A text longer than `max` is cut there: a short text is better than a frame nobody can read.
  void text8(std::string_view v, std::size_t max = 0xff) {
    v = v.substr(0, std::min<std::size_t>(max, 0xff));
    u8(static_cast<std::uint8_t>(v.size()));
    text(v);
  }
  void text16(std::string_view v, std::size_t max = 0xffff) {
    v = v.substr(0, std::min<std::size_t>(max, 0xffff));
    u16(static_cast<std::uint16_t>(v.size()));
    text(v);
  }

  void patch_u8(std::size_t at, std::uint8_t v) { patch(at, v, 1); }
  void patch_u16(std::size_t at, std::uint16_t v) { patch(at, v, 2); }
  void patch_u32(std::size_t at, std::uint32_t v) { patch(at, v, 4); }

  [[nodiscard]] std::size_t size() const noexcept { return out_.size(); }

 private:
  void integer(std::uint64_t v, std::size_t size) {
    const std::size_t at = out_.size();
    out_.resize(at + size);
    patch(at, v, size);
  }
  void patch(std::size_t at, std::uint64_t v, std::size_t size) {
    for (std::size_t i = size; i-- > 0; v >>= 8) out_[at + i] = static_cast<char>(v & 0xff);
  }

  std::string& out_;
};

}  // namespace ringside::wire
