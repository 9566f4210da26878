#include "proto/http2/head_codec.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "proto/http/syntax.hpp"

namespace ringside::http2 {
namespace {

using http::equals_ignore_case;
using http::Name;
using Kind = HpackEncoder::Kind;

// A 200 to an extended CONNECT may come from an app that took no notice of the upgrade. Only with this field
// are the bytes behind it a tunnel; it names the protocol.
constexpr std::string_view upgraded_field = "ringside-upgrade";

// Digits alone, below 2^63.
std::optional<std::uint64_t> number(std::string_view text) noexcept {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc{} || at != end || value >> 63 != 0) return std::nullopt;
  return value;
}

bool is_target(const http::RequestHead& head) noexcept {
  if (head.target == "*") return head.method == "OPTIONS";
  return head.target.starts_with('/') && http::all_of(head.target, http::target_byte);
}

// RFC 3986 3.1.
bool is_scheme(std::string_view text) noexcept {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  return letter(text.front()) && std::ranges::all_of(text, [&](char c) {
           return letter(c) || http::is(c, http::digit_byte) || c == '+' || c == '-' || c == '.';
         });
}

// Indices of the static table (RFC 7541 A).
constexpr std::uint8_t authority_name = 1, method_get = 2, path_root = 4, scheme_http = 6, status_200 = 8;

// Where the name stands in it, so that it is looked up once for all.
std::uint8_t index_of(Name known) noexcept {
  constexpr std::size_t names = static_cast<std::size_t>(Name::ringside) + 1;
  static const std::array<std::uint8_t, names> table = [] {
    std::array<std::uint8_t, names> made{};
    for (std::size_t i = 0; i < names; ++i) {
      const auto text = http::text_of(static_cast<Name>(i));
      made[i] = text.empty() ? HpackEncoder::not_looked_up : static_cast<std::uint8_t>(find_static(text));
    }
    return made;
  }();
  return table[static_cast<std::size_t>(known)];
}

bool is_status(std::string_view text) noexcept {
  return text.size() == 3 && http::all_of(text, http::digit_byte);
}

}  // namespace

// ---- in

void HeadReader::begin() noexcept {
  bytes_ = count_ = cookies_ = 0;
  refused_.reset();
  text_.clear();
  spans_.clear();
  for (Span& span : pseudo_) span = {};
  length_.reset();
}

void HeadReader::add(const HpackField& added) {
  if (refused_) return;
  bytes_ += added.name.size() + added.value.size() + entry_overhead;  // RFC 9113 6.5.2
  if (bytes_ > bytes_max_ || ++count_ > fields_max_) return refuse(Code::enhance_your_calm);
  if (!added.well_formed) return refuse(Code::protocol_error);
  if (added.name.front() == ':') return add_pseudo(added);
  if (!is_allowed(added)) return refuse(Code::protocol_error);
  spans_.push_back(keep(added));
}

// RFC 9113 8.3: ahead of the other fields, each at most once. Whether it stands in the right kind of head is
// judged when the head is whole.
void HeadReader::add_pseudo(const HpackField& added) {
  static constexpr std::array<std::string_view, pseudos> names = {":method",    ":scheme",   ":path",
                                                                  ":authority", ":protocol", ":status"};
  const auto found = std::ranges::find(names, added.name);
  if (found == names.end() || !spans_.empty() || added.value.empty()) return refuse(Code::protocol_error);
  Span& place = pseudo_[found - names.begin()];
  if (place.name_length != 0) return refuse(Code::protocol_error);
  place = keep(added);
}

// RFC 9113 8.2.2, and what must not come twice.
bool HeadReader::is_allowed(const HpackField& added) {
  switch (added.known) {
    case Name::connection:
    case Name::keep_alive:
    case Name::proxy_connection:
    case Name::transfer_encoding:
    case Name::upgrade: return false;
    case Name::te: return equals_ignore_case(added.value, "trailers");
    case Name::host:
      return !added.value.empty() &&
             std::ranges::none_of(spans_, [](const Span& span) { return span.known == Name::host; });
    case Name::content_length:
      if (length_) return false;
      length_ = number(added.value);
      return length_.has_value();
    case Name::cookie: ++cookies_; return true;
    default: return true;
  }
}

HeadReader::Span HeadReader::keep(const HpackField& added) {
  const std::size_t at = text_.size();
  text_.append(added.name).append(added.value);
  return {at, added.name.size(), at + added.name.size(), added.value.size(), added.known};
}

http::Field HeadReader::field(const Span& span) const noexcept {
  const std::string_view text = text_;
  return {text.substr(span.name, span.name_length), text.substr(span.value, span.value_length), span.known};
}

// RFC 9113 8.2.3: crumbs become one field before they leave HTTP/2.
void HeadReader::join_cookies() {
  if (cookies_ < 2) return;
  const auto is_cookie = [](const Span& span) { return span.known == Name::cookie; };
  const std::size_t at = text_.size();
  for (const Span& span : spans_) {
    if (!is_cookie(span)) continue;
    if (text_.size() > at) text_.append("; ");
    text_.append(std::string(field(span).value));  // a copy: append may move the text
  }
  const auto first = std::find_if(spans_.begin(), spans_.end(), is_cookie);
  first->value = at;
  first->value_length = text_.size() - at;
  spans_.erase(std::remove_if(first + 1, spans_.end(), is_cookie), spans_.end());
  cookies_ = 1;
}

// RFC 9113 8.3.1, RFC 8441 4. CONNECT without a protocol is not for us.
bool HeadReader::is_request(bool upgrades) const {
  if (has(status) || !has(method) || !has(scheme) || !has(path)) return false;
  if (has(protocol) != (text(method) == "CONNECT") || (has(protocol) && !upgrades)) return false;
  return is_scheme(text(scheme)) && http::all_of(text(method), http::token_byte);
}

const http::RequestHead* HeadReader::request(bool end, bool upgrades) {
  if (!is_request(upgrades)) return nullptr;
  join_cookies();
  auto& head = request_;
  head.http2 = true;
  head.method = text(method);
  head.target = text(path);
  head.authority = has(authority) ? text(authority) : std::string_view();
  head.upgrade = {};
  head.fields.clear();
  head.framing = {end ? http::BodyKind::none : http::BodyKind::chunked, 0};
  if (length_) head.framing = {http::BodyKind::length, *length_};
  head.takes_trailers = false;
  for (const Span& span : spans_) {
    const auto added = field(span);
    if (span.known == Name::host) {
      if (head.authority.empty()) head.authority = added.value;
      if (!equals_ignore_case(added.value, head.authority)) return nullptr;  // RFC 9113 8.3.1
    } else if (!http::is_reserved_twin(added)) {
      if (span.known == Name::te) head.takes_trailers = true;
      head.fields.push_back(added);
    }
  }
  if (!http::is_authority(head.authority)) return nullptr;  // one of both must be there
  if (has(protocol)) {
    head.upgrade = text(protocol);
    if (end || !http::all_of(head.upgrade, http::token_byte)) return nullptr;
    head.method = "GET";
    head.framing = {};
  }
  if (head.method == "TRACE" || !is_target(head)) return nullptr;
  return &head;
}

const http::ResponseHead* HeadReader::response(bool end, bool to_head, bool connect) {
  for (const Pseudo which : {method, scheme, path, authority, protocol})
    if (has(which)) return nullptr;
  if (!has(status) || !is_status(text(status))) return nullptr;
  auto& head = response_;
  head.status = static_cast<int>(*number(text(status)));
  // As in HTTP/1 (RFC 9110 15). A switch of protocols is another thing in HTTP/2 (RFC 9113 8.6).
  if (head.status < 100 || head.status >= 600 || head.status == 101) return nullptr;
  const bool interim = head.status < 200;
  if (interim && (end || length_)) return nullptr;  // RFC 9113 8.1, RFC 9110 8.6
  head.upgrade = {};
  head.fields.clear();
  head.framing = {};
  for (const Span& span : spans_) {
    const auto added = field(span);
    if (connect && added.name == upgraded_field) head.upgrade = added.value;
    head.fields.push_back(added);
  }
  if (!head.upgrade.empty() && head.status == 200 && !end) {
    head.status = 101;
    return &head;
  }
  if (head.status == 204 && length_.value_or(0) != 0) return nullptr;  // RFC 9110 8.6
  if (to_head) {
    head.framing = {http::BodyKind::none, length_.value_or(http::length_unknown)};
  } else if (length_ && head.status != 204) {
    head.framing = {http::BodyKind::length, *length_};
  } else if (!end && !interim) {
    head.framing.kind = http::BodyKind::chunked;
  }
  return &head;
}

const http::Trailers* HeadReader::trailers(std::size_t bytes_max) {
  if (bytes_ > bytes_max ||
      std::ranges::any_of(pseudo_, [](const Span& span) { return span.name_length != 0; }))
    return nullptr;
  trailers_.clear();
  for (const Span& span : spans_) {
    const auto trailer = field(span);
    if (!http::is_forbidden_trailer(trailer)) trailers_.push_back(trailer);
  }
  return &trailers_;
}

// ---- out

void PlainHead::add(std::string_view name, std::string_view value, Name known, bool single_use) {
  const auto text = http::text_of(known);
  if (!text.empty()) {
    text_.append(text);
  } else {
    const std::size_t at = text_.size();
    text_.append(name);
    for (std::size_t i = at; i < text_.size(); ++i) {
      const char c = text_[i];
      text_[i] = static_cast<char>(c + (c >= 'A' && c <= 'Z' ? 'a' - 'A' : 0));
    }
  }
  text_.append(value);
  fields_.push_back({static_cast<std::uint32_t>(name.size()), static_cast<std::uint32_t>(value.size()),
                     single_use ? Kind::single_use : Kind::common, index_of(known)});
}

void PlainHead::add_pseudo(std::uint8_t index, std::string_view value, Kind kind) {
  text_.append(value);
  fields_.push_back({0, static_cast<std::uint32_t>(value.size()), kind, index});
}

void PlainHead::add_whole(std::uint8_t index) {
  fields_.push_back({0, 0, Kind::whole, index});
}

void PlainHead::add_fields(const std::vector<http::Field>& fields) {
  for (const http::Field& field : fields)
    if (!http::is_not_for_http2(field.known))
      add(field.name, field.value, field.known, http::is_single_use(field.known));
}

void PlainHead::add_status(int status) {
  if (status == 200) return add_whole(status_200);
  std::array<char, 3> text;
  std::to_chars(text.data(), text.data() + text.size(), status);
  add_pseudo(status_200, {text.data(), text.size()}, Kind::common);
}

void PlainHead::add_length(std::uint64_t length) {
  std::array<char, 20> text;
  const auto* end = std::to_chars(text.data(), text.data() + text.size(), length).ptr;
  add("content-length", {text.data(), end}, Name::content_length, true);
}

void PlainHead::assign(const http::RequestHead& head) {
  clear();
  const bool connect = !head.upgrade.empty();
  const std::string_view method = connect ? "CONNECT" : head.method;
  if (method == "GET") {
    add_whole(method_get);
  } else {
    add_pseudo(method_get, method, Kind::common);
  }
  if (connect) add(":protocol", head.upgrade, Name::other);
  add_whole(scheme_http);
  if (!head.authority.empty()) add_pseudo(authority_name, head.authority, Kind::common);
  add_pseudo(path_root, head.target, Kind::single_use);
  add_fields(head.fields);
  if (head.takes_trailers) add("te", "trailers", Name::te);  // the one value HTTP/2 knows: RFC 9113 8.2.2
  if (head.framing.kind == http::BodyKind::length) add_length(head.framing.length);
}

void PlainHead::assign(const http::ResponseHead& head) {
  clear();
  if (head.status == 101) {
    add_status(200);
    add(upgraded_field, head.upgrade, Name::ringside, true);
    return add_fields(head.fields);
  }
  add_status(head.status);
  add_fields(head.fields);
  // Behind HEAD the announced length goes along; length 0 with no body is what END_STREAM says anyway.
  const bool announced = head.framing.kind == http::BodyKind::none && head.framing.length > 0 &&
                         head.framing.length != http::length_unknown;
  if (head.framing.kind == http::BodyKind::length || announced) add_length(head.framing.length);
}

void PlainHead::assign_interim(int status) {
  clear();
  add_status(status);
}

void PlainHead::assign(const http::Trailers& fields) {
  clear();
  for (const http::Field& field : fields) add(field.name, field.value, field.known, true);
}

void PlainHead::encode(HpackEncoder& encoder, std::string& out) const {
  encoder.begin(out);
  std::string_view rest = text_;
  for (const Field& field : fields_) {
    const auto value = rest.substr(field.name_length, field.value_length);
    encoder.add(out, rest.substr(0, field.name_length), value, field.kind, field.index);
    rest.remove_prefix(field.name_length + field.value_length);
  }
}

}  // namespace ringside::http2
