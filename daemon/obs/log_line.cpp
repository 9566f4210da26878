#include "daemon/obs/log_line.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace ringside::obs {
namespace {

template <class Number>
void append_number(std::string& out, Number value) {
  std::array<char, 32> text{};
  const auto [end, ec] = std::to_chars(text.data(), text.data() + text.size(), value);
  out.append(text.data(), end);
}

void append_padded(std::string& out, std::int64_t value, int width) {
  const auto digits = std::to_string(value);
  for (auto n = static_cast<int>(digits.size()); n < width; ++n) out += '0';
  out += digits;
}

struct Character {
  std::size_t bytes = 0;  // 0: not UTF-8
  char32_t code = 0;
};

// The first character of a text that is not empty. Overlong forms, surrogates and what is above U+10FFFF are
// no UTF-8.
Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return {1, lead};
  const std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes) return {};
  char32_t code = lead & (0x7fU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) return {};
    code = code << 6 | (byte(i) & 0x3fU);
  }
  constexpr std::array<char32_t, 5> least = {0, 0, 0x80, 0x800, 0x10000};
  if (code < least[bytes] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return {};
  return {bytes, code};
}

// Control characters (C0, DEL, C1), line and paragraph separators, and the marks that turn the direction of
// text.
bool steers_terminal(char32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || (code >= 0x2028 && code <= 0x202e) ||
         (code >= 0x2066 && code <= 0x2069) || code == 0xfeff;
}

void append_hex(std::string& out, std::string_view prefix, unsigned value, int digits) {
  out += prefix;
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) out += "0123456789abcdef"[value >> shift & 0xfU];
}

// Text that reads the same with and without quotes: nothing that a reader could take for an end, a quote or
// an escape.
bool needs_quotes(std::string_view text) {
  if (text.empty()) return true;
  while (!text.empty()) {
    const auto [bytes, code] = first_character(text);
    if (bytes == 0 || steers_terminal(code) || code == ' ' || code == '"' || code == '\\' || code == '=')
      return true;
    text.remove_prefix(bytes);
  }
  return false;
}

struct AppendValue {
  std::string& out;
  LineFormat format;
  void operator()(std::string_view v) const {
    if (format == LineFormat::json || needs_quotes(v))
      append_quoted(out, v);
    else
      out += v;
  }
  void operator()(std::int64_t v) const { append_number(out, v); }
  void operator()(std::uint64_t v) const { append_number(out, v); }
  void operator()(double v) const {
    if (std::isfinite(v) || format == LineFormat::text)
      append_number(out, v);
    else
      out += "null";  // JSON has no word for it
  }
  void operator()(bool v) const { out += v ? "true" : "false"; }
};

}  // namespace

std::string_view to_string(Level level) noexcept {
  switch (level) {
    case Level::trace: return "trace";
    case Level::debug: return "debug";
    case Level::info: return "info";
    case Level::warn: return "warn";
    case Level::error: return "error";
  }
  return "error";
}

std::optional<Level> parse_level(std::string_view word) noexcept {
  for (const Level level : {Level::trace, Level::debug, Level::info, Level::warn, Level::error})
    if (word == to_string(level)) return level;
  return std::nullopt;
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const auto [bytes, code] = first_character(text);
    if (bytes == 0)
      append_hex(out, R"(\\x)", static_cast<unsigned char>(text.front()), 2);
    else if (code == '"' || code == '\\')
      (out += '\\') += text.front();
    else if (code == '\n')
      out += "\\n";
    else if (code == '\r')
      out += "\\r";
    else if (code == '\t')
      out += "\\t";
    else if (steers_terminal(code))
      append_hex(out, "\\u", static_cast<unsigned>(code), 4);
    else
      out += text.substr(0, bytes);
    text.remove_prefix(bytes == 0 ? 1 : bytes);
  }
  out += '"';
}

void append_time(std::string& out, WallTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  append_padded(out, int{date.year()}, 4);
  append_padded(out += '-', static_cast<unsigned>(date.month()), 2);
  append_padded(out += '-', static_cast<unsigned>(date.day()), 2);
  append_padded(out += 'T', clock.hours().count(), 2);
  append_padded(out += ':', clock.minutes().count(), 2);
  append_padded(out += ':', clock.seconds().count(), 2);
  append_padded(out += '.', clock.subseconds().count(), 3);
  out += 'Z';
}

std::string format_line(LineFormat format, WallTime time, Level level, std::string_view event,
                        std::span<const KeyValue> pairs) {
  const bool json = format == LineFormat::json;
  std::string out = json ? R"({"ts":")" : "";
  append_time(out, time);
  out += json ? R"(","level":")" : " ";
  out += to_string(level);
  out += json ? R"(","event":")" : " ";
  out += event;
  if (json) out += '"';
  for (const auto& [key, value] : pairs) {
    out += json ? R"(,")" : " ";
    out += key;
    out += json ? R"(":)" : "=";
    std::visit(AppendValue{out, format}, value);
  }
  if (json) out += '}';
  return out;
}

}  // namespace ringside::obs
