// How a verb prints what it has: -o table for people, json as one document, jsonl (JSON Lines) as an object a
// line. The one place that decides; a verb only says which list of its document the rows are. A document
// without one is a line of its own with jsonl. What comes piece by piece (events, logs, top) is a line each
// in both.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "daemon/cli/verb.hpp"

namespace ringside::cli {

inline constexpr std::array<std::string_view, 3> output_formats{"table", "json", "jsonl"};

[[nodiscard]] bool for_people(const Arguments&);

// A document: what the API has answered, or a verb has made. `rows`: the name of the list in it; empty: none.
// Throws when it is no JSON, or has no such list.
[[nodiscard]] std::string as_json(const Arguments&, const std::string& document, std::string_view rows);

// That, or what `render` makes of the document.
void print(Terminal& terminal, const Arguments& arguments, const std::string& document, std::string_view rows,
           const auto& render) {
  terminal.out << (for_people(arguments) ? std::string(render(document))
                                         : as_json(arguments, document, rows));
}

}  // namespace ringside::cli
