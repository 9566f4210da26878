#include "daemon/worker/trace_context.hpp"

#include <algorithm>

#include "proto/http/names.hpp"

namespace ringside::worker {
namespace {

constexpr std::size_t trace_at = 3, parent_at = 36, flags_at = 53, whole = 55;

bool is_hex(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_id(std::string_view text) noexcept {
  return is_hex(text) && text.find_first_not_of('0') != std::string_view::npos;
}

void append_hex(std::string& out, std::uint64_t bits) {
  static constexpr char hex[] = "0123456789abcdef";
  for (int shift = 60; shift >= 0; shift -= 4) out += hex[bits >> shift & 15];
}

}  // namespace

bool is_traceparent(std::string_view text) noexcept {
  if (text.size() < whole || text[trace_at - 1] != '-' || text[parent_at - 1] != '-' ||
      text[flags_at - 1] != '-')
    return false;
  const auto version = text.substr(0, 2);
  if (!is_hex(version) || version == "ff") return false;
  if (text.size() > whole && (version == "00" || text[whole] != '-')) return false;
  return is_id(text.substr(trace_at, 32)) && is_id(text.substr(parent_at, 16)) &&
         is_hex(text.substr(flags_at, 2));
}

void ensure_traceparent(http::RequestHead& head, Rng& rng, std::string& text) {
  std::size_t there = 0;
  bool good = true;
  for (const auto& field : head.fields) {
    if (field.known != http::Name::traceparent) continue;
    ++there;
    good = good && is_traceparent(field.value);
  }
  if (there == 1 && good) return;
  std::erase_if(head.fields, [&](const http::Field& field) {
    return field.known == http::Name::traceparent || field.known == http::Name::tracestate;
  });
  text = "00-";
  append_hex(text, rng.next());
  append_hex(text, rng.next() | 1);
  text += '-';
  append_hex(text, rng.next() | 1);
  text += "-00";
  head.fields.push_back({"traceparent", text});
}

}  // namespace ringside::worker
