#include "daemon/routes/table.hpp"

#include <algorithm>
#include <utility>

#include "daemon/base/limits.hpp"
#include "daemon/routes/words.hpp"
#include "proto/http/syntax.hpp"

namespace ringside::routes {
namespace {

Result<Entry, Fault> compile_rule(const Rule& rule, std::size_t number) {
  const auto fault = [number](std::string_view field, std::string text) {
    return Fault{number, field, std::move(text)};
  };
  if (rule.match.empty())
    return fault("match", "is missing: the path that the route takes, e.g. /users/{id}/**");
  auto path = Path::parse(rule.match);
  if (!path) return fault("match", path.error());
  for (const auto& method : rule.methods)
    if (method.empty() || method.size() > limits::method_bytes || !http::all_of(method, http::token_byte))
      return fault("methods", quoted(method) + " is not a method");
  Entry entry{number, rule, std::move(*path), std::nullopt};
  if (!rule.key.empty()) {
    auto key = Key::parse(rule.key, entry.path);
    if (!key) return fault("key", key.error());
    entry.key = std::move(*key);
  } else if (rule.missing == Missing::reject) {
    return fault("key",
                 "is missing, and missing: reject would refuse every request; name a key, or say missing: "
                 "local or random");
  }
  return entry;
}

bool takes_all_methods_of(const Rule& one, const Rule& other) {
  if (one.methods.empty()) return true;
  return !other.methods.empty() && std::ranges::all_of(other.methods, [&](const auto& method) {
    return std::ranges::find(one.methods, method) != one.methods.end();
  });
}

}  // namespace

Entry::Miss Entry::match(std::string_view method, std::string_view wanted, Values& values) const noexcept {
  if (!path.match(wanted, values)) return Miss::path;
  if (!rule.methods.empty() && std::ranges::find(rule.methods, method) == rule.methods.end())
    return Miss::method;
  return Miss::none;
}

Result<Table, std::vector<Fault>> Table::compile(const Rules& rules) {
  Table table;
  std::vector<Fault> faults;
  if (rules.size() > limits::routes)
    faults.push_back({limits::routes + 1, {}, "more than " + std::to_string(limits::routes) + " routes"});
  for (std::size_t i = 0; i < std::min(rules.size(), limits::routes); ++i) {
    auto entry = compile_rule(rules[i], i + 1);
    if (!entry) {
      faults.push_back(entry.error());
      continue;
    }
    const auto shade = std::ranges::find_if(table.entries_, [&](const Entry& earlier) {
      return earlier.path.covers(entry->path) && takes_all_methods_of(earlier.rule, entry->rule);
    });
    if (shade != table.entries_.end())
      faults.push_back({i + 1,
                        {},
                        "never matches: route " + std::to_string(shade->number) + " (" + shade->rule.match +
                            ") takes all of its requests; the first match wins"});
    table.entries_.push_back(std::move(*entry));
  }
  if (!faults.empty()) return faults;
  return table;
}

const Entry* Table::find(const http::RequestHead& head, Values& values) const noexcept {
  const auto path = path_of(head.target);
  for (const Entry& entry : entries_)
    if (entry.match(head.method, path, values) == Entry::Miss::none) return &entry;
  return nullptr;
}

}  // namespace ringside::routes
