// One TChannel call on its way through this node: frames of the caller go to the owner's app, frames of the
// answer come back, as they are. Only the id is another on each connection, and the ttl is what is left of
// it. forward::Exchange decides where to try, as it does for HTTP.
//
// Until the first frame of an answer the call keeps what came of the request (limits::replay_bytes), for a
// connection that is being opened and for another try; from then on it holds nothing. Who sends too fast is
// stopped: its connection is not read on until there is room (FrameSink::has_room).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/api/problem.hpp"
#include "daemon/forward/exchange.hpp"
#include "daemon/net/timers.hpp"
#include "daemon/worker/context.hpp"
#include "proto/tchannel/call_frames.hpp"

namespace ringside::worker {

// A connection as a call sees it: where frames are written, and where others come from.
class FrameSink {
 public:
  virtual std::string& out() = 0;  // append whole frames, then wants_flush()
  virtual void wants_flush() = 0;
  // Whether another frame may be appended. Who is refused is told by resume() when there is room again.
  virtual bool has_room() = 0;
  virtual void resume() = 0;  // there may be room now for what this connection had to hold back
  virtual void break_off(std::uint32_t id, const std::string& why) = 0;  // the other side broke the protocol

 protected:
  ~FrameSink() = default;
};

class IncomingCalls;
class TchannelSession;

class RelayCall final : public RingWaiter, public Buried {
 public:
  // `hops`: how often the call has been sent on already; 0 at the entry.
  RelayCall(Context&, IncomingCalls& table, FrameSink& caller, std::uint32_t id, int hops);
  ~RelayCall() override;  // a call that is under way is cancelled at the other side

  // --- from the caller's connection
  void start(std::string_view frame, const tchannel::RequestHead&);
  [[nodiscard]] bool takes(std::size_t bytes);  // false: hold the frame back until resume()
  void request_frame(std::string_view frame, bool more);
  void cancelled(std::string_view frame, const std::string& why);
  void abandon();           // the connection is gone
  void callee_may_go_on();  // there is room for the answer

  // --- from the connection of the current try
  void opened();                                                      // frames may be written to it
  [[nodiscard]] bool takes_response() { return caller_.has_room(); }  // false: hold it back until resume()
  // The frames of an answer; false: they do not make one.
  [[nodiscard]] bool response_begins(std::string_view frame, const tchannel::ResponseHead&);
  [[nodiscard]] bool response_goes_on(std::string_view frame, bool more);
  void error_frame(std::string_view frame, const tchannel::Error&);
  void lost(bool maybe_executed, const std::string& why);
  void caller_may_go_on() { caller_.resume(); }  // there is room where this call is sent

  void ring_changed() override;

 private:
  enum class State : std::uint8_t {
    waiting,    // for the ring to move
    faulted,    // lost or late on the way to another member, on purpose
    opening,    // the connection of the try is not open yet
    relaying,   // frames go through
    answering,  // the answer has begun
    over,
  };
  void without_key();
  void act(const forward::Action&);
  void try_app();
  void try_at(TchannelSession&);
  void meet_fault(const Fault&, const std::string& address);
  void leave_fault();
  void give_up(const forward::GiveUp&);
  void out_of_time();
  void pass_back(std::string_view frame, bool more);
  void refuse(api::Code, const std::string& detail);
  void answer_error(tchannel::ErrorCode, const std::string& message);
  void release();
  void end();
  void finish();
  void stop_keeping();
  void leave_waiting_list();

  Context& context_;
  IncomingCalls& table_;
  FrameSink& caller_;
  std::uint32_t id_;
  int hops_;
  State state_ = State::opening;

  std::string key_;
  tchannel::Tracing tracing_;
  Instant deadline_{};
  std::optional<forward::Exchange> exchange_;  // none: for this node's app, whoever owns the key
  std::string last_failure_;
  std::string faulted_to_;  // while faulted: the address it goes to, ...
  bool lost_ = false;       // ... or does not

  TchannelSession* callee_ = nullptr;  // the connection of the current try
  std::uint32_t callee_id_ = 0;
  bool callee_is_peer_ = false;
  bool at_app_ = false;  // counted as being at this node's app

  std::string kept_;  // the frames of the request so far, while `keeping_`
  bool keeping_ = true;
  bool request_ended_ = false;
  bool answered_ = false;   // to the end
  bool app_error_ = false;  // what the answer says
  net::Timer timer_;        // the deadline, or the end of a wait
};

}  // namespace ringside::worker
