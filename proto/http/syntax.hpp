// The character classes and small grammars of RFC 9110, 9112 and 3986 that more than one reader needs: one
// table, looked up once a byte. HTTP/1 scans raw heads with it, HTTP/2 re-checks what a peer sends in parsed
// form.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace ringside::http {

enum ByteClass : std::uint8_t {
  token_byte = 1,   // tchar, RFC 9110 5.6.2
  value_byte = 2,   // HTAB, SP, VCHAR, obs-text: RFC 9110 5.5
  target_byte = 4,  // visible ASCII but '#': wider than RFC 3986, since clients send { | } raw and the app
                    // may want them
  host_byte = 8,    // unreserved and sub-delims without ',': a comma list of hosts must not pass as one name
  digit_byte = 16,
  hex_byte = 32,
};

inline constexpr std::array<std::uint8_t, 256> byte_classes = [] {
  std::array<std::uint8_t, 256> table{};
  const auto add = [&table](std::string_view bytes, ByteClass bit) {
    for (const char c : bytes) table[static_cast<unsigned char>(c)] |= bit;
  };
  for (unsigned c = 0x20; c < 256; ++c) {
    if (c != 0x7f) table[c] |= value_byte;
    if (c > 0x20 && c < 0x7f && c != '#') table[c] |= target_byte;
  }
  add("\t", value_byte);
  constexpr std::string_view digits = "0123456789";
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  for (const auto set : {digits, letters}) {
    add(set, token_byte);
    add(set, host_byte);
  }
  add("!#$%&'*+-.^_`|~", token_byte);
  add("-._~!$&'()*+;=", host_byte);
  add(digits, digit_byte);
  add(digits, hex_byte);
  add("abcdefABCDEF", hex_byte);
  return table;
}();

[[nodiscard]] constexpr bool is(char c, ByteClass bit) noexcept {
  return (byte_classes[static_cast<unsigned char>(c)] & bit) != 0;
}

// Not empty, and every byte of that class.
[[nodiscard]] constexpr bool all_of(std::string_view text, ByteClass bit) noexcept {
  for (const char c : text) {
    if (!is(c, bit)) return false;
  }
  return !text.empty();
}

// host [ ":" port ] of RFC 3986 3.2 without user information; the host must not be empty.
[[nodiscard]] bool is_authority(std::string_view) noexcept;

// Without surrounding SP and HTAB (OWS, RFC 9110 5.6.3).
[[nodiscard]] std::string_view trim(std::string_view) noexcept;

// The next element of a comma list, taken off its front and trimmed; may be empty.
[[nodiscard]] std::string_view next_element(std::string_view& list) noexcept;

// "Content_Length": what a CGI-like app cannot tell from the reserved name with a dash. Such fields are
// dropped.
[[nodiscard]] bool is_reserved_twin(std::string_view name) noexcept;

}  // namespace ringside::http
