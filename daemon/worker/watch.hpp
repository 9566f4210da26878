// A request of the API that is not answered at once: a read that waits for a change (long poll), a stream of
// events or of the log, or one whose answer all workers have a part of. It asks its connection for nothing
// but what a Call does. What a stream has not written yet is in the log of events (api/subscription.hpp): a
// slow reader costs a bounded buffer, and disturbs nobody.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "daemon/api/subscription.hpp"
#include "daemon/base/limits.hpp"
#include "daemon/net/timers.hpp"
#include "daemon/obs/log_tap.hpp"
#include "daemon/worker/api_request.hpp"
#include "daemon/worker/call.hpp"
#include "daemon/worker/context.hpp"

namespace ringside::worker {

class Watch {
 public:
  // `first`: the answer that leaves something for later. `to_head`: no body is sent; a stream has none then,
  // so it is no Watch. Must outlive the reply_end or abort_reply that it sends.
  Watch(Context&, Inbound&, ApiRequest, api::Response first, bool to_head);
  ~Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  // --- from the connection
  void drained();  // reply_backlog() has fallen
  void cancel();   // the asker is gone

  // --- from the worker
  void view_changed();
  void end();  // the worker takes its leave

 private:
  void begin_stream(const api::Response& first);
  void read_log(obs::Level);
  [[nodiscard]] std::string next_piece(std::size_t room);
  [[nodiscard]] std::string next_lines(std::size_t room);
  void gather();
  void write_on();
  void on_time();
  void look_after_stream();
  void answer(const api::Response&);
  void leave();

  Context& context_;
  Inbound& inbound_;
  ApiRequest request_;
  api::Later kind_;  // `no`: it is over
  bool to_head_;
  std::optional<api::Subscription> subscription_;
  std::optional<obs::LogTap> log_;
  std::uint64_t index_;          // of the view that a long poll knows
  bool quiet_ = true;            // a stream: nothing written since the last look
  std::size_t backlog_ = 0;      // at the last look
  Instant stuck_since_ = never;  // its reader takes nothing
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for an answer that comes by post
  net::Timer timer_;
};

// All watches of one worker.
class Watches {
 public:
  [[nodiscard]] bool polls_full() const noexcept { return polls_ >= limits::long_polls; }
  [[nodiscard]] bool streams_full() const noexcept { return streams_ >= limits::event_streams; }
  [[nodiscard]] bool logs_full() const noexcept { return logs_ >= limits::log_streams; }
  void on_view();
  void end_all();

 private:
  friend class Watch;
  std::vector<Watch*> all_;
  std::size_t polls_ = 0, streams_ = 0, logs_ = 0;
};

}  // namespace ringside::worker
