// Where a client's request belongs: to the owner of a key, to this node's app, or (on the API listener alone)
// to a named node's or to the API itself. Pure; the rules are proto/spec/forwarding.md, section "Keys".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/api/problem.hpp"
#include "daemon/routes/decide.hpp"
#include "daemon/worker/client.hpp"
#include "proto/http/message.hpp"

namespace ringside::worker {

// What a request may be upgraded to: its connection then carries that protocol to the app.
enum class Upgrades : std::uint8_t { none, websocket, any };

struct Route {
  // any: no key and no place, whichever node it is
  enum class Kind : unsigned char { key, local, any, node, api, refused };
  Kind kind = Kind::api;
  std::string key;                       // bytes, decoded; with Kind::key
  std::string node;                      // name or address of a member, decoded; with Kind::node
  std::string target;                    // what the app gets to see: path and query
  const routes::Entry* entry = nullptr;  // of `routes` that it took, with its limits; none: the general ones
  Upgrades upgrades = Upgrades::websocket;
  bool authorization_is_ours = false;  // it held a token of the API: not for the app
  api::Problem problem;                // with Kind::refused
  routes::Decision decision;           // memory for ingress_route
};

// All of these replace what is in `out`, whose memory is used again: a route is found for every request.

// The Ringside-Key header holds the key's literal bytes and wins over any path: a request that has it is
// always for the app. Ringside-Key-Bin holds them in base64, as gRPC's metadata does for what is not text. In
// /v1/route/{key}/{path} the key is one percent-encoded segment, as is the name in /v1/nodes/{name}/{path}.
void api_route(const http::RequestHead&, Route& out);

// The protocol that this request is to be upgraded to: the first one it offers that may be had; empty: none,
// whatever it offers. Only a GET is upgraded, and to websocket only with the fields of its handshake (RFC
// 6455 4.1). A view into the head.
std::string_view upgrade_of(const http::RequestHead&, Upgrades);

// On the ingress listener everything is for an app (routes::decide).
void ingress_route(const http::RequestHead&, const config::Config&, const routes::Table&, Route& out);

// The same for either listener, and whether who asks may ask there at all, and for that.
void route_of(const http::RequestHead&, const Client&, const config::Config&, const routes::Table&,
              Route& out);

// A key as it travels in a header on links and towards the app: %XX for what a field value cannot hold
// (controls, space, non-ASCII) and for '%' itself. percent_decode turns it back. Replaces what is in `out`.
void encode_key(std::string_view key, std::string& out);

}  // namespace ringside::worker
