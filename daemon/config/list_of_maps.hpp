// What options have in common that hold a list of maps (routes, events.webhooks): the same YAML in the file
// and as one text in a flag or a variable, printed in flow style. Inside config/ only.
#pragma once

#include <yaml-cpp/yaml.h>

#include <string>
#include <string_view>

#include "daemon/config/sources.hpp"

namespace ringside::config {

// In the quotes that YAML reads back.
std::string in_quotes(const std::string& text);

// `mark`: where in the file; a null mark: nowhere.
Problem problem_at(const YAML::Mark& mark, std::string_view path, const std::string& message,
                   const std::string& suggestion);

// The value of the option `path` from a text; an empty one is an empty list.
template <class Found>
Found read_list(const std::string& text, std::string_view path, Found (*read)(const YAML::Node&)) {
  const auto wrong = [&](const std::string& what) {
    return Found{{}, {problem_at(YAML::Mark::null_mark(), path, what, "")}};
  };
  try {
    YAML::Mark second;
    const auto document = load_yaml(text, second);
    if (!second.is_null()) return wrong("a second YAML document");
    return document.IsNull() ? Found{} : read(document);
  } catch (const YAML::Exception& error) {
    return wrong("not valid YAML: " + error.msg);
  }
}

}  // namespace ringside::config
