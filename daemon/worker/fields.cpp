#include "daemon/worker/fields.hpp"

#include <algorithm>
#include <charconv>

#include "daemon/base/limits.hpp"
#include "daemon/base/text.hpp"
#include "daemon/worker/grpc.hpp"

namespace ringside::worker {
namespace {

bool starts_with_ignore_case(std::string_view text, std::string_view prefix) noexcept {
  return text.size() >= prefix.size() && http::equals_ignore_case(text.substr(0, prefix.size()), prefix);
}

// What a client says of proxies before us: replaced, so that an app can believe what it reads.
bool is_forwarding_field(std::string_view name) noexcept {
  return http::equals_ignore_case(name, "forwarded") || starts_with_ignore_case(name, "x-forwarded-");
}

}  // namespace

void OwnedHead::assign(const http::RequestHead& head) {
  std::size_t size = head.method.size() + head.target.size() + head.authority.size();
  for (const auto& field : head.fields) size += field.name.size() + field.value.size();
  bytes_.clear();
  bytes_.reserve(size);  // views into bytes_ are taken while it is filled: it must not move
  const auto keep = [this](std::string_view text) {
    const std::size_t start = bytes_.size();
    bytes_.append(text);
    return std::string_view(bytes_).substr(start);
  };
  auto fields = std::move(head_.fields);
  fields.clear();
  head_.method = keep(head.method);
  head_.target = keep(head.target);
  head_.authority = keep(head.authority);
  for (const auto& field : head.fields) fields.push_back({keep(field.name), keep(field.value)});
  head_.fields = std::move(fields);
  head_.framing = head.framing;
  head_.http10 = head.http10;
  head_.http2 = head.http2;
  head_.keep_alive = head.keep_alive;
  head_.expect_continue = head.expect_continue;
  head_.upgrade = head.upgrade;
  head_.takes_trailers = head.takes_trailers;
}

bool is_ringside_field(std::string_view name) noexcept {
  constexpr std::string_view prefix = "ringside";
  return starts_with_ignore_case(name, prefix) && name.size() > prefix.size() &&
         (name[prefix.size()] == '-' || name[prefix.size()] == '_');
}

Passport take_passport(http::RequestHead& head, bool from_peer) {
  Passport passport;
  passport.repeatable = http::is_idempotent(head.method);
  std::optional<Millis> grpc_timeout;
  for (const auto& [name, value] : head.fields) {
    if (http::equals_ignore_case(name, "ringside-timeout")) {
      if (const auto timeout = parse_duration(value))
        passport.timeout = std::clamp(*timeout, Millis::zero(), Millis(limits::timeout_max));
    } else if (http::equals_ignore_case(name, "grpc-timeout")) {
      grpc_timeout = parse_grpc_timeout(value);
    } else if (http::equals_ignore_case(name, "idempotency-key")) {
      passport.repeatable = true;
    } else if (http::equals_ignore_case(name, "x-request-id")) {
      if (value.size() <= limits::request_id_bytes) passport.request_id = value;
    } else if (http::equals_ignore_case(name, "via")) {
      if (!passport.via.empty()) passport.via += ", ";
      passport.via += value;
    } else if (from_peer && http::equals_ignore_case(name, "ringside-from")) {
      passport.from = value;
    } else if (from_peer && http::equals_ignore_case(name, "ringside-hops")) {
      std::from_chars(value.data(), value.data() + value.size(), passport.hops);
    }
  }
  if (grpc_timeout && passport.timeout == Millis::zero())
    passport.timeout = std::min(*grpc_timeout, Millis(limits::timeout_max));
  http::remove_hop_by_hop(head.fields, "ringside-key");
  std::erase_if(head.fields, [from_peer](const http::Field& field) {
    return is_ringside_field(field.name) || http::equals_ignore_case(field.name, "x-request-id") ||
           http::equals_ignore_case(field.name, "via") || (!from_peer && is_forwarding_field(field.name));
  });
  return passport;
}

void clean_reply_of_app(http::ResponseHead& head) {
  http::remove_hop_by_hop(head.fields);
  std::erase_if(head.fields, [](const http::Field& field) { return is_ringside_field(field.name); });
}

}  // namespace ringside::worker
