// One TCP connection that speaks TChannel. Once the handshake is over both sides are alike: each may call the
// other, with ids of its own, so there are two tables and one dispatcher. Whoever dialled only matters for
// who says init first.
//
// Lives in the thread of its io_context; nothing is locked. All deadlines (connect, handshake, both kinds of
// calls, idling) share one timer. Frames to send gather during a turn of the loop and leave in one write. No
// callback is made from inside call(), answer() or drain(): they come later from the loop.
//
// What it does with every odd thing a peer can send: daemon/decisions/0002-tchannel-edges.md.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/limits.hpp"
#include "daemon/base/result.hpp"
#include "daemon/base/time.hpp"
#include "daemon/net/incoming_call.hpp"
#include "daemon/net/listener.hpp"
#include "daemon/net/tchannel_handshake.hpp"
#include "daemon/security/tls.hpp"
#include "proto/tchannel/message.hpp"

namespace ringside::net {

// Why a call has no answer; the message is for the log and for people.
struct CallFailure {
  Errc code = Errc::connection_lost;
  std::string message;
  bool maybe_executed = false;  // the request has left, and nobody said that it was not run
};
[[noreturn]] void throw_exception_from_error(const CallFailure&, const boost::source_location&);

using CallResult = Result<tchannel::CallResponse, CallFailure>;
using CallDone = std::function<void(CallResult)>;  // called exactly once

struct TchannelOptions : TchannelSelf {
  tchannel::Assembler::Limits assembler{.message_bytes = limits::tchannel_message_bytes,
                                        .half_built = limits::tchannel_half_built};
  std::size_t in_flight = limits::tchannel_in_flight;  // open calls, each direction by itself
  std::size_t write_bytes = limits::tchannel_write_bytes;
  std::size_t app_bytes = limits::tchannel_app_bytes;  // of the app lane alone
  Duration connect_time = limits::peer_connect_time;
  Duration init_time = limits::tchannel_init_time;
  Duration fragment_time = limits::tchannel_init_time;  // from a call's first frame to its last
  Duration idle_time = limits::idle_time;
};

// A call for another service than ours is not put together here: its frames go on to a worker as they are
// (tchannel_link_foreign.cpp).
class TchannelLink : public std::enable_shared_from_this<TchannelLink> {
 public:
  struct Events {
    std::function<void(TchannelLink&)> opened;  // the handshake is over: identity() is known
    std::function<void(TchannelLink&, const std::string&)> closed;  // once, and nothing after it
    std::function<void(IncomingCall)> call;
    std::function<void(TchannelLink&, const std::string&)> misbehaved;  // a peer broke the protocol
    // A frame of a foreign call, and: so much of what answered foreign calls has been written. Without them
    // every call is ours.
    std::function<void(TchannelLink&, std::string_view frame)> foreign_frame;
    std::function<void(TchannelLink&, std::size_t bytes)> foreign_written;
  };
  enum class Stage : std::uint8_t {
    connecting,
    awaiting_init_res,  // we dialled and said init req
    awaiting_init_req,  // we accepted
    open,
    draining,  // no new calls in either direction; closes when the open ones are done
    flushing,  // a fatal error was sent: let it arrive, read nothing any more, close
    closed,
  };

  TchannelLink(boost::asio::io_context&, std::shared_ptr<const TchannelOptions>, Events);
  // `tls`: a fresh session, or none for a plain connection.
  void dial(const boost::asio::generic::stream_protocol::endpoint&, security::TlsSessionPtr tls = nullptr);
  // `first_bytes` were read from the socket while its protocol was being told; `tls`, if any, is open, and
  // they came out of it.
  void adopt(Socket, const std::string& first_bytes, security::TlsSessionPtr tls = nullptr);

  // May be called before the link is open; the call then waits for it. ttl is set from the deadline.
  void call(tchannel::CallRequest, Instant deadline, CallDone, Lane = Lane::gossip);
  void drain(const std::string& why);
  void close(CallFailure);  // open calls end with this failure
  // Frames that answer foreign calls. `taken`: bytes of foreign frames that were handed on and are not held
  // any more.
  void answer_foreign(std::string_view frames, std::size_t taken);

  [[nodiscard]] Stage stage() const { return stage_; }
  [[nodiscard]] bool takes_calls() const { return stage_ < Stage::draining && !peer_drains_; }
  // After it closed: it was open, and its end is no farewell of either side.
  [[nodiscard]] bool broke() const { return broke_; }
  [[nodiscard]] const TchannelIdentity& identity() const { return identity_; }
  [[nodiscard]] bool secured() const { return tls_ != nullptr; }
  // In the peer's certificate; empty without one.
  [[nodiscard]] const std::vector<std::string>& peer_names() const {
    static const std::vector<std::string> none;
    return tls_ ? tls_->peer_names() : none;
  }
  [[nodiscard]] std::size_t calls_open() const {
    return outbound_.size() + inbound_.size() + foreign_.size();
  }

 private:
  friend class CallResponder;
  enum class DueKind : std::uint8_t { stage, outbound, inbound, half_built };
  struct Due {
    Instant at;
    DueKind kind;
    std::uint32_t id;
    friend auto operator<=>(const Due&, const Due&) = default;
  };
  struct Outbound {
    CallDone done;
    Instant deadline;
    Lane lane;
    std::optional<tchannel::CallRequest> unsent;  // until the link is open
  };
  struct Inbound {
    std::uint64_t serial;  // ids come back; this does not
    Instant deadline;
    AnswerStyle style;
  };
  struct Foreign {          // forgotten when both have come
    bool asked = false;     // the last frame of the request
    bool answered = false;  // the last of the answer: what still comes of the request is swallowed
  };
  void enter(Stage, Duration);
  void tune_socket();
  void on_connected(boost::system::error_code);
  void read();
  void on_read(boost::system::error_code, std::size_t);
  [[nodiscard]] boost::asio::mutable_buffer read_room();
  bool unseal(std::size_t size);
  void fail_secured(const std::string& why);
  void take_frames();
  void send_init(tchannel::FrameType, std::uint32_t id);
  void on_frame(const tchannel::FrameView&);
  void on_init(const tchannel::FrameView&);
  void become_open();
  void on_request_frame(const tchannel::FrameView&);
  [[nodiscard]] bool is_foreign(const tchannel::FrameView&) const;
  void on_foreign_frame(const tchannel::FrameView&);
  void refuse_foreign(std::uint32_t id, tchannel::ErrorCode, const std::string& message);
  void hand_on(const tchannel::FrameView&);
  void on_response_frame(const tchannel::FrameView&);
  void on_broken(const tchannel::Assembler::Broken&);
  void on_call(std::uint32_t id, tchannel::CallRequest);
  void on_error_frame(const tchannel::FrameView&);
  void on_cancel(const tchannel::FrameView&);
  void expect_rest(std::uint32_t id);
  void forget_rest(std::uint32_t id);

  std::uint32_t take_id();
  void send_call(std::uint32_t id, tchannel::CallRequest, Instant deadline, Lane);
  [[nodiscard]] bool was_sent(std::uint32_t id) const;
  void finish(std::uint32_t id, CallResult);
  void fail_all(const CallFailure&);
  void fail_later(CallDone, CallFailure);
  void answer(std::uint32_t id, std::uint64_t serial, CallOutcome);
  void send_error(std::uint32_t id, tchannel::ErrorCode, std::string message, const tchannel::Tracing& = {});
  void blame(const std::string& what);  // on the peer: it broke a rule
  void fatal(std::uint32_t id, const std::string& message);
  void close_when_drained();

  [[nodiscard]] std::size_t queued_bytes() const { return out_.size() + writing_.size() + app_bytes(); }
  [[nodiscard]] std::size_t app_bytes() const { return app_out_.size() - app_taken_; }
  void take_app_frames();
  // Answers come on top of the calls that write_bytes bounds; a peer that reads none of them is dropped here.
  [[nodiscard]] std::size_t flood_bytes() const { return 2 * options_->write_bytes; }
  void flush_soon();
  void flush();
  bool seal();
  void on_written(boost::system::error_code);

  void arm();
  void on_timer();
  void on_due(const Due&);
  void on_stage_due();

  std::shared_ptr<const TchannelOptions> options_;
  Events events_;
  Socket socket_;
  boost::asio::steady_timer timer_;
  Stage stage_ = Stage::connecting;
  bool dialled_ = false;
  TchannelIdentity identity_;
  bool peer_drains_ = false;
  bool broke_ = false;

  tchannel::Assembler assembler_;
  std::uint32_t next_id_ = 1;
  std::uint64_t next_serial_ = 1;
  std::map<std::uint32_t, Outbound> outbound_;
  std::map<std::uint32_t, Inbound> inbound_;
  std::map<std::uint32_t, Foreign> foreign_;
  std::size_t foreign_held_ = 0;       // bytes of frames that were handed on and are held by the worker
  std::size_t foreign_unwritten_ = 0;  // bytes of answers to them in app_out_
  std::size_t foreign_writing_ = 0;    // and in writing_
  std::map<std::uint32_t, Instant>
      half_built_;  // requests whose last frame has not come, until when we wait for it

  std::set<Due> due_;
  Instant armed_ = never;
  Instant stage_due_ = never;
  Instant last_active_;

  std::vector<std::uint8_t> in_;
  std::size_t filled_ = 0;
  std::size_t wanted_ = 0;
  std::string out_;      // gathers frames
  std::string app_out_;  // whole frames that wait until out_ is empty; those before app_taken_ have left
  std::size_t app_taken_ = 0;
  std::string writing_;  // being written, as the kernel gets it
  security::TlsSessionPtr tls_;
  std::vector<char> sealed_;  // read, still encrypted
  bool flush_posted_ = false;
};

}  // namespace ringside::net
