// What HTTP/1.1 and HTTP/2 have in common: heads as views. A head's views point into the buffer they were
// parsed from and do not outlive the call that handed them out.
#pragma once

#include <cassert>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/http/names.hpp"

namespace ringside::http {

struct Field {
  Field() = default;
  Field(std::string_view name_, std::string_view value_) noexcept
      : name(name_), value(value_), known(name_of(name_)) {}
  // Of whom the name has been looked up.
  Field(std::string_view name_, std::string_view value_, Name known_) noexcept
      : name(name_), value(value_), known(known_) {
    assert(known == name_of(name));
  }

  std::string_view name;   // as received; HTTP/2 names are lower case. Compare with equals_ignore_case
  std::string_view value;  // without surrounding white space; may hold obs-text bytes
  Name known = Name::other;
  friend bool operator==(const Field& a, const Field& b) noexcept {
    return a.name == b.name && a.value == b.value;
  }
};

// The fields behind a body. Only such as may stand there: who reads them has dropped the others.
using Trailers = std::vector<Field>;

// Trailers that own their bytes; views stay good when it is moved.
class OwnedTrailers {
 public:
  void assign(const Trailers&);
  void clear() noexcept;
  [[nodiscard]] const Trailers& get() const noexcept { return fields_; }

 private:
  std::vector<char> bytes_;
  Trailers fields_;
};

// chunked: the length is unknown and the end is marked. In HTTP/1 by the last chunk, in HTTP/2 by END_STREAM.
enum class BodyKind : std::uint8_t { none, length, chunked, until_close };
inline constexpr std::uint64_t length_unknown = ~std::uint64_t{0};
struct Framing {
  BodyKind kind = BodyKind::none;
  // With BodyKind::length. With none in the reply to HEAD: the length it announces for GET, or
  // length_unknown.
  std::uint64_t length = 0;
  friend bool operator==(const Framing&, const Framing&) = default;
};

struct RequestHead {
  std::string_view method;     // case kept
  std::string_view target;     // origin form: path and query, or "*"; an absolute form has been taken apart
  std::string_view authority;  // Host, or the absolute form's authority, which wins (RFC 9112 3.2.2)
  std::vector<Field> fields;   // without Host; order kept
  Framing framing;
  bool http10 = false;
  bool http2 = false;
  bool keep_alive = true;
  bool expect_continue = false;
  bool takes_trailers = false;  // TE: trailers (RFC 9110 10.1.4)
  // Protocols that the connection may be switched to, a comma list: Upgrade, nominated by Connection, in a
  // request that could be switched (RFC 9110 7.8). HTTP/2: the :protocol of an extended CONNECT (RFC 8441).
  std::string_view upgrade;
};

struct ResponseHead {
  int status = 0;
  std::string_view reason;  // may be empty; not carried over HTTP/2
  std::vector<Field> fields;
  Framing framing;  // none when nothing follows, as after HEAD, 1xx, 204 and 304
  bool keep_alive = true;
  std::string_view upgrade;  // with status 101: the protocol that is spoken from here on; empty: it says none
};

[[nodiscard]] bool equals_ignore_case(std::string_view a, std::string_view b) noexcept;  // ASCII only
// First field of that name (any case), or nullopt.
[[nodiscard]] std::optional<std::string_view> find(const std::vector<Field>&, std::string_view name) noexcept;
// `name` stands for one name, not for a family.
[[nodiscard]] std::optional<std::string_view> find(const std::vector<Field>&, Name name) noexcept;
// Whether a comma list (e.g. a Connection value) holds the token, any case.
[[nodiscard]] bool list_contains(std::string_view list, std::string_view token) noexcept;

// RFC 9110 9.2: methods that may be repeated without changing the outcome.
[[nodiscard]] bool is_idempotent(std::string_view method) noexcept;
[[nodiscard]] bool is_safe(std::string_view method) noexcept;

// Drops what belongs to one connection only (RFC 9110 7.6.1): Connection and all it names, Keep-Alive,
// Proxy-Connection, TE, Trailer, Transfer-Encoding, Upgrade, HTTP2-Settings, Proxy-Authenticate,
// Proxy-Authorization, Expect and Content-Length (framing is written anew). Connection never takes a
// protected name with it: Host, the framing fields and whatever is in `kept`.
void remove_hop_by_hop(std::vector<Field>&, std::string_view kept = {});

// Fields that must never come behind a body (RFC 9110 6.5.1): what decides framing, routing, access or how
// the content is to be read comes too late there, and merged into the head it is what attacks are made of.
// The same goes for what ringsides and proxies say (Ringside-*, X-Forwarded-*).
[[nodiscard]] bool is_forbidden_trailer(const Field&) noexcept;
// As in syntax.hpp, but looks no further at names that are known.
[[nodiscard]] bool is_reserved_twin(const Field&) noexcept;

// Percent-decoding of a path segment or query value; nullopt when a % is not followed by two hex digits.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view);
// The same into memory that is kept; false when it cannot be decoded.
[[nodiscard]] bool percent_decode(std::string_view, std::string& out);
// Everything but unreserved characters (RFC 3986 2.3) as %XX.
[[nodiscard]] std::string percent_encode(std::string_view);

}  // namespace ringside::http
