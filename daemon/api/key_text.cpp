#include "daemon/api/key_text.hpp"

#include "daemon/base/utf8.hpp"
#include "proto/http/message.hpp"

namespace ringside::api {

KeyText key_text(std::string_view key) {
  if (is_utf8(key)) return {std::string(key), false};
  return {http::percent_encode(key), true};
}

}  // namespace ringside::api
