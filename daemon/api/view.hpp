// What a node shows of itself: an immutable value, made on the control thread whenever something changed and
// handed to every worker by post. All reads of the API are rendered from it on the worker that got the
// request, so a flood of reads never delays a ping.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/base/faults.hpp"
#include "daemon/base/peer_kind.hpp"
#include "daemon/base/time.hpp"
#include "daemon/config/config.hpp"
#include "daemon/ring/snapshot.hpp"
#include "daemon/ring/tenure.hpp"
#include "proto/ringpop/messages.hpp"

namespace ringside::api {

enum class Phase : std::uint8_t {
  joining,  // no join round has ended yet: nothing is promised, requests get 503 not_joined
  ready,
  draining,  // leaving; requests already here are finished
};

// How far this node is with leaving the ring on purpose (control/drain.hpp).
enum class DrainState : std::uint8_t {
  none,
  announcing,  // the others are being told; everything is served as before
  finishing,   // out of the ring; what is at the app ends
  drained,     // nothing is at the app any more
  departing,   // nothing new is taken; the process ends when the last request has
};
[[nodiscard]] std::string_view to_string(DrainState) noexcept;
struct DrainView {
  DrainState state = DrainState::none;
  bool leaving = false;  // the process ends when it is drained
  WallTime since{}, deadline{};
  std::int64_t cut = 0;  // so many requests had not ended by the deadline
};

// The app beside this node (control/app_health.hpp).
enum class AppState : std::uint8_t { none, starting, up, restarting, down };
struct AppView {
  AppState state = AppState::none;
  WallTime since{};
  std::string reason;    // why the last probe failed; empty when up
  bool required = true;  // the node is in the ring only while the app is there
  std::uint64_t answers =
      0;  // rises with every change of the state, and when a refused request was looked into
};
[[nodiscard]] std::string_view to_string(AppState) noexcept;

// What is known of a member's app: only those that are in the ring, or out of it for want of an app, say so.
enum class MemberApp : std::uint8_t { unknown, up, down, none };
[[nodiscard]] std::string_view to_string(MemberApp) noexcept;

struct MemberView {
  std::string name;
  std::string address;
  ringpop::Status status = ringpop::Status::alive;
  std::int64_t incarnation = 0;
  ringpop::Labels::List labels;  // the operator's; internal ones (prefix "__") are left out
  bool self = false;
  PeerKind kind = PeerKind::unknown;
  MemberApp app = MemberApp::unknown;
  bool silent = false;    // out of the ring for want of an app, and does not answer pings either
  bool damped = false;    // out of the ring for a while: it came and went too often
  int weight = 1;         // times the ring's points
  std::string version{};  // of its ringside, as it introduced itself; empty: not met yet, or no ringside
  friend bool operator==(const MemberView&, const MemberView&) = default;
};
// What is measured of a member moves all the time, and is no change of what is shown.
struct Measured {
  std::optional<Duration> rtt{};  // of our direct pings, smoothed
  int damp_score = 0;             // for its returns to the ring, as this node has counted them
};
// What people see: one that is out of the ring for want of an app lives, though gossip says `leave` of it.
[[nodiscard]] ringpop::Status shown_status(const MemberView&) noexcept;

// Something an operator should change, that this node can work with for now.
struct Warning {
  std::string code;    // "ringpop_node_peer"; the same as in the log
  std::string detail;  // what is wrong, what it means, what to do
  friend bool operator==(const Warning&, const Warning&) = default;
};

class EventLog;  // events.hpp

struct View {
  ring::SnapshotPtr ring;  // never null; empty before joining
  // Since when this node owns what it owns of it; never null.
  ring::TenurePtr tenure = std::make_shared<const ring::Tenure>();
  std::vector<MemberView> members;                        // sorted by address, self included
  std::map<std::string, Measured, std::less<>> measured;  // of members, by address
  int local_health = 0;                                   // Lifeguard's score of this node; 0 is healthy
  std::uint32_t membership_checksum = 0;
  // Rises with every change of what is shown of all this, also over restarts as far as the clock does.
  std::uint64_t index = 1;
  std::shared_ptr<const EventLog> events;  // how it came to be so; the last one led to this view
  Phase phase = Phase::joining;
  AppView app;
  std::string app_id;                // as it was registered; empty: as it was configured
  config::AppSettings app_settings;  // its address empty: no app
  FaultsPtr faults;                  // what goes wrong on purpose; null: nothing
  DrainView drain;
  struct Settings {
    std::string json;    // the configuration in force, without secrets
    std::string digest;  // of that of it which all members should have in common
    std::vector<std::pair<std::string, std::string>> features;  // what is on, and how
  };
  std::shared_ptr<const Settings> settings;  // null before there are any
  std::string phase_reason;                  // why not ready, one sentence with the remedy; empty when ready
  // Another live member uses this node's name, and this one has left the ring for it: the same, or empty.
  std::string name_conflict;
  std::vector<Warning> warnings;

  // Constant for the life of the process.
  bool serves_metrics = true;
  std::string name;     // of this node
  std::string address;  // its advertised peer address
  std::string cluster;
  std::string boot_id;   // 8 hex digits, new at each start; prefixes Ringside-Version
  std::string identity;  // "name" or "address": what the ring hashes
  int points = 100;
  int local_health_max = 0;  // 0: it is not kept
  std::vector<std::string> api_listeners;
  WallTime started{};
  std::int64_t pid = 0;
  bool dev = false;  // takes orders that break things
};

using ViewPtr = std::shared_ptr<const View>;

// What callers may call this node's app by; empty: nothing.
[[nodiscard]] std::string_view app_id_of(const View&) noexcept;

// The member of that name or address, or null. A name may stand twice while its member moves to another
// address: the one that is in the ring comes first.
[[nodiscard]] const MemberView* find_member(const View&, std::string_view name) noexcept;
// A member in the ring that runs Ringpop, or null.
[[nodiscard]] const MemberView* ringpop_member(const View&) noexcept;

// What answers at that member's address; unknown when it is no member.
[[nodiscard]] PeerKind kind_of(const View&, std::string_view address) noexcept;

}  // namespace ringside::api
