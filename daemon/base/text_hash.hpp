// Lets a map with text as its key be asked with a view, without a string made for the question.
#pragma once

#include <cstddef>
#include <functional>
#include <string_view>

namespace ringside {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
};

}  // namespace ringside
