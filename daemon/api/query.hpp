// The query of a request, taken apart and percent-decoded. '+' stays '+': these are URI queries, not HTML
// forms.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/base/result.hpp"

namespace ringside::api {

class Query {
 public:
  // The error is one sentence about the first escape that does not decode.
  [[nodiscard]] static Result<Query, std::string> parse(std::string_view raw);

  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const;  // the first one
  [[nodiscard]] std::vector<std::string_view> all(std::string_view name) const;
  // A flag: absent no, `explain`, `explain=1` and `explain=true` yes, anything else no.
  [[nodiscard]] bool flag(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> parts_;
};

}  // namespace ringside::api
