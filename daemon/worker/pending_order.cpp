#include "daemon/worker/pending_order.hpp"

#include <boost/asio/post.hpp>
#include <utility>

namespace ringside::worker {

void PendingOrder::start(Context& context, api::Order order, Answered answered) {
  waiting_ = std::make_shared<Answered>(std::move(answered));
  context.order(std::move(order), [weak = std::weak_ptr(waiting_), &io = context.io](api::Response answer) {
    boost::asio::post(io, [weak, answer = std::move(answer)] {
      if (const auto waiting = weak.lock()) (*waiting)(answer);
    });
  });
}

}  // namespace ringside::worker
