// spdlog carries the finished lines: its bounded queue and its one thread that writes them to stderr, and
// hands them to those who read along (log_tap.hpp). It neither formats nor keeps time, so that a line shows
// when the event was, not when it was written.
#include "daemon/obs/log.hpp"

#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <utility>

#include "daemon/base/limits.hpp"
#include "daemon/obs/log_line.hpp"
#include "daemon/obs/log_tap.hpp"

namespace ringside::obs {

// What waits for one reader. All of it under the mutex of the sink.
struct LogQueue {
  Level least;
  std::function<void()> wake;
  std::deque<std::string> lines{};
  std::uint64_t lost = 0;

  void add(const std::string& line) {
    if (lines.size() >= limits::log_stream_lines) {
      lines.pop_front();
      ++lost;
    }
    lines.push_back(line);
    if (lines.size() == 1 && wake) wake();
  }
};

namespace {

constexpr std::size_t queue_lines = 1024;
constexpr int off = static_cast<int>(Level::error) + 1;

spdlog::level::level_enum spd(Level level) {
  return static_cast<spdlog::level::level_enum>(level);
}
static_assert(static_cast<int>(spdlog::level::trace) == static_cast<int>(Level::trace) &&
              static_cast<int>(spdlog::level::err) == static_cast<int>(Level::error));

// Lines whose level is below the log's own are written only because somebody reads along: stderr leaves them
// out.
std::atomic<int> least{off};      // of what is written
std::atomic<int> own_level{off};  // of the log

// Keeps the last lines, and has a queue for each reader.
class TapSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  void add(const std::shared_ptr<LogQueue>& tap) {
    const std::lock_guard lock(mutex_);
    taps_.push_back(tap);
    settle_level();
    for (const auto& [level, line] : kept_)
      if (level >= tap->least) tap->add(line);
  }

  void remove(const std::shared_ptr<LogQueue>& tap) {
    const std::lock_guard lock(mutex_);
    std::erase(taps_, tap);
    tap->wake = nullptr;
    settle_level();
  }

  LogTap::Taken take(LogQueue& tap, std::size_t room) {
    const std::lock_guard lock(mutex_);
    LogTap::Taken taken{{}, std::exchange(tap.lost, 0)};
    while (!tap.lines.empty() && taken.text.size() < room) {
      taken.text += tap.lines.front();
      tap.lines.pop_front();
    }
    return taken;
  }

  std::string recent(Level from) {
    const std::lock_guard lock(mutex_);
    std::string text;
    for (const auto& [level, line] : kept_)
      if (level >= from) text += line;
    return text;
  }

  void set_level(Level level) {
    const std::lock_guard lock(mutex_);
    own_level.store(static_cast<int>(level), std::memory_order_relaxed);
    settle_level();
  }

 private:
  void settle_level() {
    int wanted = own_level.load(std::memory_order_relaxed);
    for (const auto& tap : taps_) wanted = std::min(wanted, static_cast<int>(tap->least));
    least.store(wanted, std::memory_order_relaxed);
  }

  void sink_it_(const spdlog::details::log_msg& message) override {
    const auto level = static_cast<Level>(message.level);
    std::string line(message.payload.data(), std::min(message.payload.size(), limits::log_line_bytes));
    line += '\n';
    for (const auto& tap : taps_)
      if (level >= tap->least) tap->add(line);
    if (kept_.size() >= limits::log_lines_kept) kept_.pop_front();
    kept_.emplace_back(level, std::move(line));
  }
  void flush_() override {}

  std::deque<std::pair<Level, std::string>> kept_;
  std::vector<std::shared_ptr<LogQueue>> taps_;
};

struct Log {
  LineFormat format;
  std::shared_ptr<spdlog::details::thread_pool> pool =
      std::make_shared<spdlog::details::thread_pool>(queue_lines, 1);
  std::shared_ptr<spdlog::sinks::stderr_sink_mt> errors = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  std::shared_ptr<TapSink> taps = std::make_shared<TapSink>();
  std::shared_ptr<spdlog::async_logger> logger = std::make_shared<spdlog::async_logger>(
      "ringside", spdlog::sinks_init_list{errors, taps}, pool, spdlog::async_overflow_policy::overrun_oldest);
};

// Set before the threads start and reset after they ended; in between only read.
std::unique_ptr<Log> the_log;
std::uint64_t dropped_before = 0;  // by logs that were stopped

}  // namespace

void start_log(Level level, bool json) {
  stop_log();
  the_log = std::make_unique<Log>(Log{json ? LineFormat::json : LineFormat::text});
  the_log->logger->set_pattern("%v");
  the_log->logger->set_level(spdlog::level::trace);  // each sink has its own
  set_log_level(level);
}

void stop_log() {
  if (!the_log) return;
  least.store(off, std::memory_order_relaxed);
  own_level.store(off, std::memory_order_relaxed);
  the_log->logger.reset();
  const auto pool = std::move(the_log->pool);
  the_log.reset();
  dropped_before += pool->overrun_counter();
}  // the pool writes what is queued and joins its thread

void set_log_level(Level level) {
  if (!the_log) {
    own_level.store(static_cast<int>(level), std::memory_order_relaxed);
    return least.store(static_cast<int>(level), std::memory_order_relaxed);
  }
  the_log->errors->set_level(spd(level));
  the_log->taps->set_level(level);
}

Level log_level() noexcept {
  return static_cast<Level>(own_level.load(std::memory_order_relaxed));
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
  the_log->logger->log(spd(level),
                       spdlog::string_view_t(format_line(the_log->format, now, level, event, pairs)));
}

LogTap::LogTap(Level from, std::function<void()> wake) {
  if (!the_log) return;
  queue_ = std::make_shared<LogQueue>(LogQueue{from, std::move(wake)});
  the_log->taps->add(queue_);
}

LogTap::~LogTap() {
  if (queue_ && the_log) the_log->taps->remove(queue_);
}

LogTap::Taken LogTap::take(std::size_t room) {
  return queue_ && the_log ? the_log->taps->take(*queue_, room) : Taken{};
}

std::string recent_log(Level from) {
  return the_log ? the_log->taps->recent(from) : std::string();
}

std::string_view log_content_type() noexcept {
  return the_log && the_log->format == LineFormat::json ? "application/x-ndjson"
                                                        : "text/plain; charset=utf-8";
}

std::string lost_line(std::uint64_t lines) {
  const auto now = std::chrono::floor<Millis>(std::chrono::system_clock::now());
  const auto format = the_log ? the_log->format : LineFormat::text;
  const std::initializer_list<KeyValue> pairs{{"lines", lines},
                                              {"cause", "this reader of /v1/logs is too slow"}};
  return format_line(format, now, Level::warn, "log_lines_lost", pairs) + "\n";
}

}  // namespace ringside::obs
