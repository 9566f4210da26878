// Where requests wait while this node's app restarts (app.grace), in the order of their arrival. Nobody
// listening at the app closes the room: from then on everybody waits in it, and control is asked to look at
// the app. What control finds comes with a view: the app is back, and those who wait are let out one behind
// the other, few at first and more with every answer, so that a fresh app is not overrun; who comes meanwhile
// waits behind them. Or it is given up, and each is told to go elsewhere.
//
// Bounded by limits::app_waiting and app_waiting_bytes, per worker. Worker thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "daemon/worker/context.hpp"

namespace ringside::worker {

// A waiter's place in the room; the room alone uses it.
class AppSeat {
  friend class WaitingRoom;
  enum class Where : std::uint8_t { outside, inside, let_out };
  Where where_ = Where::outside;
  std::uint64_t ticket_ = 0;
  std::size_t bytes_ = 0;
};

// A request that can wait for the app. None of the calls may destroy another waiter.
class AppWaiter {
 public:
  virtual void app_is_back() = 0;    // try it now
  virtual void app_is_gone() = 0;    // given up: it is not coming back soon
  virtual void ring_moved_on() = 0;  // look whether the key is still ours
  AppSeat seat;

 protected:
  ~AppWaiter() = default;
};

class WaitingRoom {
 public:
  explicit WaitingRoom(Context& context);

  // Whether this one must not try the app now.
  [[nodiscard]] bool keeps(const AppWaiter& waiter) const {
    return closed_ && waiter.seat.where_ != AppSeat::Where::let_out;
  }
  // The app cannot be reached. Whether waiting helps; if not, the app is down.
  [[nodiscard]] bool may_wait(const AppWaiter&, bool nobody_listens);
  // False: the room is full. `bytes`: what the waiter holds.
  [[nodiscard]] bool enter(AppWaiter&, std::size_t bytes);
  // It does not wait any more, or its try is over; harmless for those that never waited.
  void leave(AppWaiter& waiter) {
    if (waiter.seat.where_ != AppSeat::Where::outside) give_up_seat(waiter);
  }
  // After context.view was replaced.
  void on_view(bool ring_moved);

 private:
  void close();
  void let_out();
  void give_up_seat(AppWaiter&);
  template <class Tell>
  void for_each_inside(Tell);

  Context& context_;
  std::map<std::uint64_t, AppWaiter*> inside_;  // by ticket
  std::size_t bytes_ = 0;
  std::uint64_t last_ticket_ = 0;
  bool closed_ = false;
  bool letting_out_ = false;
  std::uint64_t answers_seen_ = 0;  // of control, when the room was closed
  std::size_t out_ = 0, out_max_ = 0;
  net::Timer next_;  // lets out in a turn of its own: a connection may be free by then
};

}  // namespace ringside::worker
