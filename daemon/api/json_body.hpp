// The JSON body of a call, for the pages that take one. Inside api/ only.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "daemon/api/json_depth.hpp"
#include "daemon/api/reads.hpp"
#include "daemon/base/limits.hpp"
#include "daemon/base/result.hpp"

namespace ringside::api {

// Whatever it is; what is no JSON, or nests too deep, is neither object nor list (is_discarded, is_null): the
// page then says what it wants. The error is the answer to a body over the limit; `holds` says what belongs
// there.
[[nodiscard]] inline Result<nlohmann::ordered_json, Response> json_body(const Call& call,
                                                                        std::string_view holds) {
  using Json = nlohmann::ordered_json;
  using Read = Result<Json, Response>;
  const std::string_view text = call.request.body;
  if (text.size() > limits::api_body_bytes)
    return problem(Code::body_too_large, "the body holds " + std::string(holds));
  // Said in so many words: JSON takes anything for a value of its own, an answer too.
  return Read(Read::in_place_value, nests_too_deep(text) ? Json() : Json::parse(text, nullptr, false));
}

}  // namespace ringside::api
