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
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "daemon/base/ids.hpp"
#include "daemon/base/result.hpp"
#include "daemon/base/rng.hpp"
#include "daemon/base/time.hpp"
#include "daemon/swim/damping.hpp"
#include "daemon/swim/lifeguard.hpp"
#include "daemon/swim/measure.hpp"
#include "daemon/swim/notice.hpp"
#include "proto/ringpop/messages.hpp"

namespace ringside::swim {

enum class ChecksumDialect : std::uint8_t { go, node };

// What stands behind a member: its app is what the ring hands keys to.
enum class App : std::uint8_t { ready, down, none };

struct Config {
  std::string app = "ringside";  // cluster name; a join or ping with another one is refused
  std::string name;              // identity label; empty: the address is hashed (ring.identity: address)
  ringpop::Labels labels;        // the operator's labels, without internal ones
  int weight = 1;                // times the ring's points; another one than 1 needs a name
  Millis period{200};            // least protocol period
  Millis ping_timeout{1500};
  Millis ping_timeout_min{1500};  // where answers are usually quick; ping_timeout: always that
  Millis ping_req_timeout{5000};
  Millis join_timeout{1000};
  int ping_req_size = 3;                 // helpers
  Millis suspect_timeout{5000};          // suspect -> faulty, when others confirm it
  Millis faulty_timeout{3600 * 1000};    // faulty -> tombstone
  Millis tombstone_timeout{300 * 1000};  // tombstone -> evicted
  int join_size = 3;                     // answers wanted from a join round
  int join_parallelism = 2;
  Millis join_backoff_min{100};
  Millis join_backoff_max{60 * 1000};
  int piggyback_factor = 15;
  int full_syncs_max = 5;     // at once: reverse ones under way, and those that we send without a pause
  Millis full_sync_pause{0};  // from one that we send to the next, for each row of the list
  std::size_t members_max = 4096;
  bool catch_up = false;   // young members ask for whole lists while theirs grow (catch_up.hpp)
  int death_fanout = 0;    // so many are told at once of a death (urgent.hpp)
  int newcomers_max = 60;  // new members a minute from one teller's gossip; 0: any number
  bool verify_newcomers =
      false;  // who came by gossip is in the ring once we have reached it (unverified.hpp)
  ChecksumDialect checksum = ChecksumDialect::go;
  bool positive_labels = true;    // a nonce label makes our label checksum positive (settled by ringpop-node)
  Millis heal_period{30 * 1000};  // how often a look for lost partitions is considered
  Millis heal_lonely_period{0};   // the same while most of the cluster is gone for us; 0: no difference
  Millis heal_doubt{0};           // so long the word of who is back from the dead only suspects (doubt.hpp)
  int heal_base_probability = 3;  // of as many members: looks a period in the whole cluster
  int heal_failures_max = 10;     // unreachable targets after which one look gives up
  int evict_ping_percent = 40;    // of the members, told at once when we evict ourselves
  Lifeguard lifeguard;
  bool proof_of_death = true;  // who refuses connections, as several find, is faulty at once
  Damping damping;
  App app_state = App::ready;         // at the start
  Millis app_pause{2000};             // least time between two changes of our place because of the app
  Millis left_ping_pause{10 * 1000};  // between pings of a member that has left, or is out and silent
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
// A task that was given to the node is over.
struct Done {
  TicketId ticket;
  std::vector<std::string> targets;  // of heal(): the lost partitions' members that were reached
  std::string error;                 // empty: it went well
};
struct Outbox {
  std::vector<Send> sends;
  std::vector<Reply> replies;
  std::vector<Notice> notices;
  std::vector<Measure> measures;
  std::vector<Done> done;
  void clear() {
    sends.clear();
    replies.clear();
    notices.clear();
    measures.clear();
    done.clear();
  }
  [[nodiscard]] bool empty() const {
    return sends.empty() && replies.empty() && notices.empty() && measures.empty() && done.empty();
  }
};

// A member's row, as shown to users and used to build the ring.
struct MemberRow {
  std::string address;
  std::string name;  // identity label, else the address
  ringpop::Status status = ringpop::Status::alive;
  std::int64_t incarnation = 0;
  ringpop::Labels labels;    // as gossiped, internal ones included
  App app = App::ready;      // by its label; means nothing for who is faulty, or has taken its leave
  bool silent = false;       // stands as `leave` and did not answer our last ping
  bool damped = false;       // stands as `leave` for a while, because it came and went too often
  bool unverified = false;   // known by gossip alone and not reached by us yet: not in our ring
  bool holds_place = false;  // dead, and in our ring for the moment in which we reach its successor
  int weight = 1;            // times the ring's points
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
  // A connection to this address broke without a farewell, or was refused: whoever is a member there is
  // looked at now. Told as often as it happens.
  void connection_lost(Now, const std::string& address, Outbox&);
  // Declare ourselves `leave` and spread it; gossip goes on until the shell stops driving the node.
  void leave(Now, Outbox&);
  // Take our place again after leave(), if the app is ready.
  void rejoin(Now, Outbox&);
  // The app's health decides our place: ready is `alive`; anything else is `leave` with a label that tells it
  // from a real leave, and gossip goes on. A change within app_pause of the last one waits for its end.
  void set_app(Now, App, Outbox&);

  // What the operator says of us, from now on, in the place of Config::labels and weight: told to the others
  // by a new incarnation. Nothing is when both are as they were.
  void set_words(Now, ringpop::Labels labels, int weight, Outbox&);

  // Operations of Ringpop's /admin/*. A ticket comes back in Outbox::done, exactly once.
  void stop_gossip();  // no protocol periods any more; peers are answered and timers run
  void start_gossip(Now);
  // One protocol period now, even when stopped; one that is under way counts.
  void tick(Now, TicketId, Outbox&);
  // Every faulty member becomes a tombstone (spec I.3). Returns how many.
  std::size_t reap(Now, Outbox&);
  // This member becomes a tombstone, whatever it was; one that lives will refute it. Not for ourselves.
  void evict(Now, const std::string& address, Outbox&);
  // Looks for members of another partition among these addresses and brings the two together (spec H).
  // HealDue asks for it now and then; without a ticket nobody waits for the end.
  void heal(Now, std::optional<TicketId>, std::span<const std::string> hosts, Outbox&);
  // Declare ourselves faulty and tell a share of the members at once (spec I.2).
  void evict_self(Now, TicketId, Outbox&);

  [[nodiscard]] Instant next_deadline() const;  // `never` when idle
  [[nodiscard]] bool ready() const;             // join is complete; pings are answered
  [[nodiscard]] bool first_round_done() const;  // one join round over all seeds has ended (or ready)
  [[nodiscard]] const std::string& self() const;
  [[nodiscard]] ringpop::Status status() const;  // our own
  [[nodiscard]] bool left() const;               // by leave(), not for want of an app
  // The live member that uses our name and for which we left the ring; empty: there is none.
  [[nodiscard]] std::string yielded_to() const;
  [[nodiscard]] std::int64_t incarnation() const;
  [[nodiscard]] std::vector<MemberRow> members() const;  // sorted by address, ourselves included
  [[nodiscard]] std::size_t member_count() const;
  // A member's row stands for a place in the ring; of several with one name ring_servers() says who has it.
  [[nodiscard]] bool is_in_ring(const std::string& address) const;
  // What our direct pings to this member take, smoothed; nothing: none was answered yet.
  [[nodiscard]] std::optional<Duration> rtt(const std::string& address) const;
  // For its returns to the ring, as we have counted them (damping.hpp); ours as it decides about us.
  [[nodiscard]] int damp_score(Instant now, const std::string& address) const;
  [[nodiscard]] std::size_t unverified_count() const;  // of these, out of our ring until we have reached them
  [[nodiscard]] std::uint32_t checksum() const;        // of the membership, in the configured dialect
  [[nodiscard]] std::size_t pending_changes() const;   // still being spread
  [[nodiscard]] int health() const;                    // Lifeguard's score of ourselves; 0 is healthy
  [[nodiscard]] bool gossips() const;                  // protocol periods are run
  [[nodiscard]] std::span<const Duration> period_times() const;  // of the last protocol periods

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Membership checksum of any list, for peers' answers and tests (spec F.1). Tombstones are skipped.
[[nodiscard]] std::uint32_t membership_checksum(std::span<const MemberRow> members, ChecksumDialect);

}  // namespace ringside::swim
