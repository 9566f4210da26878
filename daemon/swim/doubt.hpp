// Whose word that another is dead is worth no more than a suspicion. Who was cut off holds all the others for
// dead, and each half of a split cluster the other half; when they meet again, their lists would take healthy
// members out of rings that had them all the time, until each has refuted. So suspects and the dead do not
// testify to deaths, and neither does who was one until lately: such a word makes a suspect, who has the time
// of a suspect to refute (Ringpop's healing uses the same detour). Control thread only.
#pragma once

#include <algorithm>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/base/time.hpp"
#include "daemon/swim/member.hpp"
#include "daemon/swim/membership.hpp"

namespace ringside::swim {

class Doubt {
 public:
  // How long after a return; 0: nobody is doubted.
  explicit Doubt(Millis lasts) : lasts_(lasts) {}

  // A member that was suspect or given up is back.
  void returned(Instant now, const std::string& address) {
    if (lasts_ == Millis(0)) return;
    std::erase_if(until_, [now](const auto& entry) { return entry.second <= now; });
    until_[address] = now + lasts_;
  }

  // The same changes, with suspects for the dead that only a doubtful member speaks of and we know alive.
  // Empty: there are none of these.
  [[nodiscard]] std::vector<ringpop::Change> soften(Instant now, const Membership& members,
                                                    std::span<const ringpop::Change> changes) const {
    std::vector<ringpop::Change> softened;
    for (std::size_t i = 0; i < changes.size(); ++i) {
      if (!must_soften(now, members, changes[i])) continue;
      if (softened.empty()) softened.assign(changes.begin(), changes.end());
      softened[i].status = ringpop::Status::suspect;
    }
    return softened;
  }

 private:
  [[nodiscard]] bool must_soften(Instant now, const Membership& members,
                                 const ringpop::Change& change) const {
    using ringpop::Status;
    if (lasts_ == Millis(0) || change.address == members.self()) return false;
    if (change.status != Status::faulty && change.status != Status::tombstone) return false;
    const Member* accused = members.find(change.address);
    return accused != nullptr && reachable(accused->status) && doubtful(now, members, change.source);
  }

  [[nodiscard]] bool doubtful(Instant now, const Membership& members, std::string_view source) const {
    const Member* member = source == members.self() ? nullptr : members.find(source);
    if (member == nullptr) return false;
    using ringpop::Status;
    if (member->status != Status::alive && member->status != Status::leave) return true;
    const auto at = until_.find(source);
    return at != until_.end() && now < at->second;
  }

  Millis lasts_;
  std::map<std::string, Instant, std::less<>> until_;
};

}  // namespace ringside::swim
