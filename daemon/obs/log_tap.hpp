// Reading the log while it is written, beside stderr: the last lines, and those that come, at a level of the
// reader's own, as GET /v1/logs shows them. Lines are kept for a reader up to a bound; beyond it the oldest
// go, and the reader is told how many. From any thread; nobody who logs ever waits for a reader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "daemon/obs/log.hpp"

namespace ringside::obs {

struct LogQueue;

class LogTap {
 public:
  // Begins with the last lines (recent_log()). `wake` is called on the log's own thread when lines have come
  // after there were none, and once for those at the beginning; it posts.
  LogTap(Level least, std::function<void()> wake);
  ~LogTap();  // no wake() comes after it
  LogTap(const LogTap&) = delete;
  LogTap& operator=(const LogTap&) = delete;

  struct Taken {
    std::string text;        // whole lines, each with its end
    std::uint64_t lost = 0;  // before them
  };
  // What has come since the last time, until it is `room` bytes or a little more.
  [[nodiscard]] Taken take(std::size_t room);

 private:
  std::shared_ptr<LogQueue> queue_;  // null: there is no log
};

// The last limits::log_lines_kept lines, of those from this level on. What nobody wanted when it happened,
// neither stderr nor a LogTap, was never written.
[[nodiscard]] std::string recent_log(Level least);

// "application/x-ndjson" or "text/plain; charset=utf-8": the lines are as they are on stderr.
[[nodiscard]] std::string_view log_content_type() noexcept;
// A line of the log that only this reader gets: so many were lost before the next one.
[[nodiscard]] std::string lost_line(std::uint64_t lines);

}  // namespace ringside::obs
