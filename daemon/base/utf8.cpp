#include "daemon/base/utf8.hpp"

#include <cstddef>

namespace ringside {
namespace {

// Bytes of the sequence that starts with `lead`, and the allowed range of the second byte (Unicode, table
// 3-7).
struct Sequence {
  std::size_t length;
  unsigned char second_min = 0x80, second_max = 0xBF;
};
Sequence sequence(unsigned char lead) noexcept {
  if (lead < 0x80) return {1};
  if (lead < 0xC2) return {0};
  if (lead < 0xE0) return {2};
  if (lead == 0xE0) return {3, 0xA0, 0xBF};
  if (lead == 0xED) return {3, 0x80, 0x9F};
  if (lead < 0xF0) return {3};
  if (lead == 0xF0) return {4, 0x90, 0xBF};
  if (lead < 0xF4) return {4};
  if (lead == 0xF4) return {4, 0x80, 0x8F};
  return {0};
}

}  // namespace

bool is_utf8(std::string_view text) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  for (std::size_t i = 0; i < text.size();) {
    const Sequence s = sequence(byte(i));
    if (s.length == 0 || text.size() - i < s.length) return false;
    for (std::size_t k = 1; k < s.length; ++k) {
      const unsigned char min = k == 1 ? s.second_min : 0x80;
      const unsigned char max = k == 1 ? s.second_max : 0xBF;
      if (byte(i + k) < min || byte(i + k) > max) return false;
    }
    i += s.length;
  }
  return true;
}

}  // namespace ringside
