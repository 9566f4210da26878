// Reading the log while it is written: what a reader gets at its own level, and what a slow one loses.
#include "daemon/obs/log_tap.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "daemon/base/limits.hpp"

using namespace ringside;
using namespace ringside::obs;
using Catch::Contains;

namespace {

// A log that goes nowhere, but for its readers.
class QuietLog {
 public:
  explicit QuietLog(Level level) : saved_(dup(STDERR_FILENO)) {
    const int nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, STDERR_FILENO);
    close(nowhere);
    start_log(level, false);
  }
  ~QuietLog() {
    stop_log();
    dup2(saved_, STDERR_FILENO);
    close(saved_);
  }

 private:
  int saved_;
};

// Until a text is among what came; the log has a thread of its own.
std::string read_until(LogTap& tap, const std::string& end) {
  std::string all;
  for (int i = 0; i < 10'000 && all.find(end) == std::string::npos; ++i) {
    all += tap.take(1'000'000).text;
    std::this_thread::yield();
  }
  return all;
}

}  // namespace

TEST_CASE("a reader gets the last lines and then those that come, from its own level on") {
  QuietLog quiet(Level::info);
  log(Level::info, "before");
  log(Level::debug, "nobody_wants_it");
  LogTap debug(Level::debug, nullptr);
  LogTap warn(Level::warn, nullptr);
  CHECK(log_level() == Level::info);
  CHECK(log_enabled(Level::debug));
  log(Level::debug, "fine");
  log(Level::warn, "coarse");
  const std::string all = read_until(debug, "coarse");
  CHECK_THAT(all, Contains("info before\n") && Contains("debug fine\n") && Contains("warn coarse\n"));
  CHECK_THAT(all, !Contains("nobody_wants_it"));
  const std::string few = read_until(warn, "coarse");
  CHECK_THAT(few, Contains("warn coarse\n") && !Contains("fine") && !Contains("before"));
  CHECK_THAT(recent_log(Level::warn), Contains("coarse") && !Contains("before"));
}

TEST_CASE("the level that a reader asked for ends with it") {
  QuietLog quiet(Level::info);
  {
    LogTap trace(Level::trace, nullptr);
    CHECK(log_enabled(Level::trace));
  }
  CHECK_FALSE(log_enabled(Level::debug));
  set_log_level(Level::warn);
  CHECK_FALSE(log_enabled(Level::info));
  CHECK(log_level() == Level::warn);
}

TEST_CASE("a reader that is too slow loses the oldest lines and is told how many") {
  QuietLog quiet(Level::info);
  std::atomic<int> wakes = 0;
  LogTap slow(Level::info, [&] { ++wakes; });
  LogTap quick(Level::info, nullptr);
  std::string seen;
  const int sent = static_cast<int>(limits::log_stream_lines) + 100;
  for (int i = 0; i < sent; ++i) {
    const std::string event = "event_" + std::to_string(i);
    log(Level::info, event);
    seen += read_until(quick, event + "\n");  // so that the log's own queue is never full
  }
  CHECK(wakes == 1);
  const auto first = slow.take(1);
  CHECK(first.lost == 100);
  CHECK_THAT(first.text, Contains("event_100\n"));
  const auto rest = slow.take(1'000'000);
  CHECK(rest.lost == 0);
  CHECK_THAT(rest.text, Contains("event_" + std::to_string(sent - 1) + "\n"));
  CHECK_THAT(lost_line(100), Contains("warn log_lines_lost lines=100"));
  log(Level::info, "once_more");
  CHECK_THAT(read_until(slow, "once_more"), Contains("once_more"));
  CHECK(wakes == 2);
}

TEST_CASE("without a log there is nothing to read") {
  LogTap tap(Level::trace, nullptr);
  CHECK(tap.take(100).text.empty());
  CHECK(recent_log(Level::trace).empty());
}
