// See membership.hpp.
#include "daemon/swim/membership.hpp"

#include <algorithm>
#include <cassert>

#include "daemon/base/address.hpp"
#include "daemon/base/network.hpp"
#include "daemon/swim/checksum.hpp"

namespace ringside::swim {

namespace {

constexpr std::size_t share_of_the_living = 8;  // one part in so many of the room is theirs alone

App app_of(const ringpop::Labels& labels) {
  const std::string_view word = label_of(labels, app_label);
  if (word.empty() || word == is_damped) return App::ready;
  return word == app_is_absent ? App::none : App::down;
}

}  // namespace

bool dialable(std::string_view address) {
  const auto parsed = parse_address(address);
  return parsed && !parsed->is_unix() && parsed->port != 0 && is_plain_unicast(parsed->host) &&
         parsed->to_string() == address;
}

Membership::Membership(std::string self, Member me, std::size_t members_max)
    : self_(std::move(self)), members_max_(members_max), me_(&rows_.add(self_).member) {
  *me_ = std::move(me);
}

Applied Membership::apply(std::span<const ringpop::Change> changes, std::int64_t incarnation_max,
                          std::size_t newcomers_max, Newcomers newcomers) {
  Applied applied;
  for (const ringpop::Change& change : changes) {
    if (change.incarnation < 0 || change.incarnation > incarnation_max) {
      ++applied.refused.ahead_of_time;
      applied.refused.source = change.source;
      continue;
    }
    const Member* known = find(change.address);
    const bool same_labels = known != nullptr && known->labels == change.labels;
    const Standing incoming{change.status, change.incarnation,
                            same_labels ? known->label_checksum : label_checksum(change.labels)};
    const Standing standing_known = known == nullptr ? Standing{} : standing(*known);
    switch (judge(known == nullptr ? nullptr : &standing_known, incoming, change.address == self_)) {
      case Verdict::ignore: break;
      case Verdict::refute:
        applied.refute_above = std::max(applied.refute_above.value_or(0), change.incarnation);
        applied.called_faulty = applied.called_faulty || change.status == ringpop::Status::faulty;
        break;
      case Verdict::apply:
        if (known == nullptr) {
          if (!may_enter(change, applied.newcomers >= newcomers_max, applied.refused)) break;
          ++applied.newcomers;
        }
        write(change, incoming, newcomers, applied);
        break;
    }
  }
  if (!applied.updates.empty()) cache_.reset();
  return applied;
}

bool Membership::may_enter(const ringpop::Change& change, bool too_many, ChangesRefused& refused) const {
  if (!dialable(change.address)) {
    ++refused.bad_address;
  } else if (rows_.size() >= room_for(change)) {
    ++refused.above_cap;
  } else if (too_many) {
    ++refused.too_many_new;
  } else {
    return true;
  }
  refused.source = change.source;
  return false;
}

// The dead are remembered so that their keys move and their word is not believed; the last part of the room
// is for the living, who want to be members.
std::size_t Membership::room_for(const ringpop::Change& change) const {
  return members_max_ - (lives(change.status, change.labels) ? 0 : members_max_ / share_of_the_living);
}

std::vector<std::string> Membership::in_the_way_of(std::span<const ringpop::Change> changes) const {
  const auto is_newcomer = [this](const ringpop::Change& change) {
    return lives(change.status, change.labels) && find(change.address) == nullptr && dialable(change.address);
  };
  if (rows_.size() + changes.size() <= members_max_) return {};
  const auto newcomers = static_cast<std::size_t>(std::ranges::count_if(changes, is_newcomer));
  const std::size_t room = members_max_ - std::min(members_max_, rows_.size());
  std::vector<std::pair<int, std::string>> dead;  // who is missed least comes first
  for (const auto& [address, member] : rows_) {
    if (lives(member.status, member.labels) || member.status == ringpop::Status::leave || &member == me_ ||
        member.holds_place)
      continue;
    const int rank = member.status == ringpop::Status::tombstone ? 0 : member.unverified ? 1 : 2;
    dead.emplace_back(rank, address);
  }
  const std::size_t wanted = std::min(newcomers - std::min(newcomers, room), dead.size());
  std::ranges::sort(dead);
  std::vector<std::string> found;
  for (std::size_t i = 0; i < wanted; ++i) found.push_back(std::move(dead[i].second));
  return found;
}

void Membership::write(const ringpop::Change& change, const Standing& incoming, Newcomers newcomers,
                       Applied& applied) {
  Rows::Row* const known = rows_.find(change.address);
  const bool is_new = known == nullptr;
  auto& [address, row] = is_new ? rows_.add(change.address) : *known;
  if (is_new) row.unverified = !is_vouched(change, newcomers);
  const bool was_in = !is_new && reachable(row.status);
  const bool is_in = reachable(change.status);
  const bool was_faulty = !is_new && row.status == ringpop::Status::faulty;
  const bool lived = !is_new && lives(row.status, row.labels);
  const bool was_in_ring = !is_new && in_ring(row);
  const bool moves_points = name_of(address, row.labels) != name_of(address, change.labels) ||
                            weight_of(row.labels) != weight_of(change.labels);

  const bool was_given_up =
      !is_new && (row.status == ringpop::Status::faulty || row.status == ringpop::Status::tombstone ||
                  (row.status == ringpop::Status::leave && label_of(row.labels, app_label) == app_is_down));
  applied.updates.push_back(
      {&change, is_new ? std::nullopt : std::optional(row.status), was_given_up && is_in});
  const bool raised = row.incarnation != change.incarnation;
  row = {.status = change.status,
         .label_checksum = incoming.label_checksum,
         .incarnation = change.incarnation,
         .labels = change.labels,
         .unverified = row.unverified,
         .rtt_micros = row.rtt_micros};

  pingable_count_ += is_in ? 1 : 0;
  pingable_count_ -= was_in ? 1 : 0;
  living_count_ += lives(row.status, row.labels) ? 1 : 0;
  living_count_ -= lived ? 1 : 0;
  faulty_count_ += row.status == ringpop::Status::faulty ? 1 : 0;
  faulty_count_ -= was_faulty ? 1 : 0;
  if (row.unverified) return;  // the ring knows nothing of it
  if (was_in_ring != is_in || (is_in && moves_points)) {
    applied.ring_changed = true;
  } else if (is_in && raised && shares_its_name(address, name_of(address, row.labels))) {
    applied.ring_changed =
        true;  // of members with one name the incarnation says who is in, see ring_servers()
  }
}

bool Membership::shares_its_name(std::string_view address, std::string_view name) const {
  if (name == address) return false;
  return std::ranges::any_of(rows_, [&](const Rows::Row& row) {
    return row.address != address && in_ring(row.member) && name_of(row.address, row.member.labels) == name;
  });
}

bool Membership::set_self(ringpop::Status status, std::int64_t incarnation, const ringpop::Labels& labels) {
  assert(incarnation > me_->incarnation);
  const bool moves_points = reachable(status) && weight_of(me_->labels) != weight_of(labels);
  const bool ring_changed = reachable(me_->status) != reachable(status) || moves_points ||
                            shares_its_name(self_, name_of(self_, me_->labels));
  me_->status = status;
  if (me_->labels != labels) {
    me_->labels = labels;
    me_->label_checksum = label_checksum(labels);
  }
  me_->incarnation = incarnation;
  cache_.reset();
  return ring_changed;
}

bool Membership::verify(std::string_view address) {
  Rows::Row* const row = rows_.find(address);
  assert(row != nullptr && row->member.unverified);
  row->member.unverified = false;
  return reachable(row->member.status);
}

void Membership::hold_place(std::string_view address) {
  Rows::Row* const row = rows_.find(address);
  assert(row != nullptr && !reachable(row->member.status));
  row->member.holds_place = true;
}

bool Membership::give_up_places(std::string_view name) {
  bool changed = false;
  for (auto& [address, member] : rows_) {
    if (!member.holds_place || name_of(address, member.labels) != name) continue;
    member.holds_place = false;
    changed = true;
  }
  return changed;
}

// As TCP does (RFC 6298 section 2): each sample counts an eighth, the first one whole.
void Membership::measured(std::string_view address, Duration took) {
  constexpr std::int64_t most = std::numeric_limits<std::uint32_t>::max();
  Rows::Row* const row = rows_.find(address);
  if (row == nullptr) return;
  const auto sample = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
  const std::int64_t before = row->member.rtt_micros;
  const std::int64_t smoothed = before == 0 ? sample : before + (sample - before) / 8;
  row->member.rtt_micros = static_cast<std::uint32_t>(std::clamp<std::int64_t>(smoothed, 1, most));
}

void Membership::evict(std::string_view address) {
  Rows::Row* const row = rows_.find(address);
  assert(row != nullptr && address != self_ && !lives(row->member.status, row->member.labels));
  faulty_count_ -= row->member.status == ringpop::Status::faulty ? 1 : 0;
  rows_.remove(*row);
  cache_.reset();
}

const Member* Membership::find(std::string_view address) const {
  const Rows::Row* row = rows_.find(address);
  return row == nullptr ? nullptr : &row->member;
}

bool Membership::pingable(std::string_view address) const {
  const Member* member = find(address);
  return member != nullptr && member != me_ && reachable(member->status);
}

std::vector<const std::string*> Membership::pingable_but(std::string_view address) const {
  std::vector<const std::string*> found;
  for (const auto& [other, member] : rows_) {
    if (other != address && &member != me_ && reachable(member.status)) found.push_back(&other);
  }
  return found;
}

std::uint32_t Membership::checksum(ChecksumDialect dialect) const {
  if (!cache_ || cache_->dialect != dialect) {
    std::vector<ChecksumLine> lines;
    lines.reserve(rows_.size());
    for (const auto& [address, member] : rows_) lines.push_back({address, standing(member)});
    cache_ = Cache{dialect, checksum_of(std::move(lines), dialect)};
  }
  return cache_->checksum;
}

std::vector<ringpop::Change> Membership::as_changes() const {
  std::vector<ringpop::Change> changes;
  changes.reserve(rows_.size());
  for (const auto& [address, member] : rows_) {
    changes.push_back({address, member.status, member.incarnation, self_, me_->incarnation, member.labels,
                       member.unverified});
  }
  return changes;
}

std::vector<MemberRow> Membership::as_rows() const {
  std::vector<MemberRow> rows;
  rows.reserve(rows_.size());
  for (const auto& [address, member] : rows_) {
    rows.push_back({address, std::string(name_of(address, member.labels)), member.status, member.incarnation,
                    member.labels, app_of(member.labels), false, damped(member), member.unverified,
                    member.holds_place, weight_of(member.labels)});
  }
  return rows;
}

}  // namespace ringside::swim
