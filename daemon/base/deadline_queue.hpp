// Deadlines in a 4-ary heap. Each entry knows its place, so moving or cancelling one costs O(log n) and
// leaves nothing stale behind. Used by the workers' timers and by the simulator.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "daemon/base/time.hpp"

namespace ringside {

class DeadlineQueue {
 public:
  class Entry {
   public:
    Entry() = default;
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;
    [[nodiscard]] bool queued() const { return index_ != nowhere; }
    [[nodiscard]] Instant at() const { return at_; }

   private:
    friend class DeadlineQueue;
    static constexpr std::size_t nowhere = static_cast<std::size_t>(-1);
    Instant at_{};
    std::size_t index_ = nowhere;
  };

  [[nodiscard]] Instant next() const { return heap_.empty() ? never : heap_.front()->at_; }

  // Queues the entry, or moves it. It must stay where it is in memory until it is cancelled or popped.
  void set(Entry& entry, Instant at) {
    entry.at_ = at;
    if (!entry.queued()) {
      entry.index_ = heap_.size();
      heap_.push_back(&entry);
    }
    sift(entry.index_);
  }

  void cancel(Entry& entry) {
    if (!entry.queued()) return;
    const std::size_t hole = std::exchange(entry.index_, Entry::nowhere);
    Entry* last = heap_.back();
    heap_.pop_back();
    if (last == &entry) return;
    heap_[hole] = last;
    last->index_ = hole;
    sift(hole);
  }

  // The earliest entry that is due, taken out; nullptr when none is.
  Entry* pop_due(Instant now) {
    if (heap_.empty() || heap_.front()->at_ > now) return nullptr;
    Entry* first = heap_.front();
    cancel(*first);
    return first;
  }

 private:
  void place(std::size_t i, Entry* entry) {
    heap_[i] = entry;
    entry->index_ = i;
  }

  void sift(std::size_t i) {
    Entry* entry = heap_[i];
    while (i > 0 && entry->at_ < heap_[(i - 1) / 4]->at_) {
      place(i, heap_[(i - 1) / 4]);
      i = (i - 1) / 4;
    }
    for (;;) {
      std::size_t least = i;
      Instant least_at = entry->at_;
      for (std::size_t child = 4 * i + 1; child <= 4 * i + 4 && child < heap_.size(); ++child) {
        if (heap_[child]->at_ < least_at) {
          least = child;
          least_at = heap_[child]->at_;
        }
      }
      if (least == i) break;
      place(i, heap_[least]);
      i = least;
    }
    place(i, entry);
  }

  std::vector<Entry*> heap_;
};

}  // namespace ringside
