#include "daemon/base/event_types.hpp"

#include <array>

#include "daemon/base/text.hpp"

namespace ringside {
namespace {

constexpr std::array<std::string_view, event_types> names{
    "member-join", "member-suspect", "member-faulty",      "member-damped",   "member-leaving",
    "member-left", "member-update",  "member-reaped",      "ring-changed",    "app-up",
    "app-down",    "draining",       "partition-detected", "partition-healed"};

bool fits(std::string_view pattern, std::string_view name) {
  return pattern.ends_with('*') ? name.starts_with(pattern.substr(0, pattern.size() - 1)) : name == pattern;
}

}  // namespace

std::string_view to_string(EventType type) noexcept {
  return names[static_cast<std::size_t>(type)];
}

Result<EventFilter, std::string> EventFilter::parse(std::string_view text) {
  EventFilter filter;
  filter.types_ = 0;
  for (const std::string& pattern : split(text, ',')) {
    std::uint32_t found = 0;
    for (std::size_t i = 0; i < names.size(); ++i)
      if (fits(pattern, names[i])) found |= 1U << i;
    if (found == 0) {
      std::string all;
      for (const auto name : names) all += (all.empty() ? "" : ", ") + std::string(name);
      return "'" + pattern + "' is no type of event; types are " + all +
             ", and a * at the end stands for the rest";
    }
    filter.types_ |= found;
  }
  if (filter.types_ == 0) return std::string("no type of event is named, e.g. ring-*,member-join");
  return filter;
}

}  // namespace ringside
