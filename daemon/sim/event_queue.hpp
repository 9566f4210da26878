// What is going to happen, in order of time and, at the same instant, in order of being planned. That order
// is total, so a run depends on its seed alone.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "daemon/base/time.hpp"

namespace ringside::sim {

class EventQueue {
 public:
  using Action = std::function<void()>;

  void plan(Instant at, Action action) {
    heap_.push_back({at, ++planned_, std::move(action)});
    std::push_heap(heap_.begin(), heap_.end(), later);
  }
  [[nodiscard]] Instant next() const { return heap_.empty() ? never : heap_.front().at; }
  Action pop() {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    Action action = std::move(heap_.back().action);
    heap_.pop_back();
    return action;
  }

 private:
  struct Event {
    Instant at;
    std::uint64_t sequence;
    Action action;
  };
  static bool later(const Event& a, const Event& b) {
    return a.at != b.at ? a.at > b.at : a.sequence > b.sequence;
  }
  std::vector<Event> heap_;  // the earliest in front
  std::uint64_t planned_ = 0;
};

}  // namespace ringside::sim
