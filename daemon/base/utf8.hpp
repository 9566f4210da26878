// Whether bytes are text: what goes into JSON, a log or a table has to be.
#pragma once

#include <string_view>

namespace ringside {

[[nodiscard]] bool is_utf8(std::string_view) noexcept;  // strict: no overlong forms, no surrogates

}  // namespace ringside
