// The heads of /proxy/req, ringpop-node's way to send an HTTP request through TChannel
// (proto/spec/forwarding.md, "Owners that are ringpop-node"): arg2 is one of these as JSON, arg3 the body.
//
// JSON speaks text where HTTP speaks bytes: a byte of a field value is the code point of the same number, as
// in node's http module. That module also decides what becomes of a field that stands twice. Keys are UTF-8
// as they are. Pure; everything is bounded, and what HTTP could not carry is refused here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/wire/error.hpp"

namespace ringside::ringpop {

using wire::Parsed;

inline constexpr std::string_view proxy_endpoint = "/proxy/req";
// Types of refusals: the request surely reached no app.
inline constexpr std::string_view invalid_checksum = "ringpop.request-proxy.invalid-checksum";
inline constexpr std::string_view invalid_key = "ringpop.request-proxy.invalid-key";
inline constexpr std::string_view too_many_requests = "ringpop.request-proxy.too-many-requests";

using ProxyFields = std::vector<std::pair<std::string, std::string>>;  // names in lower case; order kept

struct ProxyRequest {
  std::string method;
  std::string url;  // path and query
  ProxyFields fields;
  std::string http_version = "1.1";
  std::optional<std::uint32_t>
      checksum{};  // of the sender's ring; ringpop-node has none before its first change
  std::vector<std::string> keys{};
  friend bool operator==(const ProxyRequest&, const ProxyRequest&) = default;
};

struct ProxyResponse {
  int status = 200;
  ProxyFields fields;
  friend bool operator==(const ProxyResponse&, const ProxyResponse&) = default;
};

struct ProxyLimits {
  std::size_t head_bytes = 256 * 1024;  // the JSON
  std::size_t fields = 100;
  std::size_t field_bytes = 64 * 1024;  // names and values together
  std::size_t url_bytes = 16 * 1024;
  std::size_t method_bytes = 32;
  std::size_t keys = 1000;
  std::size_t key_bytes = 4096;  // of one
};

// Keys are to be UTF-8: what is not becomes U+FFFD, which is another key.
std::string encode(const ProxyRequest&);
std::string encode(const ProxyResponse&);

// Missing and null are the same. A request needs a method and a url, all else may be missing; of a response
// nothing needs to be there.
Parsed<ProxyRequest> decode_proxy_request(std::string_view head, const ProxyLimits& = {});
Parsed<ProxyResponse> decode_proxy_response(std::string_view head, const ProxyLimits& = {});

}  // namespace ringside::ringpop
