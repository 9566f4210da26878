// app.max_concurrency: how many requests may be at the app at once. That is a property of the app, not of a
// worker, so the count is the one thing that workers share, without a lock (decisions/0009).
//
// Who has requests waiting says so. A place that is given back goes to the next such worker in turn, so that
// none starves; with nobody waiting it lies free.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace ringside::worker {

class AppPlaces {
 public:
  AppPlaces(int places, std::size_t workers) : free_(places), workers_(workers) {}

  // `hand_over` gives a place to that worker; it is called on any worker's thread. Before the threads start.
  void connect(std::size_t worker, std::function<void()> hand_over) {
    workers_[worker].hand_over = std::move(hand_over);
  }

  [[nodiscard]] bool take() noexcept {
    int left = free_.load();
    while (left > 0)
      if (free_.compare_exchange_weak(left, left - 1)) return true;
    return false;
  }

  // Requests wait in this worker: it is handed one of the next places. True: here is one.
  [[nodiscard]] bool wait(std::size_t worker) noexcept {
    workers_[worker].waits.store(true);
    return take();  // one may have become free before we said that we wait
  }
  void wait_no_more(std::size_t worker) noexcept { workers_[worker].waits.store(false); }

  // True: nobody else was to have it before `worker`, which waits itself and keeps it.
  [[nodiscard]] bool give_back(std::size_t worker) {
    do {
      for (std::size_t i = 1; i <= workers_.size(); ++i) {
        const std::size_t next = (worker + i) % workers_.size();
        if (!workers_[next].waits.exchange(false)) continue;
        if (next == worker) return true;
        workers_[next].hand_over();
        return false;
      }
      free_.fetch_add(1);
    } while (somebody_waits() && take());  // who began to wait since we looked may have missed it
    return false;
  }

 private:
  struct Worker {
    std::atomic<bool> waits = false;
    std::function<void()> hand_over;
  };

  [[nodiscard]] bool somebody_waits() const noexcept {
    for (const Worker& worker : workers_)
      if (worker.waits.load()) return true;
    return false;
  }

  std::atomic<int> free_;
  std::vector<Worker> workers_;
};

}  // namespace ringside::worker
