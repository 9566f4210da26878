// How an HTTP/2 connection begins (RFC 9113 section 3.4), for ports that speak something else as well.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace ringside::http2 {

inline constexpr std::string_view client_preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

enum class Preface : std::uint8_t { no, undecided, yes };

// Undecided until the first byte that differs: POST and PUT begin with the same letter.
[[nodiscard]] constexpr Preface tell_preface(std::string_view first_bytes) noexcept {
  const auto common = std::min(first_bytes.size(), client_preface.size());
  if (first_bytes.substr(0, common) != client_preface.substr(0, common)) return Preface::no;
  return common == client_preface.size() ? Preface::yes : Preface::undecided;
}

}  // namespace ringside::http2
