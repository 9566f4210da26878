// The checksums of TChannel calls (proto/spec/tchannel.md): a running value over the bytes of the arguments,
// without their lengths, carried on from frame to frame.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proto/tchannel/message.hpp"

namespace ringside::tchannel {

// CRC-32C (Castagnoli) of `bytes`, going on from the checksum of what came before; 0 at the start.
std::uint32_t crc32c(std::uint32_t before, std::string_view bytes) noexcept;
// The same without the processor's instruction, for machines that lack it.
std::uint32_t crc32c_by_table(std::uint32_t before, std::string_view bytes) noexcept;

class RunningChecksum {
 public:
  explicit RunningChecksum(ChecksumType type) noexcept : type_(type) {}

  void add(std::string_view bytes) noexcept;
  [[nodiscard]] std::uint32_t value() const noexcept { return value_; }
  // Whether a frame that carries `value` here is intact. Types that we do not compute are taken as they are.
  [[nodiscard]] bool accepts(std::uint32_t value) const noexcept;

 private:
  ChecksumType type_;
  std::uint32_t value_ = 0;
};

// Bytes of the checksum field.
constexpr std::size_t checksum_bytes(ChecksumType type) noexcept {
  return type == ChecksumType::none ? 0 : 4;
}

}  // namespace ringside::tchannel
