// GET /v1/owners/{key}: whom each member takes for the owner of a key. They are asked as Ringpop's tools ask,
// over /admin/lookup, so that Ringpop nodes answer too; a ringside says more of its ring when it is asked for
// it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "daemon/api/api.hpp"

namespace ringside::api {

// The body of /admin/lookup. Nothing: JSON cannot hold this key, which is no UTF-8.
[[nodiscard]] std::optional<std::string> owners_question(std::string_view key);

struct ToldOwner {
  std::string name, address;          // of the member that was asked
  std::optional<std::string> answer;  // the body of its answer, good or not; nothing: there was none
};
// Whether those that answered agree, and a row for each member. The view is the one of this moment, and names
// the owners.
[[nodiscard]] Response owners_answer(const View&, std::string_view key, std::span<const ToldOwner>);

}  // namespace ringside::api
