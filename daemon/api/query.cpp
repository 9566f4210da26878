#include "daemon/api/query.hpp"

#include "proto/http/message.hpp"

namespace ringside::api {

Result<Query, std::string> Query::parse(std::string_view raw) {
  Query query;
  while (!raw.empty()) {
    const std::string_view part = raw.substr(0, raw.find('&'));
    raw.remove_prefix(part.size() < raw.size() ? part.size() + 1 : raw.size());
    if (part.empty()) continue;
    const auto equals = part.find('=');
    auto name = http::percent_decode(part.substr(0, equals));
    auto value = http::percent_decode(equals == std::string_view::npos ? "" : part.substr(equals + 1));
    if (!name || !value)
      return "in the query, a % stands without two hex digits: '" + std::string(part) + "'";
    query.parts_.emplace_back(std::move(*name), std::move(*value));
  }
  return query;
}

std::optional<std::string_view> Query::get(std::string_view name) const {
  for (const auto& [key, value] : parts_)
    if (key == name) return value;
  return std::nullopt;
}

std::vector<std::string_view> Query::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& [key, value] : parts_)
    if (key == name) values.emplace_back(value);
  return values;
}

bool Query::flag(std::string_view name) const {
  const auto value = get(name);
  return value && (value->empty() || *value == "1" || *value == "true");
}

}  // namespace ringside::api
