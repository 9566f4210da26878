#include "daemon/obs/notice_log.hpp"

#include <string>
#include <variant>

#include "daemon/obs/log.hpp"

namespace ringside::obs {
namespace {

std::string_view status_name(const std::optional<ringpop::Status>& status, std::string_view absent) {
  return status ? to_string(*status) : absent;
}

struct Translate {
  ControlMetrics& metrics;

  // A new incarnation or other labels of a member in the same state are of interest only when one searches.
  void operator()(const swim::MemberChanged& n) const {
    metrics.member_changes.add();
    log(n.before == n.after ? Level::debug : Level::info, "member_changed",
        {{"name", n.name},
         {"address", n.address},
         {"before", status_name(n.before, "unknown")},
         {"after", status_name(n.after, "evicted")},
         {"incarnation", n.incarnation},
         {"source", n.source}});
  }

  void operator()(const swim::RingInputChanged&) const {}  // the new ring logs itself when it is built

  void operator()(const swim::JoinRound& n) const {
    if (n.failed == 0)
      log(Level::info, "join_round", {{"asked", n.asked}, {"joined", n.joined}, {"failed", n.failed}});
    else if (n.joined > 0)
      log(Level::info, "join_round",
          {{"asked", n.asked}, {"joined", n.joined}, {"failed", n.failed}, {"error", n.last_error}});
    else
      log(Level::warn, "join_round",
          {{"asked", n.asked},
           {"joined", n.joined},
           {"failed", n.failed},
           {"error", n.last_error},
           {"remedy", "no seed answered: check join.seeds and that a ringside runs there; trying on"}});
  }

  void operator()(const swim::JoinComplete& n) const {
    log(Level::info, "join_complete", {{"joined", n.joined}});
  }

  void operator()(const swim::ProbeFailed& n) const {
    metrics.ping_failures.add();
    log(Level::debug, "probe_failed", {{"target", n.target}});
  }

  void operator()(const swim::ProbeInconclusive& n) const {
    log(Level::debug, "probe_inconclusive", {{"target", n.target}});
  }

  void operator()(const swim::DeathProved& n) const {
    metrics.deaths_proved.add();
    log(Level::info, "death_proved",
        {{"address", n.address},
         {"incarnation", n.incarnation},
         {"witnesses", n.witnesses},
         {"meaning", "nobody listens there, as others found too; its keys move at once"}});
  }

  void operator()(const swim::Refuted& n) const {
    metrics.refutations.add();
    log(Level::info, "refuted", {{"incarnation", n.incarnation}});
  }

  void operator()(const swim::FullSync& n) const {
    (n.reverse ? metrics.reverse_full_syncs : metrics.full_syncs).add();
    log(Level::debug, "full_sync",
        {{"peer", n.peer}, {"reverse", n.reverse}, {"members", std::uint64_t{n.members}}});
  }

  void operator()(const swim::HealDue&) const {}

  void operator()(const swim::HealEnded& n) const {
    log(n.reached > 0 ? Level::info : Level::debug, "heal",
        {{"reached", std::uint64_t{n.reached}},
         {"failed", std::uint64_t{n.failed}},
         {"error", n.last_error}});
  }

  void operator()(const swim::OtherDialect& n) const {
    metrics.other_dialect_peers.add(1);
    log(Level::error, "checksum_dialect",
        {{"peer", n.peer},
         {"theirs", n.peer_is_go ? "go" : "node"},
         {"ours", n.peer_is_go ? "node" : "go"},
         {"meaning",
          "membership checksums never agree: the cluster works, but exchanges whole lists all the time"},
         {"remedy", std::string("set gossip.checksum: ") + (n.peer_is_go ? "go" : "node")}});
  }

  void operator()(const swim::Overslept& n) const {
    metrics.overslept.add();
    log(Level::info, "overslept",
        {{"ms", n.millis},
         {"meaning",
          "this process was not run when it should have been; nobody is accused for what it missed"}});
  }

  void operator()(const swim::ChangesRefused& n) const {
    metrics.refused_above_cap.add(n.above_cap);
    if (n.above_cap > 0 &&
        metrics.refused_above_cap.value() == n.above_cap)  // the first: it may go on for long
      log(Level::warn, "member_list_full",
          {{"source", n.source},
           {"meaning",
            "as many members are known as may be: more are not taken; what is dead makes room for the "
            "living"},
           {"remedy",
            "look for who tells of so many members; ringside_gossip_refused_changes_total counts on"}});
    metrics.refused_ahead_of_time.add(n.ahead_of_time);
    metrics.refused_bad_address.add(n.bad_address);
    metrics.refused_too_many_new.add(n.too_many_new);
    log(Level::debug, "changes_refused",
        {{"above_cap", std::uint64_t{n.above_cap}},
         {"ahead_of_time", std::uint64_t{n.ahead_of_time}},
         {"bad_address", std::uint64_t{n.bad_address}},
         {"too_many_new", std::uint64_t{n.too_many_new}},
         {"source", n.source}});
  }

  void operator()(const swim::Damped& n) const {
    metrics.dampings.add();
    log(Level::warn, "damped",
        {{"score", n.score},
         {"ms", n.millis},
         {"meaning", "this node came and went too often; it stays out of the ring for so long"},
         {"remedy", "look after what makes it or its app fail; gossip.damping.* sets the limits"}});
  }

  void operator()(const swim::DampingEnded&) const { log(Level::info, "damping_ended"); }

  void operator()(const swim::NameConflict& n) const {
    metrics.name_conflicts.add();
    log(Level::error, "name_conflict",
        {{"name", n.name},
         {"address", n.address},
         {"other_address", n.other_address},
         {"remedy",
          "two live members share one name: give one of them another node.name (--name) and restart it"}});
  }
};

}  // namespace

void note(const swim::Notice& notice, ControlMetrics& metrics) {
  std::visit(Translate{metrics}, notice);
}

}  // namespace ringside::obs
