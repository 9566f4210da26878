#include "daemon/routes/header_key.hpp"

#include <algorithm>

#include "daemon/base/limits.hpp"
#include "daemon/base/text.hpp"

namespace ringside::routes {
namespace {

bool is_key(const http::Field& field) {
  return field.known == http::Name::ringside_key || field.known == http::Name::ringside_key_bin;
}

}  // namespace

Found header_key(const http::RequestHead& head, std::string& text) {
  const auto key = std::find_if(head.fields.begin(), head.fields.end(), is_key);
  if (key == head.fields.end()) return Found::no;
  if (std::any_of(key + 1, head.fields.end(), is_key)) {
    text = "the request has more than one Ringside-Key";
    return Found::bad;
  }
  if (key->known == http::Name::ringside_key) {
    text = key->value;
    return Found::yes;
  }
  auto bytes = decode_base64(key->value);
  text = bytes ? std::move(*bytes) : "the Ringside-Key-Bin is not base64";
  return bytes ? Found::yes : Found::bad;
}

std::string key_fault(const std::string& key) {
  if (key.empty()) return "the key is empty";
  if (key.size() > limits::key_bytes)
    return "the key has " + std::to_string(key.size()) + " bytes, the limit is " +
           std::to_string(limits::key_bytes);
  return {};
}

}  // namespace ringside::routes
