// What is to go wrong between this node and other members, for a test (PUT /v1/faults/{peer}, only with
// --dev). An immutable value once it is made; the control thread makes it, everybody who sends asks it. Pure.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "daemon/base/limits.hpp"
#include "daemon/base/time.hpp"

namespace ringside {

struct Fault {
  bool drop = false;  // nothing arrives
  Millis delay{};     // else: it arrives so much later
  friend bool operator==(const Fault&, const Fault&) = default;
};

// When a try on a connection that meets it goes on, or is lost: where no packet comes through, a connection
// notices after limits::peer_connect_time.
[[nodiscard]] inline Instant noticed_at(const Fault& fault, Instant now) noexcept {
  return now + (fault.drop ? Duration(limits::peer_connect_time) : Duration(fault.delay));
}

struct Faults {
  std::map<std::string, Fault, std::less<>> by_address;  // of single members
  std::optional<Fault> others;                           // of all the rest

  [[nodiscard]] bool empty() const noexcept { return by_address.empty() && !others; }
  // Towards the member at that address; null: none.
  [[nodiscard]] const Fault* of(std::string_view address) const noexcept {
    const auto found = by_address.find(address);
    if (found != by_address.end()) return &found->second;
    return others ? &*others : nullptr;
  }
};
using FaultsPtr = std::shared_ptr<const Faults>;  // null: none

}  // namespace ringside
