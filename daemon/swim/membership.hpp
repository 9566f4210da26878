// The member list: address -> row, ourselves included. apply() takes a batch of gossip, keeps what wins and
// says what became of it; what follows from that (gossip on, timers, notices) is the business of node.cpp.
// Control thread only.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/swim/member.hpp"
#include "daemon/swim/node.hpp"
#include "daemon/swim/rows.hpp"

namespace ringside::swim {

// An ip:port that others can dial, in the one spelling it has: with another one it would be a second member.
// What peers call themselves is not believed blindly.
[[nodiscard]] bool dialable(std::string_view address);

struct Update {  // one change that won; `change` points into the batch
  const ringpop::Change* change;
  std::optional<ringpop::Status> before;  // empty: the member is new
  bool returned = false;                  // to the ring, which it had not left of its own will
};

struct Applied {
  std::vector<Update> updates;
  std::size_t newcomers = 0;
  bool ring_changed = false;
  // The highest incarnation that gossip wrongly gave to ourselves; answered by a higher one (spec C.4).
  std::optional<std::int64_t> refute_above;
  bool called_faulty = false;  // ourselves, by what has to be refuted
  ChangesRefused refused;
};

// Whether those who enter own keys at once: all, whom the teller of a list has reached itself, or nobody.
enum class Newcomers : std::uint8_t { vouched, as_told, unverified };

[[nodiscard]] constexpr bool is_vouched(const ringpop::Change& change, Newcomers newcomers) {
  return newcomers == Newcomers::vouched || (newcomers == Newcomers::as_told && !change.unverified);
}

class Membership {
 public:
  Membership(std::string self, Member me, std::size_t members_max);

  // Changes with an incarnation above `incarnation_max` are refused: one wrong clock must not freeze a
  // member's state for years. So are new members beyond the cap and addresses nobody could dial.
  // So are more than `newcomers_max` new ones in this batch.
  Applied apply(std::span<const ringpop::Change> changes, std::int64_t incarnation_max,
                std::size_t newcomers_max = std::numeric_limits<std::size_t>::max(),
                Newcomers newcomers = Newcomers::vouched);
  // This member is no longer unverified. Returns whether the ring changed.
  bool verify(std::string_view address);
  // This dead member stays in the ring; until none of its name does (Member::holds_place).
  void hold_place(std::string_view address);
  bool give_up_places(std::string_view name);  // returns whether the ring changed
  // A ping of ours was answered after so long. Does nothing when there is no such member.
  void measured(std::string_view address, Duration took);
  // Our own row; gossip cannot change it. Returns whether the ring changed.
  bool set_self(ringpop::Status status, std::int64_t incarnation, const ringpop::Labels& labels);
  void evict(std::string_view address);
  // Dead members that have to be forgotten if the living ones of this batch are to have room: as few as will
  // do, those first that were never reached.
  [[nodiscard]] std::vector<std::string> in_the_way_of(std::span<const ringpop::Change> changes) const;

  [[nodiscard]] const std::string& self() const { return self_; }
  [[nodiscard]] const Member& me() const { return *me_; }
  [[nodiscard]] const Rows& rows() const { return rows_; }
  [[nodiscard]] const Member* find(std::string_view address) const;
  [[nodiscard]] bool pingable(std::string_view address) const;  // reachable and not ourselves
  [[nodiscard]] std::vector<const std::string*> pingable_but(std::string_view address) const;  // the others
  [[nodiscard]] std::size_t pingable_count() const { return pingable_count_; }
  // The others that take part in gossip: these, and those that are out of the ring for want of an app.
  [[nodiscard]] std::size_t living_count() const { return living_count_; }
  [[nodiscard]] std::size_t faulty_count() const { return faulty_count_; }
  [[nodiscard]] std::size_t reachable_count() const {  // with ourselves
    return pingable_count_ + (reachable(me_->status) ? 1 : 0);
  }
  [[nodiscard]] std::uint32_t checksum(ChecksumDialect dialect) const;
  // Everything we know as gossip from ourselves: the body of a full sync or a join answer (spec D.3).
  [[nodiscard]] std::vector<ringpop::Change> as_changes() const;
  [[nodiscard]] std::vector<MemberRow> as_rows() const;

 private:
  [[nodiscard]] bool may_enter(const ringpop::Change& change, bool too_many, ChangesRefused& refused) const;
  [[nodiscard]] std::size_t room_for(const ringpop::Change& change) const;
  void write(const ringpop::Change& change, const Standing& incoming, Newcomers newcomers, Applied& applied);
  [[nodiscard]] bool shares_its_name(std::string_view address, std::string_view name) const;

  std::string self_;
  std::size_t members_max_;
  Rows rows_;
  Member* me_;  // into rows_
  std::size_t pingable_count_ = 0;
  std::size_t living_count_ = 0;
  std::size_t faulty_count_ = 0;
  struct Cache {
    ChecksumDialect dialect;
    std::uint32_t checksum;
  };
  mutable std::optional<Cache> cache_;  // dropped by every change, filled when asked for
};

}  // namespace ringside::swim
