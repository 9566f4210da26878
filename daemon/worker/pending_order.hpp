// An order of the API on its way: the control thread carries it out, its answer comes back to this thread by
// post. Goes with the request that it belongs to; an answer that comes later goes nowhere.
#pragma once

#include <functional>
#include <memory>

#include "daemon/api/api.hpp"
#include "daemon/worker/context.hpp"

namespace ringside::worker {

class PendingOrder {
 public:
  using Answered = std::function<void(const api::Response&)>;

  void start(Context&, api::Order, Answered);
  void forget() { waiting_.reset(); }

 private:
  std::shared_ptr<Answered> waiting_;
};

}  // namespace ringside::worker
