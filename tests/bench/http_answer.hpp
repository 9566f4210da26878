// What the load generators read of an HTTP answer.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "tests/bench/socket.hpp"

namespace bench {

// Head and body by Content-Length; 0 while the head is incomplete.
inline std::size_t answer_size(std::string_view input) {
  const std::size_t end = input.find("\r\n\r\n");
  if (end == std::string_view::npos) return 0;
  constexpr std::string_view name = "content-length:";
  const std::string_view head = input.substr(0, end);
  const auto at = std::search(head.begin(), head.end(), name.begin(), name.end(),
                              [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
  if (at == head.end()) die("an answer without Content-Length");
  const auto offset = static_cast<std::size_t>(at - head.begin()) + name.size();
  return end + 4 + static_cast<std::size_t>(std::atoll(input.data() + offset));
}

}  // namespace bench
