// One TCP (or unix) connection that speaks TChannel, on a worker: handshake, frames, the calls of both
// directions. Accepted or dialled, client, app or member: after the handshake all are alike, either side may
// call the other. What the other side begins is in IncomingCalls; what is sent over this connection is in
// `outgoing_`, by the ids that are ours here. Frames of calls are not put together but passed on (RelayCall).
//
// Bounded both ways. What is queued for this connection stops who writes into it at
// limits::relay_queue_bytes; a frame that the other end of its call has no room for stays unread, and with it
// the whole connection, since TChannel has no window for each call. Who takes nothing for
// limits::relay_stall_time is hung up on, so that nobody is stopped for long by somebody else's slow reader.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "daemon/net/connect.hpp"
#include "daemon/net/stream.hpp"
#include "daemon/net/tchannel_handshake.hpp"
#include "daemon/worker/incoming_calls.hpp"

namespace ringside::worker {

class TchannelSession final : public net::StreamEvents, public FrameSink, public Flushable, public Buried {
 public:
  enum class Side : std::uint8_t {
    client,  // accepted on listen.tchannel
    peer,    // accepted on the peer port from another ringside
    owner,   // dialled: another member
    app,     // dialled: this node's app
  };
  enum class Stage : std::uint8_t {
    connecting,
    awaiting_init_res,  // we dialled and said init req
    awaiting_init_req,  // we accepted
    open,
    leaving,  // nothing is read any more; closes when what is queued has been taken
    closed,
  };
  using OnClosed = std::function<void(TchannelSession&)>;

  TchannelSession(Context&, Side, OnClosed);  // it closes at most once, and is then buried by its owner
  ~TchannelSession() override;

  void accept(net::Socket, std::string_view first_bytes);
  void accept(net::Stream&&);  // of a peer, from the door where TLS comes in
  void dial(const Address&, Duration timeout, int hop);

  // --- calls of ours on this connection
  std::optional<std::uint32_t> attach(RelayCall&);  // none: there are too many
  void detach(std::uint32_t id);
  [[nodiscard]] bool is_open() const { return stage_ == Stage::open; }
  [[nodiscard]] bool takes_calls() const { return stage_ <= Stage::open && !ending_; }
  [[nodiscard]] std::size_t calls() const { return outgoing_.size(); }
  [[nodiscard]] bool unused() const { return outgoing_.empty() && incoming_.empty(); }

  void drain();   // says goodbye; closes when the open calls are done
  void retire();  // the same without a word: a connection that we dialled
  void drop_calls() { incoming_.drop_all(); }
  [[nodiscard]] Side side() const { return side_; }
  [[nodiscard]] bool plain() const { return stream_ && stream_->tls() == nullptr; }  // once it is connected

  std::string& out() override { return pending_; }
  void wants_flush() override;
  bool has_room() override;
  void resume() override;
  void break_off(std::uint32_t id, const std::string& why) override;

  void on_bytes() override;
  void on_eof() override;
  void on_drained() override;
  void on_broken(boost::system::error_code) override;
  void flush() override;

 private:
  void start(net::Socket);
  void on_connected(Result<net::Socket>);
  void on_time();
  void on_stall();
  [[nodiscard]] Duration patience() const;  // with who takes nothing
  [[nodiscard]] bool in_handshake() const {
    return stage_ == Stage::awaiting_init_req || stage_ == Stage::awaiting_init_res;
  }
  bool on_frame(const tchannel::FrameView&);
  void on_init(const tchannel::FrameView&);
  bool on_ping(std::uint32_t id);
  bool on_response(const tchannel::FrameView&);
  void on_error_frame(const tchannel::FrameView&);
  [[nodiscard]] int incoming_hops(const net::TchannelIdentity&) const;
  void send_init(tchannel::FrameType, std::uint32_t id, std::string host_port, int hop);
  std::uint32_t take_id();
  [[nodiscard]] std::size_t backlog() const { return pending_.size() + (stream_ ? stream_->backlog() : 0); }
  void room_again();
  void close_when_done();
  void leave();
  void close(bool maybe_executed, const std::string& why);
  void fail_calls(bool maybe_executed, const std::string& why);

  Context& context_;
  Side side_;
  OnClosed on_closed_;
  Stage stage_ = Stage::connecting;
  int hop_ = 0;           // what we announce when we dial
  std::string target_;    // whom
  bool ending_ = false;   // no new calls; closes when the open ones are done
  bool stalled_ = false;  // a frame is held back
  bool crowded_ = false;  // somebody was refused room here

  std::optional<net::Connector> connector_;
  std::optional<net::Stream> stream_;
  std::string pending_;      // until the end of the turn
  std::uint64_t given_ = 0;  // bytes to the stream so far
  std::uint64_t taken_ = 0;  // by the other side, when the stall timer was set
  net::Timer timer_;         // of the stage
  net::Timer stall_timer_;   // while something is queued
  std::uint32_t next_id_ = 1;
  std::map<std::uint32_t, RelayCall*> outgoing_;
  IncomingCalls incoming_;
};

}  // namespace ringside::worker
