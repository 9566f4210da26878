// See unverified.hpp.
#include "daemon/swim/unverified.hpp"

#include <algorithm>

namespace ringside::swim {
namespace {

using namespace std::chrono_literals;

constexpr Duration first_pause = 1s;
constexpr Duration last_pause = 30s;

}  // namespace

void Unverified::add(Instant now, const std::string& address) {
  const auto [at, is_new] = entries_.try_emplace(address, Entry{now, first_pause});
  if (is_new) due_.emplace(now, address);
}

std::optional<std::string> Unverified::take(Instant now) {
  if (next_deadline() > now) return std::nullopt;
  std::string address = due_.begin()->second;
  due_.erase(due_.begin());
  entries_.find(address)->second.pinging = true;
  return address;
}

void Unverified::end_ping(Instant now, Entry& entry) {
  if (entries_.size() - due_.size() >= at_once_) freed_ = now;
  entry.pinging = false;
}

void Unverified::failed(Instant now, std::string_view address) {
  const auto at = entries_.find(address);
  if (at == entries_.end() || !at->second.pinging) return;
  Entry& entry = at->second;
  end_ping(now, entry);
  entry.next = now + entry.pause;
  entry.pause = std::min(2 * entry.pause, last_pause);
  due_.emplace(entry.next, at->first);
}

bool Unverified::is_promising(std::string_view address) const {
  const auto at = entries_.find(address);
  return at != entries_.end() && at->second.pause == first_pause;
}

bool Unverified::remove(Instant now, std::string_view address) {
  const auto at = entries_.find(address);
  if (at == entries_.end()) return false;
  if (at->second.pinging)
    end_ping(now, at->second);
  else
    due_.erase({at->second.next, at->first});
  entries_.erase(at);
  return true;
}

Instant Unverified::next_deadline() const {
  if (due_.empty() || entries_.size() - due_.size() >= at_once_) return never;
  return std::max(due_.begin()->first, freed_);
}

}  // namespace ringside::swim
