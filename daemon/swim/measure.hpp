// What the SWIM core counts and times, for statistics only: nothing is decided by it. Each line is one event
// in the terms of Ringpop's own metrics (spec J); obs/ knows the names. Control thread only.
#pragma once

#include <cstdint>

#include "proto/ringpop/messages.hpp"

namespace ringside::swim {

enum class Stat : std::uint8_t {
  // by status; the value is a count
  changes_received,
  changes_applied,
  changes_declared,  // by ourselves
  // counts
  changes_issued,    // records put into one message
  changes_filtered,  // not told to the one who said them
  changes_refused,   // against a rule of ours: address, incarnation, cap
  members_reachable,
  piggyback_limit,
  helpers_asked,
  join_rounds,
  // events; the value is 1
  not_ready_ping,
  not_ready_ping_req,
  full_sync_pull,
  full_sync_pull_omitted,
  full_sync_pull_useless,
  full_sync_pull_failed,
  heal_started,
  heal_attempted,
  // microseconds
  ping_time,
  ping_req_time,
  ping_for_other_time,
  period_time,
  period_delay,
  join_time,
  self_eviction_time,
};

struct Measure {
  Stat stat;
  std::int64_t value = 1;
  ringpop::Status status = ringpop::Status::alive;  // where the stat is by status
};

}  // namespace ringside::swim
