#include "proto/http1/framing_fields.hpp"

#include "proto/http/syntax.hpp"

namespace ringside::http1 {

std::optional<std::uint64_t> parse_length(std::string_view text) noexcept {
  if (!http::all_of(text, http::digit_byte)) return std::nullopt;
  while (text.size() > 1 && text.front() == '0') text.remove_prefix(1);
  if (text.size() > 19) return std::nullopt;  // 19 nines still fit into 64 bits
  std::uint64_t number = 0;
  for (const char c : text) number = number * 10 + static_cast<std::uint64_t>(c - '0');
  return number;
}

// Doubled or as a list it is refused, even with equal numbers: RFC 9112 6.3 allows that.
void FramingFields::content_length(std::string_view value) noexcept {
  const auto number = parse_length(value);
  if (sized_ || !number) malformed_ = true;
  sized_ = true;
  length_ = number.value_or(0);
}

void FramingFields::transfer_encoding(std::string_view value) noexcept {
  coded_ = true;
  if (value.ends_with(',')) malformed_ = true;  // an empty element, last where chunked should be
  do {
    const auto coding = http::next_element(value);
    if (coding.empty() || chunked_) malformed_ = true;  // chunked comes once and last
    if (http::equals_ignore_case(coding, "chunked")) {
      chunked_ = true;
    } else {
      other_ = true;
      if (http::equals_ignore_case(coding, "identity")) malformed_ = true;  // RFC 7230 took it away
    }
  } while (!value.empty());
}

FramingFields::Verdict FramingFields::verdict() const noexcept {
  if (malformed_ || (sized_ && coded_)) return Verdict::malformed;
  if (sized_) return Verdict::length;
  if (!coded_) return Verdict::absent;
  return chunked_ && !other_ ? Verdict::chunked : Verdict::unknown_coding;
}

}  // namespace ringside::http1
