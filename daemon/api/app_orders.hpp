// The answers to the orders about the app beside this node.
#pragma once

#include <string>
#include <vector>

#include "daemon/api/api.hpp"

namespace ringside::api {

// GET /v1/app as it is now; 201: there was none before.
[[nodiscard]] Response app_answer(const Context&, int status);
// 422, with what is wrong on a line each.
[[nodiscard]] Response bad_app_answer(std::vector<std::string> errors);

}  // namespace ringside::api
