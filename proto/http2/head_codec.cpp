#include "proto/http2/head_codec.hpp"

#include <algorithm>
#include <charconv>

#include "proto/http/names.hpp"
#include "proto/http/syntax.hpp"

namespace ringside::http2 {
namespace {

using http::equals_ignore_case;

// A 200 to an extended CONNECT may come from an app that took no notice of the upgrade. Only with this field
// are the bytes behind it a tunnel; it names the protocol.
constexpr std::string_view upgraded_field = "ringside-upgrade";

// nghttp2 has checked that it is a number below 2^63.
std::uint64_t number(std::string_view text) noexcept {
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

bool is_target(const http::RequestHead& head) noexcept {
  if (head.target == "*") return head.method == "OPTIONS";
  return head.target.starts_with('/') && http::all_of(head.target, http::target_byte);
}

std::uint8_t* bytes(std::string_view text) noexcept {  // nghttp2 takes mutable pointers and only reads
  return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
}

}  // namespace

void HeadReader::begin() noexcept {
  bytes_ = cookies_ = 0;
  refused_.reset();
  text_.clear();
  spans_.clear();
}

void HeadReader::add(std::string_view name, std::string_view value) {
  if (refused_) return;
  bytes_ += name.size() + value.size() + 32;  // RFC 9113 6.5.2
  if (bytes_ > bytes_max_ || spans_.size() == fields_max_) return refuse(Code::enhance_your_calm);
  const std::size_t at = text_.size();
  text_.append(name).append(value);
  spans_.push_back({at, name.size(), at + name.size(), value.size()});
  if (name == "cookie") ++cookies_;
}

http::Field HeadReader::field(const Span& span) const noexcept {
  const std::string_view text = text_;
  return {text.substr(span.name, span.name_length), text.substr(span.value, span.value_length)};
}

// RFC 9113 8.2.3: crumbs become one field before they leave HTTP/2.
void HeadReader::join_cookies() {
  if (cookies_ < 2) return;
  const auto is_cookie = [this](const Span& span) { return field(span).name == "cookie"; };
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

const http::RequestHead* HeadReader::request(bool end) {
  join_cookies();
  auto& head = request_;
  head.http2 = true;
  head.method = head.target = head.authority = head.upgrade = {};
  head.fields.clear();
  head.framing = {end ? http::BodyKind::none : http::BodyKind::chunked, 0};
  head.takes_trailers = false;
  std::string_view host;
  for (const Span& span : spans_) {
    const auto [name, value] = field(span);
    if (name == ":method") {
      head.method = value;
    } else if (name == ":path") {
      head.target = value;
    } else if (name == ":authority") {
      head.authority = value;
    } else if (name == ":protocol") {
      head.upgrade = value;
    } else if (name == "host") {
      host = value;
    } else if (!name.starts_with(':') && !http::is_reserved_twin(name)) {
      if (name == "content-length") head.framing = {http::BodyKind::length, number(value)};
      if (name == "te") head.takes_trailers = true;  // nghttp2 lets no other value through
      head.fields.push_back({name, value});
    }
  }
  if (head.authority.empty()) head.authority = host;
  if (!host.empty() && !equals_ignore_case(host, head.authority)) return nullptr;  // RFC 9113 8.3.1
  if (!head.authority.empty() && !http::is_authority(head.authority)) return nullptr;
  if (!head.upgrade.empty()) {  // nghttp2 has seen to it that this is an extended CONNECT
    if (end || !http::all_of(head.upgrade, http::token_byte)) return nullptr;
    head.method = "GET";
    head.framing = {};
  }
  if (head.method == "CONNECT" || head.method == "TRACE" || !is_target(head)) return nullptr;
  return &head;
}

const http::ResponseHead* HeadReader::response(bool end, bool to_head, bool connect) {
  auto& head = response_;
  head.status = 0;
  head.upgrade = {};
  head.fields.clear();
  head.framing = {};
  std::optional<std::uint64_t> length;
  for (const Span& span : spans_) {
    const auto [name, value] = field(span);
    if (name == ":status") {
      head.status = static_cast<int>(number(value));
    } else if (!name.starts_with(':')) {
      if (name == "content-length") length = number(value);
      if (connect && name == upgraded_field) head.upgrade = value;
      head.fields.push_back({name, value});
    }
  }
  if (!head.upgrade.empty() && head.status == 200 && !end) {
    head.status = 101;
    return &head;
  }
  if (to_head) {
    head.framing = {http::BodyKind::none, length.value_or(http::length_unknown)};
  } else if (length) {
    head.framing = {http::BodyKind::length, *length};
  } else if (!end && head.status >= 200) {
    head.framing.kind = http::BodyKind::chunked;
  }
  return head.status >= 100 && head.status < 600 ? &head : nullptr;  // RFC 9110 15, as in HTTP/1
}

const http::Trailers* HeadReader::trailers(std::size_t bytes_max) {
  if (bytes_ > bytes_max) return nullptr;
  trailers_.clear();
  for (const Span& span : spans_) {
    const auto trailer = field(span);
    if (!http::is_forbidden_trailer(trailer.name)) trailers_.push_back(trailer);
  }
  return &trailers_;
}

void HeadWriter::add(std::string_view name, std::string_view value, bool single_use) {
  const auto flags = single_use ? NGHTTP2_NV_FLAG_NO_INDEX : NGHTTP2_NV_FLAG_NONE;
  pairs_.push_back({bytes(name), bytes(value), name.size(), value.size(), static_cast<std::uint8_t>(flags)});
}

void HeadWriter::add_status(int status) {
  std::to_chars(status_.data(), status_.data() + status_.size(), status);
  add(":status", {status_.data(), status_.size()});
}

void HeadWriter::add_fields(const std::vector<http::Field>& fields) {
  for (const auto& [name, value] : fields) {
    const http::Name known = http::name_of(name);
    if (!http::is_not_for_http2(known)) add(name, value, http::is_single_use(known));
  }
}

void HeadWriter::add_length(std::uint64_t length) {
  const auto end = std::to_chars(length_.data(), length_.data() + length_.size(), length).ptr;
  add("content-length", {length_.data(), end}, true);
}

const std::vector<nghttp2_nv>& HeadWriter::request(const http::RequestHead& head) {
  pairs_.clear();
  const bool connect = !head.upgrade.empty();
  add(":method", connect ? "CONNECT" : head.method);
  if (connect) add(":protocol", head.upgrade);
  add(":scheme", "http");
  if (!head.authority.empty()) add(":authority", head.authority);
  add(":path", head.target, true);
  add_fields(head.fields);
  if (head.takes_trailers) add("te", "trailers");  // the one value HTTP/2 knows: RFC 9113 8.2.2
  if (head.framing.kind == http::BodyKind::length) add_length(head.framing.length);
  return pairs_;
}

const std::vector<nghttp2_nv>& HeadWriter::response(const http::ResponseHead& head) {
  pairs_.clear();
  if (head.status == 101) {
    add_status(200);
    add(upgraded_field, head.upgrade, true);
    add_fields(head.fields);
    return pairs_;
  }
  add_status(head.status);
  add_fields(head.fields);
  // Behind HEAD the announced length goes along; length 0 with no body is what END_STREAM says anyway.
  const bool announced = head.framing.kind == http::BodyKind::none && head.framing.length > 0 &&
                         head.framing.length != http::length_unknown;
  if (head.framing.kind == http::BodyKind::length || announced) add_length(head.framing.length);
  return pairs_;
}

const std::vector<nghttp2_nv>& HeadWriter::interim(int status) {
  pairs_.clear();
  add_status(status);
  return pairs_;
}

const std::vector<nghttp2_nv>& HeadWriter::trailers(const http::Trailers& fields) {
  pairs_.clear();
  for (const auto& [name, value] : fields) add(name, value, true);
  return pairs_;
}

}  // namespace ringside::http2
