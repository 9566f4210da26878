// One turn of a worker's loop. Whatever has output asks to be flushed; all of it is written once, after the
// streams or the handlers that are ready now have run. So a peer link carries the requests of a whole turn in
// one write: that is where the speed of forwarding comes from. Links go first, because another process waits
// for them.
//
// Objects that are done are buried here and die at the end of the turn, never under the feet of a caller.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <utility>
#include <vector>

#include "daemon/net/poller.hpp"

namespace ringside::worker {

class Buried {
 public:
  virtual ~Buried() = default;
};

class Flushable {
 public:
  virtual void flush() = 0;

 protected:
  virtual ~Flushable() = default;

 private:
  friend class Turn;
  bool scheduled_ = false;
};

class Turn {
 public:
  explicit Turn(boost::asio::io_context& io) : io_(io), poller_(net::Poller::of(io)) {
    poller_.after_each_round([this] { run(); });
  }
  ~Turn() { poller_.after_each_round(nullptr); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

  void flush_link(Flushable& link) { schedule(links_, link); }
  void flush(Flushable& session) { schedule(sessions_, session); }

  // Takes over a finished object. It must not be scheduled again; what is scheduled is dropped.
  void bury(std::unique_ptr<Buried> body, Flushable* flushable) {
    if (flushable != nullptr && std::exchange(flushable->scheduled_, true)) {  // never scheduled again
      for (auto* list : {&links_, &sessions_})
        for (auto& entry : *list)
          if (entry == flushable) entry = nullptr;
    }
    graveyard_.push_back(std::move(body));
    end_soon();
  }

 private:
  void schedule(std::vector<Flushable*>& list, Flushable& item) {
    if (std::exchange(item.scheduled_, true)) return;
    list.push_back(&item);
    end_soon();
  }

  // Not by a post from within a round: that would have the loop ask the kernel for more before it writes.
  void end_soon() {
    if (poller_.in_round() || std::exchange(posted_, true)) return;
    boost::asio::post(io_, [this] {
      posted_ = false;
      run();
    });
  }

  void run() {
    for (auto* list : {&links_, &sessions_}) {
      for (std::size_t i = 0; i < list->size(); ++i) {  // flushing may schedule more
        Flushable* item = (*list)[i];
        if (item == nullptr) continue;
        item->scheduled_ = false;
        (*list)[i] = nullptr;
        item->flush();
      }
      list->clear();
    }
    graveyard_.clear();
  }

  boost::asio::io_context& io_;
  net::Poller& poller_;
  std::vector<Flushable*> links_, sessions_;
  std::vector<std::unique_ptr<Buried>> graveyard_;
  bool posted_ = false;
};

}  // namespace ringside::worker
