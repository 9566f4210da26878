#include "daemon/control/trace_store.hpp"

#include "daemon/base/limits.hpp"

namespace ringside::control {

bool TraceStore::add(WallTime now, const api::TraceOrder& order) {
  remove(order.sink);
  if (current(now).size() >= limits::traces) return false;
  if (order.until > now) orders_.push_back(order);
  return true;
}

void TraceStore::remove(const api::TraceSink& sink) {
  std::erase_if(orders_, [&](const api::TraceOrder& order) { return order.sink.same_as(sink); });
}

const std::vector<api::TraceOrder>& TraceStore::current(WallTime now) {
  std::erase_if(orders_, [&](const api::TraceOrder& order) { return order.until <= now; });
  return orders_;
}

}  // namespace ringside::control
