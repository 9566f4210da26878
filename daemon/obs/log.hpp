// The log: `event_name key=value ...`, one event a line, text or JSON with the same keys. Asynchronous with a
// bounded queue: a stalled stdout drops lines and counts them, it never stalls the ring. Callable from any
// thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace ringside::obs {

enum class Level : std::uint8_t { trace, debug, info, warn, error };
[[nodiscard]] std::string_view to_string(Level) noexcept;  // "trace"
[[nodiscard]] std::optional<Level> parse_level(std::string_view) noexcept;

struct KeyValue {
  std::string_view key;
  std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool> value;
  KeyValue(std::string_view k, std::string_view v) : key(k), value(v) {}
  KeyValue(std::string_view k, const std::string& v) : key(k), value(std::string_view(v)) {}
  KeyValue(std::string_view k, const char* v) : key(k), value(std::string_view(v)) {}
  KeyValue(std::string_view k, std::int64_t v) : key(k), value(v) {}
  KeyValue(std::string_view k, int v) : key(k), value(std::int64_t{v}) {}
  KeyValue(std::string_view k, std::uint64_t v) : key(k), value(v) {}
  KeyValue(std::string_view k, std::uint32_t v) : key(k), value(std::uint64_t{v}) {}
  KeyValue(std::string_view k, double v) : key(k), value(v) {}
  KeyValue(std::string_view k, bool v) : key(k), value(v) {}
};

void start_log(Level level, bool json);  // once, before the threads start; writes to stderr
void stop_log();                         // flushes
void set_log_level(Level);
[[nodiscard]] Level log_level() noexcept;
[[nodiscard]] bool log_enabled(Level) noexcept;
[[nodiscard]] std::uint64_t log_lines_dropped() noexcept;

// `event` is a snake_case constant. Values are quoted and escaped as needed.
void log(Level, std::string_view event, std::initializer_list<KeyValue> = {});

}  // namespace ringside::obs
