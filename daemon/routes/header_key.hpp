// The key that a request names itself: Ringside-Key holds its literal bytes, Ringside-Key-Bin the same in
// base64, as gRPC's metadata does for what is not text.
#pragma once

#include <string>

#include "proto/http/message.hpp"

namespace ringside::routes {

enum class Found : std::uint8_t {
  yes,
  no,
  bad,  // it is there and cannot be used
};

// `text` becomes the key, or with Found::bad what is wrong; with Found::no it stays as it is. Several keys in
// one request are bad: whichever we took, some other proxy or the app might take another one.
Found header_key(const http::RequestHead&, std::string& text);

// What is wrong with a key as such; empty: nothing.
std::string key_fault(const std::string& key);

}  // namespace ringside::routes
