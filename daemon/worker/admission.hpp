// How much a worker takes on, and who waits for the app. Every Call is a guest: it is let in, may have to
// queue for a place at the app, and leaves. Nothing here is allocated for a request: the queue is a list
// through the guests, keys are counted by their hash in a fixed table (two keys may share a count; with the
// default limits that takes two hot ones).
//
//   in flight   from the head of the request to the end of its reply, or to a second after the reply's head
//   streams     replies that go on after that second; when there are too many, they stay in flight
//   of a key    at this node's app, without a reply's head yet
//   at the app  from being sent to it to the end of its reply, or to becoming a stream (app.max_concurrency)
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "daemon/base/limits.hpp"
#include "daemon/worker/app_places.hpp"
#include "daemon/worker/context.hpp"

namespace ringside::worker {

class Admission final : public Flushable {
 public:
  class Guest {
   public:
    virtual void its_turn() = 0;  // after Entry::wait: it has a place at the app now

   protected:
    virtual ~Guest() = default;

   private:
    friend class Admission;
    Guest *before_ = nullptr, *after_ = nullptr;  // in the queue
    std::uint16_t key_ = 0;                       // 1 and up: its place in the table of keys
    bool in_flight_ = false, stream_ = false, queued_ = false, at_app_ = false;
  };

  enum class Entry : std::uint8_t {
    go,
    wait,        // in the queue; its_turn() or leave() ends it
    key_full,    // forward.queue_per_key
    queue_full,  // app.queue
  };

  // `places`: nullptr without app.max_concurrency.
  Admission(Context&, std::shared_ptr<AppPlaces> places, std::size_t worker);
  ~Admission() override;

  [[nodiscard]] bool enter(Guest&);  // false: forward.in_flight
  [[nodiscard]] Entry enter_app(Guest&, std::string_view key);
  void replied(Guest&);                      // the head of its reply has come
  [[nodiscard]] bool become_stream(Guest&);  // false: forward.streams
  void leave_app(Guest& guest) {
    if (guest.key_ != 0 || guest.queued_ || guest.at_app_) give_up_app(guest);
  }
  void leave(Guest&);

  // By AppPlaces, on another worker's thread.
  void hand_over();

  void flush() override;  // places that came back go to the head of the queue

 private:
  static constexpr std::size_t keys = 8192;  // a power of two

  void give_up_app(Guest&);
  void forget_key(Guest&);
  void unlink(Guest&);
  void place_came_back();

  Context& context_;
  std::shared_ptr<AppPlaces> places_;
  std::size_t worker_;
  int streams_ = 0, queued_ = 0;
  int spare_ = 0;  // places that are ours and not used yet
  Guest *first_ = nullptr, *last_ = nullptr;
  std::array<std::uint16_t, keys> keys_{};
};

}  // namespace ringside::worker
