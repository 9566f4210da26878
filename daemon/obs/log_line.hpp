// One log event as one line of text. Pure, so that every byte of it can be tested; log.cpp adds the clock and
// the queue.
#pragma once

#include <span>
#include <string>

#include "daemon/base/time.hpp"
#include "daemon/obs/log.hpp"

namespace ringside::obs {

void append_time(std::string& out, WallTime);  // 2026-01-31T12:00:00.000Z

// As a JSON string, which is one line of printable UTF-8 whatever the text holds. A byte that is no UTF-8
// becomes a backslash, x and its two hex digits, since JSON has no escape for bytes.
void append_quoted(std::string& out, std::string_view text);

enum class LineFormat : std::uint8_t { text, json };

// Without a line end. Whatever the values hold, the result is one line of printable UTF-8: quotes, control
// bytes, characters that steer a terminal and invalid UTF-8 are escaped, so nobody can forge a line.
std::string format_line(LineFormat, WallTime, Level, std::string_view event, std::span<const KeyValue>);

}  // namespace ringside::obs
