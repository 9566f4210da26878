// Strong ids for everything that is counted in more than one currency. An Id of one kind does not convert to
// another.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace ringside {

template <class Tag, class Rep = std::uint64_t>
struct Id {
  Rep value{};
  friend auto operator<=>(const Id&, const Id&) = default;
};

using CallId = Id<struct CallTag>;      // an outgoing call of the SWIM core
using ReplyId = Id<struct ReplyTag>;    // an incoming call that waits for its answer
using TicketId = Id<struct TicketTag>;  // a task given to the SWIM core that ends later
using MemberId =
    Id<struct MemberTag, std::uint32_t>;  // index into one ring snapshot; means nothing in another

}  // namespace ringside

template <class Tag, class Rep>
struct std::hash<ringside::Id<Tag, Rep>> {
  std::size_t operator()(const ringside::Id<Tag, Rep>& id) const noexcept {
    return std::hash<Rep>{}(id.value);
  }
};
