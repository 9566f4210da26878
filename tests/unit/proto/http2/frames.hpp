// HTTP/2 frames made by hand (RFC 9113 4.1), right or wrong.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ringside::test {

enum class Frame : std::uint8_t {
  data,
  headers,
  priority,
  rst_stream,
  settings,
  push_promise,
  ping,
  goaway,
  window_update,
  continuation,
  unknown = 0xbb,
};

inline std::string number(std::uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
          static_cast<char>(value)};
}
inline std::string frame(Frame type, std::uint8_t flags, std::uint32_t stream, std::string_view payload) {
  std::string out = number(static_cast<std::uint32_t>(payload.size())).substr(1);
  out += static_cast<char>(type);
  out += static_cast<char>(flags);
  return out + number(stream) + std::string(payload);
}
// HPACK: literal fields that enter no table.
inline std::string block(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string out;
  const auto text = [&out](const std::string& each) {
    out += static_cast<char>(each.size());  // below 127
    out += each;
  };
  for (const auto& [name, value] : fields) {
    out += '\0';
    text(name);
    text(value);
  }
  return out;
}

}  // namespace ringside::test
