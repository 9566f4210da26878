// "Does this change win?" as one pure function (spec C.2). Everything a cluster agrees on follows from it:
// whatever the order in which changes arrive, the same one wins in the end. Control thread only.
#pragma once

#include <cstdint>

#include "proto/ringpop/messages.hpp"

namespace ringside::swim {

// All that precedence looks at.
struct Standing {
  ringpop::Status status = ringpop::Status::alive;
  std::int64_t incarnation = 0;
  std::int32_t label_checksum = 0;
};

enum class Verdict : std::uint8_t {
  ignore,  // we know better, or the same
  apply,
  refute,  // it would win, but it is about ourselves: we answer with a higher incarnation
};

// `known` is null for a member never seen.
[[nodiscard]] Verdict judge(const Standing* known, const Standing& incoming, bool about_self);

// Spec F.2: a signed number; 0 for no labels.
[[nodiscard]] std::int32_t label_checksum(const ringpop::Labels& labels);

}  // namespace ringside::swim
