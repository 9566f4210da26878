// How deep JSON from outside may nest. The library reads any depth, but copies and prints values by
// recursion, a stack frame or more a level: what is too deep is refused before it is read.
#pragma once

#include <cstddef>
#include <string_view>

namespace ringside::api {

inline constexpr std::size_t json_depth_max = 16;

// Brackets are counted outside of texts; what is no JSON at all is for the reader to refuse.
[[nodiscard]] constexpr bool nests_too_deep(std::string_view json) noexcept {
  std::size_t depth = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_text && c == '\\')
      ++i;
    else if (c == '"')
      in_text = !in_text;
    else if (in_text)
      continue;
    else if ((c == '[' || c == '{') && ++depth > json_depth_max)
      return true;
    else if ((c == ']' || c == '}') && depth > 0)
      --depth;
  }
  return false;
}

}  // namespace ringside::api
