#include "proto/tchannel/checksum.hpp"

#include <zlib.h>

#include <array>
#include <cstring>

namespace ringside::tchannel {
namespace {

constexpr std::array<std::uint32_t, 256> make_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78U : 0);  // Castagnoli, reversed
    table[i] = crc;
  }
  return table;
}
constexpr auto table = make_table();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc32c_by_sse42(std::uint32_t before,
                                                                std::string_view bytes) noexcept {
  std::uint64_t crc = ~before;
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data(), sizeof word);
    crc = __builtin_ia32_crc32di(crc, word);
  }
  auto rest = static_cast<std::uint32_t>(crc);
  for (const char c : bytes) rest = __builtin_ia32_crc32qi(rest, static_cast<unsigned char>(c));
  return ~rest;
}
#endif

}  // namespace

std::uint32_t crc32c_by_table(std::uint32_t before, std::string_view bytes) noexcept {
  std::uint32_t crc = ~before;
  for (const char c : bytes) crc = crc >> 8 ^ table[(crc ^ static_cast<unsigned char>(c)) & 0xff];
  return ~crc;
}

std::uint32_t crc32c(std::uint32_t before, std::string_view bytes) noexcept {
#if defined(__x86_64__)
  static const bool has_sse42 = __builtin_cpu_supports("sse4.2");
  if (has_sse42) return crc32c_by_sse42(before, bytes);
#endif
  return crc32c_by_table(before, bytes);
}

void RunningChecksum::add(std::string_view bytes) noexcept {
  if (bytes.empty()) return;  // zlib takes a null pointer as "start anew"
  switch (type_) {
    case ChecksumType::crc32:
      value_ = static_cast<std::uint32_t>(
          crc32_z(value_, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
      return;
    case ChecksumType::crc32c: value_ = crc32c(value_, bytes); return;
    case ChecksumType::none:
    case ChecksumType::farmhash: return;
  }
}

bool RunningChecksum::accepts(std::uint32_t value) const noexcept {
  switch (type_) {
    case ChecksumType::crc32:
    case ChecksumType::crc32c: return value == value_;
    case ChecksumType::none:
    case ChecksumType::farmhash: return true;  // go's is empty, node's is a hash without a seed
  }
  return false;
}

}  // namespace ringside::tchannel
