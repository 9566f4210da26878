#include "daemon/config/list_of_maps.hpp"

namespace ringside::config {

std::string in_quotes(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

Problem problem_at(const YAML::Mark& mark, std::string_view path, const std::string& message,
                   const std::string& suggestion) {
  const bool known = !mark.is_null();
  return {"", known ? mark.line + 1 : 0, known ? mark.column + 1 : 0, std::string(path), message, suggestion};
}

}  // namespace ringside::config
