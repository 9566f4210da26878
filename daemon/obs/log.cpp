// spdlog carries the finished lines: its bounded queue and its one thread that writes them to stderr. It
// neither formats nor keeps time, so that a line shows when the event was, not when it was written.
#include "daemon/obs/log.hpp"

#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <atomic>
#include <chrono>
#include <memory>

#include "daemon/obs/log_line.hpp"

namespace ringside::obs {
namespace {

constexpr std::size_t queue_lines = 1024;
constexpr int off = static_cast<int>(Level::error) + 1;

struct Log {
  LineFormat format;
  std::shared_ptr<spdlog::details::thread_pool> pool =
      std::make_shared<spdlog::details::thread_pool>(queue_lines, 1);
  std::shared_ptr<spdlog::async_logger> logger =
      std::make_shared<spdlog::async_logger>("ringside", std::make_shared<spdlog::sinks::stderr_sink_mt>(),
                                             pool, spdlog::async_overflow_policy::overrun_oldest);
};

// Set before the threads start and reset after they ended; in between only read.
std::unique_ptr<Log> the_log;
std::atomic<int> least{off};
std::uint64_t dropped_before = 0;  // by logs that were stopped

}  // namespace

void start_log(Level level, bool json) {
  stop_log();
  the_log = std::make_unique<Log>(Log{json ? LineFormat::json : LineFormat::text});
  the_log->logger->set_pattern("%v");
  the_log->logger->set_level(spdlog::level::trace);  // the level is ours
  set_log_level(level);
}

void stop_log() {
  if (!the_log) return;
  least.store(off, std::memory_order_relaxed);
  the_log->logger.reset();
  const auto pool = std::move(the_log->pool);
  the_log.reset();
  dropped_before += pool->overrun_counter();
}  // the pool writes what is queued and joins its thread

void set_log_level(Level level) {
  least.store(static_cast<int>(level), std::memory_order_relaxed);
}

Level log_level() noexcept {
  return static_cast<Level>(least.load(std::memory_order_relaxed));
}

bool log_enabled(Level level) noexcept {
  return static_cast<int>(level) >= least.load(std::memory_order_relaxed);
}

std::uint64_t log_lines_dropped() noexcept {
  return dropped_before + (the_log ? the_log->pool->overrun_counter() : 0);
}

void log(Level level, std::string_view event, std::initializer_list<KeyValue> pairs) {
  if (!log_enabled(level) || !the_log) return;
  const auto now = std::chrono::floor<Millis>(std::chrono::system_clock::now());
  the_log->logger->log(spdlog::level::info,
                       spdlog::string_view_t(format_line(the_log->format, now, level, event, pairs)));
}

}  // namespace ringside::obs
