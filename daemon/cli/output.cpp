#include "daemon/cli/output.hpp"

#include <nlohmann/json.hpp>

namespace ringside::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string line_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

bool for_people(const Arguments& arguments) {
  return arguments.get("--output").value_or("table") == "table";
}

std::string as_json(const Arguments& arguments, const std::string& document, std::string_view rows) {
  if (arguments.get("--output") != "jsonl") return document.ends_with('\n') ? document : document + "\n";
  const Json json = Json::parse(document);
  if (rows.empty()) return line_of(json);
  std::string lines;
  for (const Json& row : json.at(std::string(rows))) lines += line_of(row);
  return lines;
}

}  // namespace ringside::cli
