#include "daemon/worker/watch.hpp"

#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

#include "daemon/api/stats.hpp"
#include "daemon/base/limits.hpp"

namespace ringside::worker {
namespace {

WallTime wall_now() {
  return std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now());
}

}  // namespace

Watch::Watch(Context& context, Inbound& inbound, ApiRequest request, api::Response first, bool to_head)
    : context_(context),
      inbound_(inbound),
      request_(std::move(request)),
      kind_(first.later),
      to_head_(to_head),
      subscription_(first.subscription),
      index_(context.view->index),
      timer_(context.timers, [this] { on_time(); }) {
  context_.watches->all_.push_back(this);
  switch (kind_) {
    case api::Later::no: break;
    case api::Later::poll:
      ++context_.watches->polls_;
      context_.metrics.long_polls.add(1);
      timer_.after(first.wait);
      break;
    case api::Later::stream:
      ++context_.watches->streams_;
      context_.metrics.event_streams.add(1);
      begin_stream(first);
      break;
    case api::Later::stats: gather(); break;
    case api::Later::logs:
      ++context_.watches->logs_;
      context_.metrics.log_streams.add(1);
      begin_stream(first);
      read_log(first.log_level);
      break;
  }
}

Watch::~Watch() {
  leave();
}

void Watch::leave() {
  switch (std::exchange(kind_, api::Later::no)) {
    case api::Later::no: return;
    case api::Later::poll:
      --context_.watches->polls_;
      context_.metrics.long_polls.add(-1);
      break;
    case api::Later::stream:
      --context_.watches->streams_;
      context_.metrics.event_streams.add(-1);
      break;
    case api::Later::stats: break;
    case api::Later::logs:
      --context_.watches->logs_;
      context_.metrics.log_streams.add(-1);
      break;
  }
  log_.reset();
  timer_.cancel();
  alive_.reset();
  std::erase(context_.watches->all_, this);
}

void Watch::cancel() {
  leave();
}

void Watch::answer(const api::Response& response) {
  leave();
  send_whole(inbound_, response, to_head_);
}

void Watch::view_changed() {
  switch (kind_) {
    case api::Later::poll:
      if (context_.view->index != index_) answer(request_.answer(context_, {.waited = true}));
      return;
    case api::Later::stream: return write_on();
    case api::Later::no:
    case api::Later::logs:
    case api::Later::stats: return;
  }
}

void Watch::end() {
  switch (kind_) {
    case api::Later::poll: return answer(request_.answer(context_, {.waited = true}));
    case api::Later::stream:
    case api::Later::logs:
      write_on();
      leave();
      return inbound_.send_reply_end({});
    case api::Later::no:
    case api::Later::stats: return;  // the latter is under way
  }
}

void Watch::on_time() {
  switch (kind_) {
    case api::Later::poll: return answer(request_.answer(context_, {.waited = true}));
    case api::Later::stream:
    case api::Later::logs: return look_after_stream();
    case api::Later::no:
    case api::Later::stats: return;
  }
}

// --- streams

void Watch::begin_stream(const api::Response& first) {
  http::ResponseHead head = head_of(first);
  head.fields.push_back({"Content-Type", first.content_type});
  head.framing.kind = http::BodyKind::chunked;
  inbound_.send_reply(head, false);
  write_on();
  timer_.after(limits::event_comment_time);
}

void Watch::drained() {
  if (has_no_end(kind_)) write_on();
}

void Watch::write_on() {
  for (;;) {
    const std::size_t backlog = inbound_.reply_backlog();
    if (backlog >= limits::event_backlog_bytes) return;
    const std::string text = next_piece(limits::event_backlog_bytes - backlog);
    if (text.empty()) return;
    quiet_ = false;
    inbound_.send_reply_body(text);
  }
}

std::string Watch::next_piece(std::size_t room) {
  if (kind_ == api::Later::logs) return next_lines(room);
  const auto piece = subscription_->next(*context_.view, wall_now(), room);
  if (piece.reset) context_.metrics.event_resets.add();
  return piece.text;
}

// --- the log

void Watch::read_log(obs::Level level) {
  log_.emplace(level, [this, alive = std::weak_ptr(alive_), &io = context_.io] {
    boost::asio::post(io, [this, alive] {
      if (!alive.expired()) write_on();
    });
  });
}

std::string Watch::next_lines(std::size_t room) {
  if (!log_) return {};
  auto [text, lost] = log_->take(room);
  if (lost == 0) return text;
  context_.metrics.log_stream_lost.add(lost);
  return obs::lost_line(lost) + text;
}

// A stream that rests says so now and then: its reader learns that we are there, and we that it is gone. A
// reader that takes nothing of what is there for it is given up.
void Watch::look_after_stream() {
  const Instant now = Clock::now();
  const std::size_t backlog = inbound_.reply_backlog();
  if (backlog == 0 || backlog < backlog_)
    stuck_since_ = never;
  else if (stuck_since_ == never)
    stuck_since_ = now;
  else if (now - stuck_since_ >= limits::event_stall_time) {
    context_.metrics.event_streams_slow.add();
    leave();
    return inbound_.abort_reply();
  }
  const bool silent = kind_ == api::Later::stream && backlog == 0;  // a log has no comments
  if (silent && std::exchange(quiet_, true)) inbound_.send_reply_body(subscription_->comment(*context_.view));
  backlog_ = inbound_.reply_backlog();
  timer_.after(limits::event_comment_time);
}

// --- statistics

void Watch::gather() {
  context_.gather_stats(
      [this, alive = std::weak_ptr(alive_), &io = context_.io](std::shared_ptr<const api::Stats> stats) {
        boost::asio::post(io, [this, alive, stats = std::move(stats)] {
          if (!alive.expired()) answer(request_.answer(context_, {.stats = stats.get()}));
        });
      });
}

// --- all of them

void Watches::on_view() {
  const auto all = all_;
  for (Watch* watch : all) watch->view_changed();
}

void Watches::end_all() {
  const auto all = all_;
  for (Watch* watch : all) watch->end();
}

}  // namespace ringside::worker
