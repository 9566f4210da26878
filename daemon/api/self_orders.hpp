// PATCH /v1/self: what the patch makes of a node's labels and weight, and the answer.
#pragma once

#include <string>

#include "daemon/api/api.hpp"
#include "daemon/base/result.hpp"

namespace ringside::api {

// What a node says of itself to the others: the operator's labels, sorted by key, and its weight.
struct Words {
  ringpop::Labels labels;
  int weight = 1;
  friend bool operator==(const Words&, const Words&) = default;
};

// The words after the patch, or the refusal: 409 where they do not fit this node or the members it has, 422
// where there are too many. Pure; the view is the one of this moment.
[[nodiscard]] Result<Words, Response> patched(const View&, const Words&, const SelfPatch&);

// GET /v1/self as it is now.
[[nodiscard]] Response self_answer(const Context&);

}  // namespace ringside::api
