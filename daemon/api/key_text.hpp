// Keys as JSON can hold them. A key is any 1 to 4096 bytes; JSON strings are UTF-8. A key that is not is
// shown percent-encoded, and "key_encoding": "percent" stands next to it, so that no two keys ever look the
// same.
#pragma once

#include <string>
#include <string_view>

namespace ringside::api {

struct KeyText {
  std::string text;
  bool percent = false;
};
[[nodiscard]] KeyText key_text(std::string_view key);

}  // namespace ringside::api
