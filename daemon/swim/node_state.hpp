// What a Node consists of: the parts, each a concept of its own, and the few functions that connect them.
// Split over node.cpp (inputs, state changes), node_probe.cpp, node_inquest.cpp, node_serve.cpp,
// node_join.cpp, node_damping.cpp, node_heal.cpp and node_admin.cpp. Control thread only.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "daemon/swim/catch_up.hpp"
#include "daemon/swim/damping.hpp"
#include "daemon/swim/dissemination.hpp"
#include "daemon/swim/doubt.hpp"
#include "daemon/swim/healer.hpp"
#include "daemon/swim/inquest.hpp"
#include "daemon/swim/joiner.hpp"
#include "daemon/swim/left_watch.hpp"
#include "daemon/swim/membership.hpp"
#include "daemon/swim/newcomers.hpp"
#include "daemon/swim/node.hpp"
#include "daemon/swim/prober.hpp"
#include "daemon/swim/rotation.hpp"
#include "daemon/swim/transitions.hpp"
#include "daemon/swim/unverified.hpp"
#include "daemon/swim/urgent.hpp"

namespace ringside::swim {

[[nodiscard]] inline std::int64_t micros(Duration time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time).count();
}
// One measure for each status of the changes.
void measure_changes(Stat stat, std::span<const ringpop::Change> changes, Outbox& out);

struct Node::State {
  // Why a call of ours is out.
  struct ProbePing {
    std::string target;
    std::uint64_t probe;
    Dissemination::Mark told;
    Instant sent;
  };
  struct ProbeHelp {
    std::uint64_t probe;
    std::string helper;
    Dissemination::Mark told;
    Instant sent;
  };
  struct InquestPing {
    std::string address;
    std::uint64_t inquest;
    Dissemination::Mark told;
    Instant sent;
  };
  struct InquestHelp {
    std::string address;
    std::uint64_t inquest;
    std::string helper;
    Dissemination::Mark told;
    Instant sent;
  };
  struct NewcomerPing {
    std::string address;
    Dissemination::Mark told;
    Instant sent;
  };
  struct UrgentPing {
    std::string address;
    Dissemination::Mark told;
    Instant sent;
  };
  struct PingForOther {  // we are the helper; `asked` waits for what we find
    ReplyId asked;
    std::string requester;
    std::int64_t requester_incarnation;
    std::uint32_t requester_checksum;
    std::string target;
    Dissemination::Mark told;
    Instant sent;
    bool again = false;  // the second ping, over a fresh connection
  };
  struct JoinSeed {
    std::string seed;
  };
  struct PullFrom {  // reverse full sync (spec D.4)
    std::string peer;
  };
  struct CatchUpList {
    std::string peer;
  };
  struct HealJoin {
    std::uint64_t heal;
    std::string target;
  };
  struct HealPing {
    std::uint64_t heal;
    std::string target;
  };
  struct EvictionPing {
    std::string address;
    Dissemination::Mark told;
  };
  using Purpose =
      std::variant<ProbePing, ProbeHelp, InquestPing, InquestHelp, NewcomerPing, UrgentPing, PingForOther,
                   JoinSeed, PullFrom, CatchUpList, HealJoin, HealPing, EvictionPing>;

  // What a join brings is not spread on (spec C.3). A list is what its sender knows: it names itself as the
  // source of every row, and accuses nobody.
  enum class Learned : std::uint8_t { by_gossip, by_list, by_join };

  State(std::string self, Config config, Rng rng, Now now);

  // node.cpp
  // `teller`: whom the message came from. Returns whether anything was new.
  bool apply(Now now, std::span<const ringpop::Change> changes, Learned how, std::string_view teller,
             Outbox& out);
  void declare(Now now, const std::string& address, ringpop::Status status, std::int64_t incarnation,
               Outbox& out);
  void spread(const ringpop::Change& change, Learned how);
  void start_timer(Now now, const ringpop::Change& change, Learned how);
  void take_accusations(std::span<const ringpop::Change> changes);
  void watch_sleep(Now now, Outbox& out);
  void hold_places(std::span<const Update> updates);
  void take_vouched(Now now, std::span<const ringpop::Change> changes, Newcomers newcomers, Outbox& out);
  void note_refused(const ChangesRefused& refused, Outbox& out);
  void set_self(Now now, ringpop::Status status, std::int64_t above, Outbox& out);
  void settle_self(Now now, Outbox& out);
  void set_app(Now now, App app, Outbox& out);
  void take_app(Now now, Outbox& out);
  [[nodiscard]] const ringpop::Labels& labels_in(ringpop::Status status) const;
  void run_transition(Now now, const Transitions::Due& due, Outbox& out);
  void forget(Now now, const std::string& address, Outbox& out);
  void call(Purpose purpose, const std::string& to, ringpop::Request body, Instant deadline, Outbox& out);
  [[nodiscard]] ringpop::Change self_change() const;
  [[nodiscard]] std::int64_t incarnation_max(Now now) const;
  [[nodiscard]] std::uint32_t checksum() const { return members.checksum(config.checksum); }
  [[nodiscard]] Instant next_deadline() const;

  // node_probe.cpp
  void start_period(Now now, Outbox& out);
  // For an answer, by what it usually takes.
  [[nodiscard]] Duration ping_wait() const;
  // Nothing was heard of anybody for a while: not a time to accuse, but one to call.
  [[nodiscard]] bool unheard(Now now) const;
  void end_period(Now now, Outbox& out);
  void send_ping(Purpose purpose, const std::string& target, Instant deadline, Outbox& out);
  void add_buddy(const std::string& to, std::vector<ringpop::Change>& changes) const;
  void on_answer(Now now, ProbePing& purpose, const Result<ringpop::Response>& answer, Outbox& out);
  void on_answer(Now now, ProbeHelp& purpose, const Result<ringpop::Response>& answer, Outbox& out);
  void on_answer(Now now, PingForOther& purpose, const Result<ringpop::Response>& answer, Outbox& out);
  void ping_newcomers(Now now, Outbox& out);
  void on_answer(Now now, NewcomerPing& purpose, const Result<ringpop::Response>& answer, Outbox& out);
  void tell_at_once(Now now, Outbox& out);
  void on_answer(Now now, UrgentPing& purpose, const Result<ringpop::Response>& answer, Outbox& out);
  void ping_answered(Now now, const std::string& address, Instant sent, Outbox& out);
  // It is there: it has answered us, or somebody we believe vouches for it.
  void reached(Now now, const std::string& address, Outbox& out);
  void not_reached(Now now, const std::string& address, Outbox& out);
  void give_up_place(std::string_view newcomer, Outbox& out);
  void ask_helpers(Now now, std::uint64_t probe, Outbox& out);
  // Some of those we can ping and have reached, but not `but`; at most so many, in the order of chance.
  [[nodiscard]] std::vector<const std::string*> pick_others(std::string_view but, int most);
  void send_ping_req(Purpose purpose, const std::string& helper, const std::string& target, Instant due,
                     Outbox& out);
  void take_helper_answer(Now now, const std::string& helper, Dissemination::Mark told, Instant sent,
                          const ringpop::PingReqResponse& response, Outbox& out);
  void conclude(Now now, Prober::Outcome outcome, Outbox& out);
  bool take_ping_answer(Now now, const std::string& target, Dissemination::Mark told,
                        const Result<ringpop::Response>& answer, Outbox& out);

  // node_inquest.cpp
  void connection_lost(Now now, const std::string& address, Outbox& out);
  [[nodiscard]] bool wants_inquest(const std::string& address) const;
  bool hand_to_inquest(Now now, const Prober::Target& target, Inquest::Found found, Outbox& out);
  [[nodiscard]] Inquest* open_inquest(const std::string& address, std::int64_t incarnation);
  [[nodiscard]] Inquest* find_inquest(const std::string& address, std::uint64_t number);
  [[nodiscard]] bool alone_with(const std::string& address) const;  // we know no other that we could ask
  void ping_for_inquest(Now now, const std::string& address, Inquest& inquest, Outbox& out);
  void ask_witnesses(Now now, const std::string& address, Inquest& inquest, Outbox& out);
  void on_answer(Now now, InquestPing& purpose, const Result<ringpop::Response>& answer, Outbox& out);
  void on_answer(Now now, InquestHelp& purpose, const Result<ringpop::Response>& answer, Outbox& out);
  [[nodiscard]] static Inquest::Found found_by(const Result<ringpop::Response>& failed);
  void go_on(Now now, const std::string& address, Inquest::Next next, Outbox& out);
  void run_inquests(Now now, Outbox& out);
  [[nodiscard]] Instant next_inquest_ping() const;

  // node_serve.cpp
  void serve(Now now, ReplyId id, const ringpop::Join& join, Outbox& out);
  void serve(Now now, ReplyId id, const ringpop::Ping& ping, Outbox& out);
  void serve(Now now, ReplyId id, const ringpop::PingReq& ping_req, Outbox& out);
  struct Answer {
    std::vector<ringpop::Change> changes;
    bool full_sync = false;
  };
  [[nodiscard]] bool may_full_sync(Now now);
  Answer answer_to(Now now, const std::string& requester, std::int64_t incarnation,
                   std::uint32_t their_checksum, Outbox& out);
  void pull_from(Now now, const std::string& peer, Outbox& out);
  void on_answer(Now now, PullFrom& purpose, const Result<ringpop::Response>& answer, Outbox& out);

  // node_join.cpp
  void join(Now now, std::span<const std::string> seeds, Outbox& out);
  void ask_seeds(Now now, Outbox& out);
  void offer_to_joiner(Now now, const std::string& peer);
  void on_answer(Now now, JoinSeed& purpose, const Result<ringpop::Response>& answer, Outbox& out);
  void take_step(Now now, const Joiner::Step& step, Outbox& out);
  void become_ready(Now now, int joined, Outbox& out);
  void ask_for_list(Now now, Outbox& out);
  void on_answer(Now now, CatchUpList& purpose, const Result<ringpop::Response>& answer, Outbox& out);
  void meet_namesake(Now now, const std::string& address, Outbox& out);
  void come_back_if_alone_with_name(Now now, Outbox& out);
  [[nodiscard]] std::vector<std::string> namesakes() const;  // reachable others that use our name

  // Whether the peer's checksum is of the dialect that we do not speak.
  void note_dialect(const std::string& peer, const ringpop::JoinResponse& response, Outbox& out);

  // node_damping.cpp
  void count_own_return(Now now, Outbox& out);
  void consider_damping(Now now, Outbox& out);
  void end_damping(Now now, Outbox& out);
  void learn_own_score(const ringpop::JoinResponse& response);
  void recall_own_score(Now now, Outbox& out);

  // node_heal.cpp
  void consider_heal(Now now, Outbox& out);
  void start_heal(Now now, std::optional<TicketId> ticket, std::span<const std::string> hosts, Outbox& out);
  void next_heal_target(Now now, std::uint64_t number, Outbox& out);
  void on_answer(Now now, HealJoin& purpose, const Result<ringpop::Response>& answer, Outbox& out);
  void on_answer(Now now, HealPing& purpose, const Result<ringpop::Response>& answer, Outbox& out);

  // node_admin.cpp
  void tick(Now now, TicketId ticket, Outbox& out);
  std::size_t reap(Now now, Outbox& out);
  void evict(Now now, const std::string& address, Outbox& out);
  void evict_self(Now now, TicketId ticket, Outbox& out);
  void on_answer(Now now, EvictionPing& purpose, const Result<ringpop::Response>& answer, Outbox& out);
  void end_eviction(Now now, Outbox& out);

  Config config;
  Rng rng;
  Membership members;
  std::int64_t born;  // the incarnation with which this life began
  Dissemination dissemination;
  Rotation rotation;
  Prober prober;
  std::map<std::string, Inquest> inquests;  // that are being held, by the member's address
  std::uint64_t last_inquest = 0;
  Transitions transitions;
  LeftWatch left_watch;
  LocalHealth health;
  SleepWatch sleep_watch;
  Instant heard_at;  // a peer, last
  Joiner joiner;
  CatchUp catch_up;
  Urgent urgent;
  HealClock heal_clock;
  std::map<CallId, Purpose> calls;
  std::uint64_t last_call = 0;
  int pulls = 0;            // reverse full syncs under way
  Instant syncs_paid_at{};  // when the pauses for all full syncs that we have sent are over

  struct RunningHeal {
    Heal heal;
    std::optional<TicketId> ticket;
  };
  std::map<std::uint64_t, RunningHeal> heals;
  std::uint64_t last_heal = 0;
  std::vector<TicketId> ticks;  // they wait for the period under way
  struct Eviction {
    TicketId ticket;
    Instant began;
    std::size_t unanswered = 0;
  };
  std::optional<Eviction> eviction;  // under way

  bool ready = false;
  std::optional<Instant> join_began;
  int join_rounds = 0;
  std::set<std::string> other_dialect;  // peers that were reported for it
  bool first_round_done = false;
  std::int64_t highest_joined = 0;  // incarnation seen in join answers, the cluster's idea of the date
  std::map<std::string, std::int64_t> met;  // namesakes and the incarnation at which we last met them
  bool yielded = false;                     // we left because another member uses our name
  bool left = false;                        // told to
  NewcomerQuota newcomer_quota;
  Unverified unverified;
  std::map<std::string, std::string, std::less<>>
      places;  // newcomer -> the name for which a dead one holds its place
  Doubt doubt;
  DampScore own_score;           // our own returns to the ring
  FlapMemory flaps;              // the others'
  std::vector<int> told_scores;  // ours, as the members counted that we joined through
  bool found_faulty = false;     // they had given us up
  bool damped = false;           // we stay out of the ring for a while
  Instant reuse_at = never;
  bool was_up = false;  // our app, in this life
  App app, app_wanted;  // the one that counts, and the one that will when its time has come
  Instant next_app_change{};
  // The labels with which we stand in the ring or take our leave, and as members whose app is down, that have
  // none, or that are damped.
  struct Words {
    ringpop::Labels plain, down, none, damped;
  };
  [[nodiscard]] static Words words_of(const Config& config);
  Words own_words;
};

}  // namespace ringside::swim
