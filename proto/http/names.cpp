// The table, and a hash table over it that is made by the compiler.
#include "proto/http/names.hpp"

#include <array>
#include <cstddef>

namespace ringside::http {
namespace {

enum Trait : std::uint8_t { of_one_connection = 1, not_for_http2 = 2, not_behind_body = 4, single_use = 8 };
constexpr std::uint8_t connection_only = of_one_connection | not_for_http2 | not_behind_body;

struct Row {
  std::string_view text;
  Name name;
  std::uint8_t traits;
};

constexpr std::array rows = {
    Row{"age", Name::age, not_behind_body},
    Row{"authorization", Name::authorization, not_behind_body | single_use},
    Row{"cache-control", Name::cache_control, not_behind_body},
    Row{"connection", Name::connection, connection_only},
    Row{"content-encoding", Name::content_encoding, not_behind_body},
    Row{"content-length", Name::content_length, connection_only},
    Row{"content-range", Name::content_range, not_behind_body},
    Row{"content-type", Name::content_type, not_behind_body},
    Row{"cookie", Name::cookie, not_behind_body | single_use},
    Row{"date", Name::date, not_behind_body},
    Row{"etag", Name::etag, single_use},
    Row{"expect", Name::expect, of_one_connection | not_behind_body},
    Row{"expires", Name::expires, not_behind_body},
    Row{"forwarded", Name::forwarded, not_behind_body},
    Row{"grpc-timeout", Name::grpc_timeout, 0},
    Row{"host", Name::host, not_for_http2 | not_behind_body},
    Row{"http2-settings", Name::http2_settings, connection_only},
    Row{"idempotency-key", Name::idempotency_key, single_use},
    Row{"if-match", Name::if_match, not_behind_body},
    Row{"if-modified-since", Name::if_modified_since, not_behind_body},
    Row{"if-none-match", Name::if_none_match, not_behind_body},
    Row{"if-range", Name::if_range, not_behind_body},
    Row{"if-unmodified-since", Name::if_unmodified_since, not_behind_body},
    Row{"keep-alive", Name::keep_alive, connection_only},
    Row{"last-modified", Name::last_modified, single_use},
    Row{"location", Name::location, not_behind_body | single_use},
    Row{"max-forwards", Name::max_forwards, not_behind_body},
    Row{"origin", Name::origin, 0},
    Row{"pragma", Name::pragma, not_behind_body},
    Row{"proxy-authenticate", Name::proxy_authenticate, of_one_connection | not_behind_body},
    Row{"proxy-authorization", Name::proxy_authorization, of_one_connection | not_behind_body},
    Row{"proxy-connection", Name::proxy_connection, connection_only},
    Row{"range", Name::range, not_behind_body},
    Row{"retry-after", Name::retry_after, not_behind_body},
    Row{"ringside-error", Name::ringside_error, not_behind_body | single_use},
    Row{"ringside-executed", Name::ringside_executed, not_behind_body | single_use},
    Row{"ringside-hops", Name::ringside_hops, not_behind_body | single_use},
    Row{"ringside-key", Name::ringside_key, not_behind_body | single_use},
    Row{"ringside-key-bin", Name::ringside_key_bin, not_behind_body | single_use},
    Row{"ringside-passport", Name::ringside_passport, not_behind_body | single_use},
    Row{"ringside-retry", Name::ringside_retry, not_behind_body | single_use},
    Row{"ringside-served-by", Name::ringside_served_by, not_behind_body | single_use},
    Row{"ringside-timeout", Name::ringside_timeout, not_behind_body | single_use},
    Row{"sec-fetch-site", Name::sec_fetch_site, 0},
    Row{"set-cookie", Name::set_cookie, not_behind_body | single_use},
    Row{"te", Name::te, connection_only},
    Row{"traceparent", Name::traceparent, single_use},
    Row{"tracestate", Name::tracestate, single_use},
    Row{"trailer", Name::trailer, of_one_connection | not_behind_body},
    Row{"transfer-encoding", Name::transfer_encoding, connection_only},
    Row{"upgrade", Name::upgrade, connection_only},
    Row{"vary", Name::vary, not_behind_body},
    Row{"via", Name::via, not_behind_body},
    Row{"www-authenticate", Name::www_authenticate, not_behind_body},
    Row{"x-request-id", Name::x_request_id, single_use},
};

// Families: known by how they begin.
constexpr std::uint8_t x_forwarded_traits = not_behind_body;
constexpr std::uint8_t ringside_traits = not_behind_body | single_use;

constexpr std::size_t names = static_cast<std::size_t>(Name::ringside) + 1;
constexpr std::array<std::uint8_t, names> traits = [] {
  std::array<std::uint8_t, names> table{};
  for (const Row& row : rows) table[static_cast<std::size_t>(row.name)] = row.traits;
  table[static_cast<std::size_t>(Name::x_forwarded)] = x_forwarded_traits;
  table[static_cast<std::size_t>(Name::ringside)] = ringside_traits;
  return table;
}();

constexpr std::array<std::string_view, names> texts = [] {
  std::array<std::string_view, names> table{};
  for (const Row& row : rows) table[static_cast<std::size_t>(row.name)] = row.text;
  return table;
}();

constexpr char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

constexpr std::size_t slots = 256;
constexpr std::size_t slot_of(std::string_view text) noexcept {
  const auto at = [text](std::size_t i) {
    return static_cast<std::size_t>(static_cast<unsigned char>(lower(text[i])));
  };
  return (text.size() * 7 + at(0) * 3 + at(text.size() / 2) * 5 + at(text.size() - 1) * 11) % slots;
}

// Open addressing; 0 is empty, else the row's number plus one.
constexpr std::array<std::uint8_t, slots> index = [] {
  std::array<std::uint8_t, slots> table{};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::size_t slot = slot_of(rows[i].text);
    while (table[slot] != 0) slot = (slot + 1) % slots;
    table[slot] = static_cast<std::uint8_t>(i + 1);
  }
  return table;
}();

// `known` is in lower case.
constexpr bool begins(std::string_view name, std::string_view known) noexcept {
  if (name.size() < known.size()) return false;
  for (std::size_t i = 0; i < known.size(); ++i) {
    if (lower(name[i]) != known[i]) return false;
  }
  return true;
}

bool has(Name name, Trait trait) noexcept {
  return (traits[static_cast<std::size_t>(name)] & trait) != 0;
}

}  // namespace

Name name_of(std::string_view field_name) noexcept {
  if (field_name.empty()) return Name::other;
  for (std::size_t slot = slot_of(field_name); index[slot] != 0; slot = (slot + 1) % slots) {
    const Row& row = rows[index[slot] - 1U];
    if (row.text.size() == field_name.size() && begins(field_name, row.text)) return row.name;
  }
  const char first = lower(field_name.front());
  if (first == 'x' && begins(field_name, "x-forwarded-")) return Name::x_forwarded;
  constexpr std::string_view own = "ringside";
  if (first == 'r' && field_name.size() > own.size() && begins(field_name, own) &&
      (field_name[own.size()] == '-' || field_name[own.size()] == '_'))
    return Name::ringside;
  return Name::other;
}

std::string_view text_of(Name name) noexcept {
  return texts[static_cast<std::size_t>(name)];
}

bool is_of_one_connection(Name name) noexcept {
  return has(name, of_one_connection);
}
bool is_not_for_http2(Name name) noexcept {
  return has(name, not_for_http2);
}
bool is_forbidden_behind_body(Name name) noexcept {
  return has(name, not_behind_body);
}
bool is_single_use(Name name) noexcept {
  return has(name, single_use);
}

}  // namespace ringside::http
