// See inquest.hpp.
#include "daemon/swim/inquest.hpp"

#include <algorithm>
#include <cassert>

namespace ringside::swim {
namespace {

constexpr int pings_max = 4;
constexpr int refusals_alone = 2;
// Besides ourselves. One firewall rule can turn one member away from another, hardly three from it.
constexpr int witnesses_wanted = 2;

}  // namespace

Inquest::Next Inquest::pause(Instant now) {
  next_ping_ = now + refusal_pause;
  return Next::wait;
}

Inquest::Next Inquest::on_ping(Instant now, Found found, bool alone) {
  ++pings_;
  const bool again = pings_ < pings_max;
  const Next others = alone ? Next::unreachable : Next::ask;
  switch (found) {
    case Found::alive: return Next::alive;
    case Found::silent: return others;
    case Found::lost:  // the next ping goes over a fresh connection; a process that is ending breaks a few
      if (!again) return others;
      return pings_ == 1 ? Next::ping : pause(now);
    case Found::refused:
      ++refusals_;
      if (!alone) return Next::ask;
      if (refusals_ >= refusals_alone) return Next::dead;
      return again ? pause(now) : Next::unreachable;
  }
  return others;
}

void Inquest::ask(std::size_t helpers) {
  assert(helpers > 0);
  left_ = helpers;
  jury_ = static_cast<int>(helpers);
}

Inquest::Next Inquest::on_helper(HelperSays says) {
  assert(left_ > 0);
  --left_;
  switch (says) {
    case HelperSays::reachable: return Next::alive;
    case HelperSays::refused: ++witnesses_; [[fallthrough]];
    case HelperSays::unreachable: somebody_said_no_ = true; break;
    case HelperSays::gone: --jury_; break;
    case HelperSays::nothing: ++silent_; break;
  }
  const int wanted = std::clamp(jury_, 1, witnesses_wanted);
  if (refused() && witnesses_ >= wanted) return Next::dead;
  if (left_ > 0) return Next::wait;
  // All helpers gone and the member too: we may be the last, or it is us. It will have its time as a suspect.
  const bool nobody_left = jury_ == 0 && refused();
  return somebody_said_no_ || nobody_left ? Next::unreachable : Next::inconclusive;
}

}  // namespace ringside::swim
