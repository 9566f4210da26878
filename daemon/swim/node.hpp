// One member of the cluster as a value: SWIM as Ringpop speaks it (proto/spec/ringpop.md, sections B to E).
//
// Inputs are requests from peers, answers to our own calls, deadlines and the wish to join or leave.
// Everything that follows is put into the caller's Outbox: calls to make, answers to give, notices. There is
// no clock, socket, thread or logger here, and one next_deadline() for all timers. Lives on the control
// thread; the simulator runs hundreds.
//
// Rules a shell can rely on: every Send is completed exactly once by on_response (the shell times calls out
// at Send::deadline); every on_request is answered exactly once, at once or later; after on_deadline(now) the
// next deadline is later than now.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "daemon/base/ids.hpp"
#include "daemon/base/result.hpp"
#include "daemon/base/rng.hpp"
#include "daemon/base/time.hpp"
#include "daemon/swim/notice.hpp"
#include "proto/ringpop/messages.hpp"

namespace ringside::swim {

enum class ChecksumDialect : std::uint8_t { go, node };

struct Config {
  std::string app = "ringside";  // cluster name; a join or ping with another one is refused
  std::string name;              // identity label; empty: the address is hashed (ring.identity: address)
  ringpop::Labels labels;        // the operator's labels, without internal ones
  Millis period{200};            // least protocol period
  Millis ping_timeout{1500};
  Millis ping_req_timeout{5000};
  Millis join_timeout{1000};
  int ping_req_size = 3;                 // helpers
  Millis suspect_timeout{5000};          // suspect -> faulty
  Millis faulty_timeout{3600 * 1000};    // faulty -> tombstone
  Millis tombstone_timeout{300 * 1000};  // tombstone -> evicted
  int join_size = 3;                     // answers wanted from a join round
  int join_parallelism = 2;
  Millis join_backoff_min{100};
  Millis join_backoff_max{60 * 1000};
  int piggyback_factor = 15;
  int full_syncs_max = 5;  // reverse full syncs at once
  std::size_t members_max = 4096;
  ChecksumDialect checksum = ChecksumDialect::go;
};

struct Send {
  CallId call;
  std::string to;  // address
  ringpop::Request body;
  Instant deadline;
};
struct Reply {
  ReplyId to;
  ringpop::Response body;
};
struct Outbox {
  std::vector<Send> sends;
  std::vector<Reply> replies;
  std::vector<Notice> notices;
  void clear() {
    sends.clear();
    replies.clear();
    notices.clear();
  }
  [[nodiscard]] bool empty() const { return sends.empty() && replies.empty() && notices.empty(); }
};

// A member's row, as shown to users and used to build the ring.
struct MemberRow {
  std::string address;
  std::string name;  // identity label, else the address
  ringpop::Status status = ringpop::Status::alive;
  std::int64_t incarnation = 0;
  ringpop::Labels labels;  // as gossiped, internal ones included
  friend bool operator==(const MemberRow&, const MemberRow&) = default;
};

class Node {  // not thread-safe, no hidden inputs, never calls out
 public:
  // `self` is our ipv4:port as peers dial it. The first incarnation is now.wall.
  Node(std::string self, Config config, Rng rng, Now now);
  ~Node();
  Node(Node&&) noexcept;
  Node& operator=(Node&&) noexcept;

  // Start joining through these addresses (our own among them is skipped). Rounds repeat with back-off until
  // join_size of them, or all, have answered; called again with a fresh list it replaces the old one. With no
  // other address than our own the node is ready at once.
  void join(Now, std::span<const std::string> seeds, Outbox&);
  void on_request(Now, ReplyId, const ringpop::Request&, Outbox&);
  void on_response(Now, CallId, Result<ringpop::Response>, Outbox&);
  void on_deadline(Now, Outbox&);
  // Declare ourselves `leave` and spread it; gossip goes on until the shell stops driving the node.
  void leave(Now, Outbox&);
  // Take our place again after leave().
  void rejoin(Now, Outbox&);

  [[nodiscard]] Instant next_deadline() const;  // `never` when idle
  [[nodiscard]] bool ready() const;             // join is complete; pings are answered
  [[nodiscard]] bool first_round_done() const;  // one join round over all seeds has ended (or ready)
  [[nodiscard]] const std::string& self() const;
  [[nodiscard]] std::int64_t incarnation() const;
  [[nodiscard]] std::vector<MemberRow> members() const;  // sorted by address, ourselves included
  [[nodiscard]] std::size_t member_count() const;
  [[nodiscard]] std::uint32_t checksum() const;       // of the membership, in the configured dialect
  [[nodiscard]] std::size_t pending_changes() const;  // still being spread

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Membership checksum of any list, for peers' answers and tests (spec F.1). Tombstones are skipped.
[[nodiscard]] std::uint32_t membership_checksum(std::span<const MemberRow> members, ChecksumDialect);

}  // namespace ringside::swim
