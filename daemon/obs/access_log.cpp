// spdlog carries and writes the lines, as it does those of the log (log.cpp).
#include "daemon/obs/access_log.hpp"

#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/details/file_helper.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "daemon/obs/log.hpp"

namespace ringside::obs {
namespace {

constexpr std::size_t queue_writes = 1024;

class FileSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit FileSink(const std::string& path) { file_.open(path); }
  void reopen() { reopen_ = true; }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (reopen_.exchange(false)) file_.reopen(false);
    spdlog::memory_buf_t lines;
    formatter_->format(message, lines);
    file_.write(lines);
    file_.flush();  // a write holds all the lines of a turn
  }
  void flush_() override { file_.flush(); }

  spdlog::details::file_helper file_;
  std::atomic<bool> reopen_{false};
};

struct AccessLog {
  std::shared_ptr<FileSink> file;  // none: the standard output
  std::shared_ptr<spdlog::details::thread_pool> pool =
      std::make_shared<spdlog::details::thread_pool>(queue_writes, 1);
  std::shared_ptr<spdlog::async_logger> logger;
};

// Writes that failed. Told at once, then once a minute at most: the disk that is full is often the log's,
// too.
class Failures {
 public:
  void add(const std::string& cause) {  // on the pool's thread
    ++count_;
    const auto now = std::chrono::steady_clock::now();
    if (told_ && now - *told_ < std::chrono::minutes(1)) return;
    told_ = now;
    log(Level::error, "access_log_not_written",
        {{"cause", cause}, {"writes", static_cast<std::int64_t>(count_.load())}});
  }
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }  // since the process began

 private:
  std::atomic<std::uint64_t> count_{0};
  std::optional<std::chrono::steady_clock::time_point> told_;
};
Failures failures;

// Set before the threads start and reset after they ended; in between only read.
std::unique_ptr<AccessLog> the_log;
std::uint64_t dropped_before = 0;  // by logs that were stopped

}  // namespace

Result<void, std::string> start_access_log(const std::string& path) {
  stop_access_log();
  auto log = std::make_unique<AccessLog>();
  spdlog::sink_ptr sink;
  try {
    if (path == "-") {
      sink = std::make_shared<spdlog::sinks::stdout_sink_mt>();
    } else {
      sink = log->file = std::make_shared<FileSink>(path);
    }
  } catch (const spdlog::spdlog_ex& error) {
    return "observability.access_log.file: " + std::string(error.what());
  }
  log->logger = std::make_shared<spdlog::async_logger>("access", std::move(sink), log->pool,
                                                       spdlog::async_overflow_policy::overrun_oldest);
  log->logger->set_pattern("%v");
  log->logger->set_error_handler([](const std::string& cause) { failures.add(cause); });
  the_log = std::move(log);
  return {};
}

void stop_access_log() {
  if (!the_log) return;
  the_log->logger.reset();
  const auto pool = std::move(the_log->pool);
  the_log.reset();
  dropped_before += pool->overrun_counter();
}  // the pool writes what is queued and joins its thread

void reopen_access_log() {
  if (the_log && the_log->file) the_log->file->reopen();
}

void write_access_log(std::string_view lines) {
  if (the_log) the_log->logger->log(spdlog::level::info, spdlog::string_view_t(lines.data(), lines.size()));
}

std::uint64_t access_log_writes_dropped() noexcept {
  return failures.count() + dropped_before + (the_log ? the_log->pool->overrun_counter() : 0);
}

}  // namespace ringside::obs
