// The answer to the orders about faults.
#pragma once

#include "daemon/api/api.hpp"
#include "daemon/base/faults.hpp"

namespace ringside::api {

// All that goes wrong on purpose.
[[nodiscard]] Response faults_answer(const FaultsPtr&);

}  // namespace ringside::api
