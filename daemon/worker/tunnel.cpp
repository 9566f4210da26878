#include "daemon/worker/tunnel.hpp"

#include <algorithm>
#include <utility>

#include "daemon/base/limits.hpp"

namespace ringside::worker {

Tunnel::Tunnel(Context& context) : context_(context), incoming_(context, *this, 1) {}

void Tunnel::take(net::TunnelNews news) {
  answer_ = std::move(news.answer);
  held_ += news.frames;
  unwritten_ -= std::min(unwritten_, news.written);
  if (has_room() && std::exchange(crowded_, false)) {
    incoming_.resume_callees();
    resume();
  }
  if (!stalled_) take_frames();
}

void Tunnel::take_frames() {
  std::size_t used = 0;
  while (!stalled_ && used < held_.size()) {
    const auto* begin = reinterpret_cast<const std::uint8_t*>(held_.data());
    const auto step = tchannel::next_frame({begin + used, held_.size() - used});
    const auto& frame = std::get<tchannel::FrameView>(step);  // the control thread posts whole frames
    stalled_ = !incoming_.take(frame);
    if (!stalled_) used += frame.size;
  }
  held_.erase(0, used);
  taken_ += used;
  if (used > 0) wants_flush();
}

bool Tunnel::has_room() {
  if (pending_.size() + unwritten_ < limits::tchannel_foreign_bytes) return true;
  crowded_ = true;
  return false;
}

void Tunnel::resume() {
  if (stalled_) wants_flush();
}

// The peer is told; its connection is the control thread's business.
void Tunnel::break_off(std::uint32_t id, const std::string& why) {
  context_.metrics.bad_requests.add();
  tchannel::write(pending_, id, tchannel::Error{tchannel::ErrorCode::bad_request, {}, why});
  wants_flush();
}

void Tunnel::flush() {
  if (std::exchange(stalled_, false)) take_frames();
  if (pending_.empty() && taken_ == 0) return;
  unwritten_ += pending_.size();
  answer_(std::exchange(pending_, {}), std::exchange(taken_, 0));
}

}  // namespace ringside::worker
