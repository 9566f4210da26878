// The file of the access log. Workers hand over finished lines, those of a turn at once; a thread of its own
// writes them. Its queue is bounded: a disk that stalls loses lines and counts them, it never stalls a
// request. Callable from any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/base/result.hpp"

namespace ringside::obs {

// Once, before the threads start. `path` is appended to; "-" is the standard output. The error is one
// sentence.
Result<void, std::string> start_access_log(const std::string& path);
void stop_access_log();    // writes what is queued
void reopen_access_log();  // after the file was moved away: the next lines begin a new one

void write_access_log(std::string_view lines);                     // one or more, without the last line end
[[nodiscard]] std::uint64_t access_log_writes_dropped() noexcept;  // calls of write_access_log

}  // namespace ringside::obs
