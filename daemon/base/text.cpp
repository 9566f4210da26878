#include "daemon/base/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace ringside {
namespace {

constexpr std::string_view digits = "0123456789";

std::string quoted(std::string_view text) {
  return "'" + std::string(text) + "'";
}

struct Unit {
  std::string_view name;
  std::int64_t factor;
};
// Longest first, so that the largest unit that divides a value is found first.
constexpr std::array<Unit, 3> whole_times{{{"h", 3'600'000}, {"m", 60'000}, {"s", 1000}}};
constexpr std::array<Unit, 4> sizes{
    {{"TiB", std::int64_t{1} << 40}, {"GiB", std::int64_t{1} << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}};

// "1.25" times factor, exactly; nothing when it is no number, does not come out whole, or does not fit.
std::optional<std::int64_t> scaled(std::string_view number, std::int64_t factor) {
  const auto dot = number.find('.');
  const auto whole = parse_integer(number.substr(0, dot));
  std::int64_t value = 0;
  if (!whole || __builtin_mul_overflow(*whole, factor, &value)) return std::nullopt;
  if (dot == std::string_view::npos) return value;
  const auto fraction = number.substr(dot + 1);
  const auto parts = parse_integer(fraction);
  if (!parts || fraction.find_first_not_of(digits) != std::string_view::npos) return std::nullopt;
  std::int64_t numerator = 0, denominator = 1;
  if (__builtin_mul_overflow(*parts, factor, &numerator)) return std::nullopt;
  for (std::size_t i = 0; i < fraction.size(); ++i)
    if (__builtin_mul_overflow(denominator, 10, &denominator)) return std::nullopt;
  if (numerator % denominator != 0 || __builtin_add_overflow(value, numerator / denominator, &value))
    return std::nullopt;
  return value;
}

}  // namespace

Result<std::int64_t, std::string> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || ec == std::errc::invalid_argument || end != text.data() + text.size())
    return quoted(text) + " is not a whole number";
  if (ec == std::errc::result_out_of_range) return std::string(text) + " is too large for a number";
  return value;
}

Result<Millis, std::string> parse_duration(std::string_view text) {
  if (text == "0") return Millis{0};
  const auto unit_at = text.find_first_not_of("0123456789.");
  if (unit_at == 0 || text.empty()) return quoted(text) + " is not a duration, e.g. 200ms, 1.5s, 5m or 1h";
  if (unit_at == std::string_view::npos)
    return quoted(text) + " needs a unit, e.g. " + std::string(text) + "ms or " + std::string(text) + "s";
  const auto unit = text.substr(unit_at);
  const auto* found = std::ranges::find(whole_times, unit, &Unit::name);
  if (unit != "ms" && found == whole_times.end())
    return quoted(text) + " is not a duration, e.g. 200ms, 1.5s, 5m or 1h";
  const auto value = scaled(text.substr(0, unit_at), unit == "ms" ? 1 : found->factor);
  if (!value) return quoted(text) + " is not a whole number of milliseconds";
  return Millis{*value};
}

namespace {

// 1500 thousandths are "1.5".
std::string decimal(std::int64_t thousandths) {
  std::string fraction = "." + std::to_string(1000 + thousandths % 1000).substr(1);
  fraction.erase(fraction.find_last_not_of('0') + 1);
  return std::to_string(thousandths / 1000) + (fraction == "." ? "" : fraction);
}

}  // namespace

std::string print_duration(Millis duration) {
  const std::int64_t ms = duration.count();
  if (ms == 0) return "0s";
  for (const auto& [name, factor] : whole_times)
    if (ms % factor == 0) return std::to_string(ms / factor) + std::string(name);
  return ms < 1000 ? std::to_string(ms) + "ms" : decimal(ms) + "s";
}

std::string print_measured(std::chrono::nanoseconds duration) {
  const auto micros = std::chrono::round<std::chrono::microseconds>(duration).count();
  return micros < 1'000'000 ? decimal(micros) + "ms" : decimal(micros / 1000) + "s";
}

Result<std::int64_t, std::string> parse_size(std::string_view text) {
  const auto unit_at = text.find_first_not_of("0123456789.");
  const auto unit = unit_at == std::string_view::npos ? std::string_view{} : text.substr(unit_at);
  const auto* found = std::ranges::find(sizes, unit, &Unit::name);
  if (unit_at == 0 || text.empty() || (!unit.empty() && unit != "B" && found == sizes.end()))
    return quoted(text) + " is not a size, e.g. 64KiB, 10MiB, 64GiB or 1000 (bytes)";
  const auto value = scaled(text.substr(0, unit_at), found == sizes.end() ? 1 : found->factor);
  if (!value) return quoted(text) + " is not a whole number of bytes that fits 63 bits";
  return *value;
}

std::string print_size(std::int64_t bytes) {
  for (const auto& [name, factor] : sizes)
    if (bytes != 0 && bytes % factor == 0) return std::to_string(bytes / factor) + std::string(name);
  return std::to_string(bytes) + "B";
}

// Optimal string alignment: three rows of the usual table, since a swap looks back two.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::swap(before_last, last);
    std::swap(last, row);
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row[b.size()];
}

std::string closest(std::string_view word, std::span<const std::string> candidates) {
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  std::string best;
  for (const auto& candidate : candidates) {
    const auto distance = edit_distance(word, candidate);
    if (distance >= best_distance) continue;
    best_distance = distance;
    best = candidate;
  }
  return best;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
    if (text.empty()) parts.emplace_back();
  }
  return parts;
}

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  for (const auto& word : split(text, ' ')) {
    if (lines.empty() || lines.back().size() + 1 + word.size() > width)
      lines.push_back(word);
    else
      lines.back() += " " + word;
  }
  return lines;
}

namespace {

constexpr std::string_view base64_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
  const std::size_t length = text.find_last_not_of('=') + 1;
  const std::size_t padding = text.size() - length;
  if (length % 4 == 1 || padding > 2 || (padding > 0 && text.size() % 4 != 0)) return std::nullopt;
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : text.substr(0, length)) {
    const auto digit = base64_digits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    out += static_cast<char>(bits >> held & 0xff);
  }
  return out;
}

TimeText rfc3339_text(WallTime time) noexcept {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  TimeText text{};
  std::size_t at = 0;
  const auto put = [&](auto number, std::size_t width, char behind) {
    auto left = static_cast<std::uint64_t>(number);
    for (std::size_t i = at + width; i-- > at; left /= 10) text[i] = static_cast<char>('0' + left % 10);
    at += width;
    text[at++] = behind;
  };
  put(int{date.year()}, 4, '-');
  put(unsigned{date.month()}, 2, '-');
  put(unsigned{date.day()}, 2, 'T');
  put(clock.hours().count(), 2, ':');
  put(clock.minutes().count(), 2, ':');
  put(clock.seconds().count(), 2, '.');
  put(clock.subseconds().count(), 3, 'Z');
  return text;
}

std::string rfc3339(WallTime time) {
  const auto text = rfc3339_text(time);
  return {text.begin(), text.end()};
}

std::string encode_base64(std::string_view bytes) {
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (held += 8; held >= 6; held -= 6) out += base64_digits[bits >> (held - 6) & 0x3f];
  }
  if (held > 0) out += base64_digits[bits << (6 - held) & 0x3f];
  return out;
}

}  // namespace ringside
