// How far the other end of a stream may send ahead of who reads it here (the flow control of RFC 9113 5.2).
//
// What lies unread and what may still come are together never more than the window. It is small at first: a
// reader that stands still holds no more memory than that. But a sender that has used it up waits until a
// word of ours has crossed, which on a busy machine takes two turns of the scheduler, and a long body would
// stand still a fifth of its time. So a stream of which more has gone through than the kernel's buffers
// between can hide, with nothing left lying, has shown that its reader keeps up, and gets the larger window.
//
// A value. On the thread of its stream.
#pragma once

#include <cstddef>
#include <cstdint>

#include "daemon/base/limits.hpp"

namespace ringside::worker {

class StreamWindow {
 public:
  enum class Grows : bool { no, yes };
  explicit StreamWindow(Grows grows) : grows_(grows) {}

  void received(std::size_t bytes) {
    ahead_ -= static_cast<std::int64_t>(bytes);
    passed_ += bytes;
  }
  // `behind`: of what has come, what the reader has not taken. How many bytes more the sender may send now,
  // to be told to it.
  [[nodiscard]] std::size_t give_back(std::size_t behind) {
    if (grows_ == Grows::yes && behind == 0 && passed_ >= limits::stream_window_grows_after) {
      grows_ = Grows::no;
      window_ = limits::stream_window_most_bytes;
    }
    const std::int64_t more = window_ - static_cast<std::int64_t>(behind) - ahead_;
    if (more <= 0) return 0;
    ahead_ += more;
    return static_cast<std::size_t>(more);
  }

 private:
  Grows grows_;
  std::int64_t window_ = limits::stream_window_bytes;
  std::int64_t ahead_ = limits::stream_window_bytes;  // how much may come, as far as the sender has been told
  std::uint64_t passed_ = 0;
};

}  // namespace ringside::worker
