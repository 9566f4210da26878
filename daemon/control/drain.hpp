// Leaving the ring on purpose, step by step, so that nobody loses a request by it. A value: orders and the
// time in, the next step out; the control plane carries it out.
//
//   announcing  gossip says that we leave. Everything is served on as before, for drain.notice and until the
//               others have been told: who has not heard of it yet still sends us what was ours.
//   finishing   what is at the app ends; what is not ours any more is passed on, and what the app itself asks
//               for goes out.
//   drained     nothing is at the app any more. Ends here, until cancelled or told to leave.
//   departing   only on the way out: nothing new is taken, connections end with their last request.
//
// At the deadline what is still at the app is cut, with a reason where its protocol has one.
#pragma once

#include <cstdint>

#include "daemon/api/view.hpp"
#include "daemon/base/time.hpp"

namespace ringside::control {

class Drain {
 public:
  struct Settings {
    Millis notice{1000};
    Millis telling{2000};    // at most, until the others have been told
    bool app_first = false;  // a leaving node stays until its app has ended
  };
  // What the shell sees when it looks.
  struct Seen {
    bool told = false;           // the others know of it, or there are none
    std::int64_t at_app = 0;     // requests that wait for an end
    bool app_ended = false;      // nobody listens there
    bool workers_empty = false;  // no connection is left; counts while departing
  };
  enum class Step : std::uint8_t {
    none,
    show,        // the state is another one
    cut_at_app,  // end what is at the app
    depart,      // take nothing new, end connections with their last request
    cut_all,     // end everything
    exit,
  };

  explicit Drain(Settings settings) : settings_(settings) {}

  // Again while it runs: only the deadline is new.
  void start(Now, Millis timeout);
  // `anew`: the others are to be told something new, even if we are drained.
  void leave(Now, Millis timeout, bool anew);
  void cancel();    // only while active() and not leaving()
  void hurry(Now);  // the deadline is now

  // What is to be done now; to be asked again until it is `none`, and then every so often while active().
  [[nodiscard]] Step look(Instant now, const Seen&);

  [[nodiscard]] const api::DrainView& view() const { return view_; }
  [[nodiscard]] bool active() const { return view_.state != api::DrainState::none; }
  [[nodiscard]] bool leaving() const { return view_.leaving; }

 private:
  Step go(api::DrainState state, Step step) {
    view_.state = state;
    return step;
  }
  void announce(Now);
  void set_deadline(Now, Millis timeout);
  [[nodiscard]] Step finish(Instant now, const Seen&);
  [[nodiscard]] Step depart(Instant now, const Seen&);

  Settings settings_;
  api::DrainView view_;
  Instant notice_until_{}, told_until_{};  // at least; at most
  Instant deadline_{};
  Instant gone_until_ = never;  // for what has been cut
};

}  // namespace ringside::control
