// See dissemination.hpp.
#include "daemon/swim/dissemination.hpp"

#include <utility>

namespace ringside::swim {
namespace {

int ceil_log10(std::size_t number) {  // in integers: floats would differ between compilers
  int digits = 0;
  for (std::size_t power = 1; power < number; power *= 10) ++digits;
  return digits;
}

}  // namespace

bool Dissemination::set_limit(int factor, std::size_t pingable) {
  return limit_ != std::exchange(limit_, factor * ceil_log10(pingable + 1));
}

void Dissemination::record(ringpop::Change change) {
  std::string address = change.address;
  changes_.insert_or_assign(std::move(address), Recorded{std::move(change), ++last_serial_});
}

void Dissemination::forget(std::string_view address) {
  const auto at = changes_.find(address);
  if (at != changes_.end()) changes_.erase(at);
}

std::vector<ringpop::Change> Dissemination::all() const {
  std::vector<ringpop::Change> changes;
  changes.reserve(changes_.size());
  for (const auto& [address, recorded] : changes_) changes.push_back(recorded.change);
  return changes;
}

void Dissemination::delivered(Mark mark) {
  for (auto at = changes_.begin(); at != changes_.end();) {
    const bool covered = at->second.serial <= mark.serial;
    at = covered ? told_once_more(at) : std::next(at);
  }
}

Dissemination::Told Dissemination::answer_to(std::string_view requester, std::int64_t requester_incarnation) {
  Told told;
  told.changes.reserve(changes_.size());
  for (auto at = changes_.begin(); at != changes_.end();) {
    const ringpop::Change& change = at->second.change;
    if (change.source == requester && change.source_incarnation == requester_incarnation) {
      ++told.filtered;
      ++at;
    } else {
      told.changes.push_back(change);
      at = told_once_more(at);
    }
  }
  return told;
}

Dissemination::Changes::iterator Dissemination::told_once_more(Changes::iterator at) {
  return ++at->second.told >= limit_ ? changes_.erase(at) : std::next(at);
}

}  // namespace ringside::swim
