// Small helpers for the text people write: durations, sizes, and the word they probably meant. Pure
// functions; the option table, the API and the command line use the same ones, so that all accept the same
// and say the same.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/result.hpp"
#include "daemon/base/time.hpp"

namespace ringside {

// "200ms", "1.5s", "5m", "1h"; a plain 0 too. Exact to the millisecond, no floats. The error is one sentence.
[[nodiscard]] Result<Millis, std::string> parse_duration(std::string_view);
[[nodiscard]] std::string print_duration(Millis);  // "1.5s"; parse_duration reads it back

// A time of day in UTC, as RFC 3339 has it: "2025-01-02T03:04:05.678Z". Years from 0 to 9999.
using TimeText = std::array<char, 24>;
[[nodiscard]] TimeText rfc3339_text(WallTime) noexcept;
[[nodiscard]] std::string rfc3339(WallTime);
// Of something measured: "0.412ms", "12.3ms", "1.5s"; to the microsecond below a second, from there on to the
// millisecond.
[[nodiscard]] std::string print_measured(std::chrono::nanoseconds);

// "64GiB", "512KiB", "100" (bytes). The error is one sentence.
[[nodiscard]] Result<std::int64_t, std::string> parse_size(std::string_view);
[[nodiscard]] std::string print_size(std::int64_t bytes);  // "64GiB"; parse_size reads it back

[[nodiscard]] Result<std::int64_t, std::string> parse_integer(std::string_view);

// Insertions, deletions, replacements and swaps of neighbours that turn one word into the other.
[[nodiscard]] std::size_t edit_distance(std::string_view, std::string_view);
// The candidate that `word` probably meant: at most a third of it (and at least one letter) may differ.
// Empty: none.
[[nodiscard]] std::string closest(std::string_view word, std::span<const std::string> candidates);

[[nodiscard]] std::vector<std::string> split(std::string_view text, char separator);  // "" gives nothing
// Whole words, no line over `width`; a single longer word gets its own line.
[[nodiscard]] std::vector<std::string> wrap(std::string_view text, std::size_t width);

// Base64 (RFC 4648 section 4), with or without padding. nullopt: a byte that is none of it, or a length that
// cannot be.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view);
[[nodiscard]] std::string encode_base64(std::string_view);  // without padding, as gRPC writes it

}  // namespace ringside
