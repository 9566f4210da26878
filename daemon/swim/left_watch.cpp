// See left_watch.hpp.
#include "daemon/swim/left_watch.hpp"

namespace ringside::swim {

void LeftWatch::on_left(Instant now, std::string_view address, bool gossips, std::int64_t incarnation) {
  const auto at = left_.find(address);
  if (at != left_.end() && at->second.incarnation == incarnation && at->second.gossips == gossips) return;
  left_.insert_or_assign(std::string(address),
                         Left{incarnation, gossips, gossips ? now : now + pause_, std::nullopt});
}

void LeftWatch::forget(std::string_view address) {
  const auto at = left_.find(address);
  if (at != left_.end()) left_.erase(at);
}

bool LeftWatch::wants_ping(Instant now, std::string_view address) const {
  const auto at = left_.find(address);
  return at != left_.end() && now >= at->second.next_ping;
}

void LeftWatch::answered(Instant now, std::string_view address) {
  const auto at = left_.find(address);
  if (at == left_.end()) return;
  at->second.silent_since.reset();
  at->second.next_ping = at->second.gossips ? now : now + pause_;
}

bool LeftWatch::failed(Instant now, std::string_view address) {
  const auto at = left_.find(address);
  if (at == left_.end()) return false;
  Left& left = at->second;
  left.next_ping = now + pause_;
  if (!left.silent_since) left.silent_since = now;
  return now - *left.silent_since >= remembered_;
}

bool LeftWatch::silent(std::string_view address) const {
  const auto at = left_.find(address);
  return at != left_.end() && at->second.silent_since.has_value();
}

}  // namespace ringside::swim
