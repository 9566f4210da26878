// One request on its way through this node, from its head to the end of its reply: the only place that knows
// both sides. An Inbound (a client's connection or a peer's stream) asks; an Outbound (a connection to the
// app, or a stream to the owner's ringside) answers. forward::Exchange decides where to try; the Call carries
// bytes and keeps time.
//
// Bodies are streams. Until a try is accepted the Call keeps what was sent of the body (forward.retry.buffer)
// so that it can try elsewhere; from then on it holds nothing: room is what the next hop's buffer has left,
// and who sends is stopped when there is none.
//
// An upgraded request is two such streams without an end: call_upgrade.cpp.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/api/problem.hpp"
#include "daemon/forward/exchange.hpp"
#include "daemon/net/timers.hpp"
#include "daemon/worker/admission.hpp"
#include "daemon/worker/client.hpp"
#include "daemon/worker/context.hpp"
#include "daemon/worker/fields.hpp"
#include "daemon/worker/forwarded.hpp"
#include "daemon/worker/route.hpp"
#include "daemon/worker/upgrade.hpp"
#include "daemon/worker/waiting_room.hpp"
#include "proto/http/message.hpp"

namespace ringside::worker {

// Who asked. The calls below come from the Call; none of them may destroy it.
class Inbound {
 public:
  virtual void send_continue() = 0;  // the request was accepted: the rest of its body may come
  virtual void send_reply(const http::ResponseHead&, bool end) = 0;
  virtual void send_reply_body(std::string_view) = 0;
  virtual void send_reply_end(const http::Trailers&) = 0;
  virtual void abort_reply() = 0;  // the reply cannot be finished: the asker must not take it for whole
  [[nodiscard]] virtual std::size_t reply_backlog() const = 0;  // bytes not yet taken by the asker
  virtual void more_body() = 0;                                 // body_room() has grown

 protected:
  ~Inbound() = default;
};

// Who answers one try. Detached (no more calls into the Call) after reply_end, failed or cancel().
class Outbound {
 public:
  virtual void send_body(std::string_view) = 0;
  virtual void send_end(const http::Trailers&) = 0;
  [[nodiscard]] virtual std::size_t body_backlog() const = 0;
  virtual void more_reply() = 0;  // reply_room() has grown
  virtual void cancel() = 0;      // the asker is gone or out of time

 protected:
  ~Outbound() = default;
};

// What a hop's buffer takes now beside what it holds. Nearly full counts as full: handing on crumbs would
// cost a frame or a chunk for each.
std::size_t room_beside(std::size_t backlog);

class Call final : public RingWaiter, public Admission::Guest, public AppWaiter {
 public:
  Call(Context&, Inbound&);
  ~Call();  // cancels what is under way
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  // --- from the Inbound
  // Starts a request. `route` is not of kind api or refused. `end`: no body follows. The head's views are
  // needed only during the call.
  void start_from_client(const http::RequestHead&, const Route& route, const Client&, bool end);
  void start_from_peer(const http::RequestHead&, bool end);
  // Forwarded by a ringpop-node at `from`: this node's app or nobody. `key` may be empty.
  void start_from_ringpop(const http::RequestHead&, std::string key, std::string from, Instant deadline,
                          bool end);
  [[nodiscard]] std::size_t body_room() const;  // bytes that body() takes now
  void body(std::string_view);                  // at most body_room() bytes
  void body_end(const http::Trailers&);
  void reply_drained();  // reply_backlog() has fallen
  void cancel();         // the asker is gone
  [[nodiscard]] bool active() const { return state_ != State::idle; }
  [[nodiscard]] bool body_finished() const { return body_ended_; }

  // --- from the Outbound
  void accepted();  // the request is being executed, or passed on and accepted there
  void reply(http::ResponseHead&, bool end);  // the head is changed on its way
  [[nodiscard]] std::size_t reply_room() const;
  void reply_body(std::string_view);
  void reply_end(const http::Trailers&);
  void failed(forward::Outcome, std::string_view why);  // no reply head came
  void failed_for_good(api::Code, std::string why);     // no reply head came and another try would not help
  // No connection to it can be had; `nobody_listens`: it was refused, the app is not there.
  void app_unreachable(const std::string& why, bool nobody_listens);
  void refused_by_app(const std::string& why);  // it surely did not run the request
  void reply_broken();                          // after the head: the body ends too early
  void body_drained();                          // body_backlog() has fallen

  // --- from the Worker
  void ring_changed() override;  // while waiting
  void ring_moved();             // while upgraded
  void close_upgrade(UpgradeEnd);
  void cut(bool all);        // the time to drain is over: ends it, if it is at this node's app or `all`
  void its_turn() override;  // while queued

  // --- from the WaitingRoom, while queued
  void app_is_back() override;
  void app_is_gone() override;
  void ring_moved_on() override;

  // What an Outbound sends: the head of the current try. `fields` are complete but for the framing.
  [[nodiscard]] const http::RequestHead& head() const { return try_head_; }
  [[nodiscard]] const std::string& key() const { return key_; }
  [[nodiscard]] Instant deadline() const { return deadline_; }
  [[nodiscard]] bool to_head() const { return head_.get().method == "HEAD"; }

 private:
  enum class State : unsigned char {
    idle,
    waiting,  // for the ring to move
    held,     // for the app to come back
    queued,   // for a place at the app
    faulted,  // lost or late on the way to another member, on purpose
    trying,
    replying,
  };

  void seek_node(const std::string& name);
  void start(bool end);
  [[nodiscard]] bool turned_down();
  [[nodiscard]] std::optional<api::Problem> node_trouble() const;
  [[nodiscard]] forward::Place place() const;
  void act(const forward::Action&);
  void try_app();
  void ask_app();
  void wait_for_app();
  void go_elsewhere(std::string why);
  Outbound* start_at_app();
  void try_peer(const forward::Peer&);
  void meet_fault(const Fault&, std::string_view address);
  void leave_fault();
  void send_to(const std::string& address);
  void replay(Outbound*);
  [[nodiscard]] bool without_body() const {
    return body_ended_ && replay_.empty() && trailers_.get().empty();
  }
  void give_up(const forward::GiveUp&);
  [[nodiscard]] std::string_view target() const;
  [[nodiscard]] std::string who() const;
  [[nodiscard]] bool may_try();
  [[nodiscard]] bool full_time() const;
  void refuse(api::Code, obs::Counter&, std::string detail);
  void reply_stands_still();
  [[nodiscard]] bool in_circle() const;
  [[nodiscard]] api::Problem problem(api::Code, std::string detail) const;
  void tell_of_ring(http::ResponseHead& head, std::string_view attempts);
  void answer(const api::Problem&);
  void out_of_time();
  void be_patient();
  enum class Ending : unsigned char { whole, anywhere, grpc_status };
  enum class Towards : unsigned char { app, ringside, ringpop_node };
  void compose(Towards);
  void compose_way();
  void compose_for_app();
  void finish();
  void leave_waiting_list();
  void write_ring_version();
  void write_server_timing(Instant now);
  [[nodiscard]] Millis patience() const;
  [[nodiscard]] int retries() const;
  [[nodiscard]] bool take_place();
  void give_place_back();
  void count_at_app();
  void count_away();
  void count_stream();
  void end_reply_early();

  void begin_upgrade(std::string_view protocol);
  [[nodiscard]] std::size_t upgraded_room() const;
  void upgraded_body(std::string_view);
  void upgraded_body_end();
  void upgraded_reply(std::string_view);
  void upgraded_reply_end();
  void end_to_app();
  void end_to_asker();
  void half_ended();
  void close_to_app();
  void close_to_asker();
  [[nodiscard]] std::string_view reason() const;  // why it is closed
  void leave_upgraded();

  Context& context_;
  Inbound& inbound_;
  Outbound* outbound_ = nullptr;
  State state_ = State::idle;

  OwnedHead head_;  // cleaned of connection fields
  ForwardedStore forwarded_;
  Passport passport_;
  Wishes wishes_;    // of a client of the API
  std::string key_;  // empty with `local_only_` and for a named node
  bool from_peer_ = false;
  bool local_only_ = false;                   // /v1/local: this node's app or nobody
  std::string node_, node_address_;           // /v1/nodes: that other member's app or nobody; empty: no such
  const routes::Entry* entry_ = nullptr;      // the route that it came by
  bool has_place_ = false;                    // among the requests that this route may have under way
  bool at_app_ = false, app_stream_ = false;  // counted as being at this node's app, and as a stream there
  std::string route_target_;

  forward::Exchange exchange_;
  http::RequestHead try_head_;
  std::string encoded_key_, binary_key_, via_, scratch_version_, scratch_hops_, scratch_timeout_,
      scratch_passport_, scratch_retry_, scratch_patience_, scratch_check_, scratch_timing_, traceparent_;
  std::string scratch_since_, scratch_deadline_;
  security::AppTokenPtr app_token_;  // that the app is sent
  bool try_is_peer_ = false;
  std::string faulted_to_;    // while faulted: the address it goes to, ...
  bool lost_ = false;         // ... or does not
  std::string last_failure_;  // why the last try failed, for the problem's detail

  std::string replay_;
  http::OwnedTrailers trailers_;  // of the request, once its body has ended
  bool replayable_ = true;        // replay_ holds all of the body so far
  bool accepted_ = false;         // by the current try
  bool body_ended_ = false;
  bool repeated_ = false;          // the one repeat that needs no Exchange has been used
  bool endless_ = false;           // an event stream or gRPC: silence is no fault
  Ending ending_ = Ending::whole;  // how the reply may be ended by us

  std::unique_ptr<Upgrade> upgrade_;  // once the app has switched protocols

  Instant started_{}, deadline_{};
  Instant asked_app_{};                 // for Server-Timing
  Instant stream_at_{}, last_piece_{};  // of the reply: when it becomes a stream, when it last moved
  net::Timer timer_;  // the deadline for the head, or the end of a wait; then the idle time of the reply
};

}  // namespace ringside::worker
