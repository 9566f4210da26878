// Where a request on the API listener belongs: to the owner of a key, to this node's app, or to the API
// itself. Pure; the rules are proto/spec/forwarding.md, section "Keys".
#pragma once

#include <string>
#include <string_view>

#include "daemon/api/problem.hpp"
#include "proto/http/message.hpp"

namespace ringside::worker {

struct Route {
  enum class Kind : unsigned char { key, local, api, refused };
  Kind kind = Kind::api;
  std::string key;       // bytes, decoded; with Kind::key
  std::string target;    // what the app gets to see: path and query
  api::Problem problem;  // with Kind::refused
};

// The Ringside-Key header holds the key's literal bytes and wins over any path: a request that has it is
// always for the app. Ringside-Key-Bin holds them in base64, as gRPC's metadata does for what is not text. In
// /v1/route/{key}/{path} the key is one percent-encoded segment.
Route route(const http::RequestHead&);

// A key as it travels in a header on links and towards the app: %XX for what a field value cannot hold
// (controls, space, non-ASCII) and for '%' itself. percent_decode turns it back. Replaces what is in `out`.
void encode_key(std::string_view key, std::string& out);

}  // namespace ringside::worker
