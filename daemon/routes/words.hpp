// What path and key templates have in common: the names of variables, and texts in complaints.
#pragma once

#include <string>
#include <string_view>

namespace ringside::routes {

inline std::string quoted(std::string_view text) {
  return "'" + std::string(text) + "'";
}

inline bool is_variable_name(std::string_view name) {
  constexpr std::string_view first = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
  constexpr std::string_view digits = "0123456789";
  if (name.empty() || first.find(name.front()) == first.npos) return false;
  for (const char c : name)
    if (first.find(c) == first.npos && digits.find(c) == digits.npos) return false;
  return true;
}

}  // namespace ringside::routes
