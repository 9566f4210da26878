// Calls on a link that are none of the control thread's business: a Ringpop peer that takes us for the owner
// sends its app's calls over the connection it gossips on. Their frames are handed on as they are, and the
// answering frames come back the same way. Gossip must not wait for them: who is too fast is refused, never
// left unread.
#include <algorithm>

#include "daemon/net/tchannel_link.hpp"
#include "proto/ringpop/codec.hpp"
#include "proto/tchannel/call_frames.hpp"

namespace ringside::net {

using tchannel::ErrorCode;
using tchannel::FrameType;
using tchannel::FrameView;

bool TchannelLink::is_foreign(const FrameView& frame) const {
  if (frame.type != FrameType::call_req) return foreign_.contains(frame.id);
  if (!events_.foreign_frame) return false;
  const auto head = tchannel::parse_request_head(frame.payload);
  return head && head->service != ringpop::service &&
         head->service != ringside_service;  // a malformed one is for the assembler to complain of
}

void TchannelLink::on_foreign_frame(const FrameView& frame) {
  if (frame.type == FrameType::cancel) {
    if (!foreign_.at(frame.id).answered) hand_on(frame);
    foreign_.erase(frame.id);
    return close_when_drained();
  }
  const auto more = tchannel::parse_more(frame.payload);
  if (!more) return fatal(frame.id, "malformed call: " + text_of(more.error()));
  auto& call = foreign_[frame.id];
  call.asked = !*more;
  if (call.answered) {
    if (call.asked) foreign_.erase(frame.id);
    return close_when_drained();
  }
  if (frame.type == FrameType::call_req && stage_ == Stage::draining)
    return refuse_foreign(frame.id, ErrorCode::declined, "the connection is draining");
  if (foreign_.size() > 2 * options_->in_flight)  // refused, and it goes on beginning calls without end
    return fatal(frame.id, "too many half-sent calls");
  if (foreign_.size() > options_->in_flight)
    return refuse_foreign(frame.id, ErrorCode::busy, "too many open calls");
  if (foreign_held_ + frame.size > limits::tchannel_foreign_bytes)
    return refuse_foreign(frame.id, ErrorCode::busy, "too much of the calls on this connection is under way");
  hand_on(frame);
}

void TchannelLink::hand_on(const FrameView& frame) {
  foreign_held_ += frame.size;
  events_.foreign_frame(*this, tchannel::bytes_of(frame));
}

// The worker may know of it already: told as by a caller that gave up.
void TchannelLink::refuse_foreign(std::uint32_t id, ErrorCode code, const std::string& message) {
  send_error(id, code, message);
  std::string cancel;
  tchannel::write(cancel, id, tchannel::Cancel{0, {}, message});
  foreign_held_ += cancel.size();
  events_.foreign_frame(*this, cancel);
  auto& call = foreign_.at(id);
  call.answered = true;
  if (call.asked) foreign_.erase(id);
  close_when_drained();
}

void TchannelLink::answer_foreign(std::string_view frames, std::size_t taken) {
  if (stage_ == Stage::closed || stage_ == Stage::flushing) return;
  foreign_held_ -= std::min(foreign_held_, taken);
  while (!frames.empty()) {
    const auto step =
        tchannel::next_frame({reinterpret_cast<const std::uint8_t*>(frames.data()), frames.size()});
    const auto& frame = std::get<FrameView>(step);  // our own worker wrote it
    const auto found = foreign_.find(frame.id);
    if (found != foreign_.end() && !found->second.answered) {
      app_out_.append(frames.substr(0, frame.size));
      foreign_unwritten_ += frame.size;
      found->second.answered = frame.type == FrameType::error || !*tchannel::parse_more(frame.payload);
      if (found->second.answered && found->second.asked) foreign_.erase(found);
    } else {
      events_.foreign_written(*this, frame.size);  // nobody waits for it any more
    }
    frames.remove_prefix(frame.size);
  }
  flush_soon();
  close_when_drained();
}

}  // namespace ringside::net
