// A cursor over bytes from outside: big-endian integers and counted texts.
//
// The first read past the end, or the first fail(), sticks: every later read gives zero or nothing. So a
// parser reads all its fields in a row and asks once, at the end, whether that went well. Nothing here
// allocates; texts are views into the bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "proto/wire/error.hpp"

namespace ringside::wire {

class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> bytes) noexcept : bytes_(bytes) {}

  std::uint8_t u8() noexcept { return static_cast<std::uint8_t>(integer(1)); }
  std::uint16_t u16() noexcept { return static_cast<std::uint16_t>(integer(2)); }
  std::uint32_t u32() noexcept { return static_cast<std::uint32_t>(integer(4)); }
  std::uint64_t u64() noexcept { return integer(8); }

  std::string_view text(std::size_t size) noexcept {
    const auto taken = take(size);
    return {reinterpret_cast<const char*>(taken.data()), taken.size()};
  }
  std::string_view text8() noexcept { return text(u8()); }    // x~1: a byte of length, then that many bytes
  std::string_view text16() noexcept { return text(u16()); }  // x~2

  // Only the first failure counts.
  void fail(WireErrc code) noexcept { fail_at(code, at_); }
  void fail_at(WireErrc code, std::size_t offset) noexcept {
    if (!error_) error_ = WireError{code, offset};
  }
  // What was read must have been everything.
  void expect_end() noexcept {
    if (remaining() != 0) fail(WireErrc::trailing_bytes);
  }

  [[nodiscard]] bool ok() const noexcept { return !error_; }
  [[nodiscard]] WireError error() const noexcept { return *error_; }  // when not ok()
  [[nodiscard]] std::size_t offset() const noexcept { return at_; }
  [[nodiscard]] std::size_t remaining() const noexcept { return ok() ? bytes_.size() - at_ : 0; }

 private:
  std::span<const std::uint8_t> take(std::size_t size) noexcept {
    if (!ok()) return {};
    if (size > bytes_.size() - at_) {
      fail(WireErrc::truncated);
      return {};
    }
    const auto taken = bytes_.subspan(at_, size);
    at_ += size;
    return taken;
  }
  std::uint64_t integer(std::size_t size) noexcept {
    std::uint64_t value = 0;
    for (const std::uint8_t byte : take(size)) value = value << 8 | byte;
    return value;
  }

  std::span<const std::uint8_t> bytes_;
  std::size_t at_ = 0;
  std::optional<WireError> error_;
};

}  // namespace ringside::wire
