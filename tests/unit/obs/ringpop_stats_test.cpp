// Ringpop's statistics: every measure of the core has its names, and every name is one that Ringpop sends.
#include "daemon/obs/ringpop_stats.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>

using namespace ringside;
using namespace ringside::obs;
using ringpop::Status;
using swim::Stat;

namespace {

// The names and types that ringpop-go sends, and ringpop-node for those that go does not have. Read from
// their sources, not from our table.
const std::map<std::string, std::string> ringpops{
    {"changes.apply", "g"},
    {"changes.disseminate", "g"},
    {"checksum", "g"},
    {"filtered-change", "c"},
    {"full-sync", "c"},
    {"full-sync.redundant-reverse", "c"},
    {"full-sync.reverse", "c"},
    {"full-sync.reverse-omitted", "c"},
    {"full-sync.reverse.failed", "c"},
    {"heal.attempt", "c"},
    {"heal.triggered", "c"},
    {"join", "ms"},
    {"join.complete", "c"},
    {"join.recv", "c"},
    {"join.retries", "g"},
    {"join.succeeded", "c"},
    {"lookup", "ms"},
    {"make-alive", "c"},
    {"make-faulty", "c"},
    {"make-leave", "c"},
    {"make-suspect", "c"},
    {"make-tombstone", "c"},
    {"max-piggyback", "g"},
    {"membership-set.alive", "c"},
    {"membership-set.faulty", "c"},
    {"membership-set.leave", "c"},
    {"membership-set.suspect", "c"},
    {"membership-set.tombstone", "c"},
    {"membership-update.alive", "c"},
    {"membership-update.faulty", "c"},
    {"membership-update.leave", "c"},
    {"membership-update.suspect", "c"},
    {"membership-update.tombstone", "c"},
    {"membership.checksum", "g"},
    {"membership.checksum-computed", "c"},
    {"membership.checksum-periodic", "g"},
    {"not-ready.ping", "c"},
    {"not-ready.ping-req", "c"},
    {"num-members", "g"},
    {"ping", "ms"},
    {"ping-req", "ms"},
    {"ping-req-ping", "ms"},
    {"ping-req.other-members", "c"},
    {"ping-req.recv", "c"},
    {"ping-req.send", "c"},
    {"ping.recv", "c"},
    {"ping.send", "c"},
    {"protocol.delay", "ms"},
    {"protocol.frequency", "ms"},
    {"refuted-update", "c"},
    {"requestProxy.checksumsDiffer", "c"},
    {"requestProxy.egress", "c"},
    {"requestProxy.inflight", "g"},
    {"requestProxy.ingress", "c"},
    {"requestProxy.keysDiffer", "c"},
    {"requestProxy.refused.inflight", "c"},
    {"requestProxy.send.error", "c"},
    {"requestProxy.send.success", "c"},
    {"requestProxy.retry.attempted", "c"},
    {"requestProxy.retry.reroute.remote", "c"},
    {"ring.changed", "c"},
    {"ring.checksum", "g"},
    {"ring.checksum-computed", "c"},
    {"ring.checksum-periodic", "g"},
    {"ring.checksums-periodic.replica", "g"},
    {"ring.checksums.replica", "g"},
    {"ring.server-added", "c"},
    {"ring.server-removed", "c"},
    {"self-eviction", "ms"},
    {"updates", "c"},
};

constexpr std::array statuses{Status::alive, Status::suspect, Status::faulty, Status::leave,
                              Status::tombstone};

bool by_status(const RingpopStatRow& row) {
  return row.name.ends_with('.') || row.name.ends_with('-');
}

// "p.ping.send:1|c" -> {"ping.send", "c"}
std::pair<std::string, std::string> name_and_type(const std::string& datagram) {
  const auto colon = datagram.find(':');
  const auto bar = datagram.find('|');
  REQUIRE(datagram.starts_with("p."));
  REQUIRE(colon < bar);
  return {datagram.substr(2, colon - 2), datagram.substr(bar + 1)};
}

std::vector<std::string> datagrams(const swim::Outbox& outbox) {
  std::vector<std::string> out;
  for (const auto& value : ringpop_stats(outbox)) out.push_back(statsd_datagram("p", value));
  return out;
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("every name and type in the table is Ringpop's, and one is ours") {
  std::map<std::string, std::string> sent;
  for (const auto& row : ringpop_stat_rows()) {
    if (!by_status(row)) sent.insert(name_and_type(statsd_datagram("p", {row.stat})));
    for (const Status status : statuses)
      if (by_status(row))
        sent.insert(name_and_type(statsd_datagram("p", {row.stat, 1, ringpop::to_string(status)})));
  }
  CHECK(sent.extract("changes.refused").mapped() == "c");  // against rules that Ringpop does not have
  CHECK(sent == ringpops);
}

TEST_CASE("every measure of the core becomes these statistics") {
  const auto& [stat, expected] = GENERATE(table<Stat, Lines>({
      {Stat::changes_received, {"p.membership-update.faulty:7|c"}},
      {Stat::changes_applied, {"p.membership-set.faulty:7|c", "p.changes.apply:7|g", "p.updates:7|c"}},
      {Stat::changes_declared, {"p.make-faulty:7|c"}},
      {Stat::changes_issued, {"p.changes.disseminate:7|g"}},
      {Stat::changes_filtered, {"p.filtered-change:7|c"}},
      {Stat::changes_refused, {"p.changes.refused:7|c"}},
      {Stat::members_reachable, {"p.num-members:7|g"}},
      {Stat::piggyback_limit, {"p.max-piggyback:7|g"}},
      {Stat::helpers_asked, {"p.ping-req.send:1|c", "p.ping-req.other-members:7|c"}},
      {Stat::join_rounds, {"p.join.retries:7|g"}},
      {Stat::not_ready_ping, {"p.not-ready.ping:7|c"}},
      {Stat::not_ready_ping_req, {"p.not-ready.ping-req:7|c"}},
      {Stat::full_sync_pull, {"p.full-sync.reverse:7|c"}},
      {Stat::full_sync_pull_omitted, {"p.full-sync.reverse-omitted:7|c"}},
      {Stat::full_sync_pull_useless, {"p.full-sync.redundant-reverse:7|c"}},
      {Stat::full_sync_pull_failed, {"p.full-sync.reverse.failed:7|c"}},
      {Stat::heal_started, {"p.heal.triggered:7|c"}},
      {Stat::heal_attempted, {"p.heal.attempt:7|c"}},
      {Stat::ping_time, {"p.ping:0.007|ms"}},
      {Stat::ping_req_time, {"p.ping-req:0.007|ms"}},
      {Stat::ping_for_other_time, {"p.ping-req-ping:0.007|ms"}},
      {Stat::period_time, {"p.protocol.frequency:0.007|ms"}},
      {Stat::period_delay, {"p.protocol.delay:0.007|ms"}},
      {Stat::join_time, {"p.join.complete:1|c", "p.join.succeeded:1|c", "p.join:0.007|ms"}},
      {Stat::self_eviction_time, {"p.self-eviction:0.007|ms"}},
  }));
  swim::Outbox outbox;
  outbox.measures.push_back({stat, 7, Status::faulty});
  CHECK(datagrams(outbox) == expected);
}

TEST_CASE("no measure of the core goes without a name") {
  for (int i = 0; i <= static_cast<int>(Stat::self_eviction_time); ++i) {
    CAPTURE(i);
    swim::Outbox outbox;
    outbox.measures.push_back({static_cast<Stat>(i)});
    CHECK_FALSE(datagrams(outbox).empty());
  }
}

TEST_CASE("a step that applies changes sets one gauge to all of them") {
  swim::Outbox outbox;
  outbox.measures = {{Stat::changes_applied, 1, Status::alive},
                     {Stat::changes_applied, 1, Status::suspect},
                     {Stat::changes_applied, 1, Status::alive}};
  CHECK(datagrams(outbox) == Lines{"p.membership-set.alive:1|c", "p.membership-set.suspect:1|c",
                                   "p.membership-set.alive:1|c", "p.changes.apply:3|g", "p.updates:3|c"});
}

TEST_CASE("what the core tells or sends counts too where Ringpop counts it") {
  swim::Outbox outbox;
  outbox.notices = {swim::Refuted{5}, swim::FullSync{"a", false, 3}, swim::FullSync{"a", true, 3},
                    swim::JoinComplete{2}, swim::ProbeFailed{"a"}};
  outbox.sends.push_back({CallId{1}, "a", ringpop::Ping{}, never});
  outbox.sends.push_back({CallId{2}, "a", ringpop::PingReq{}, never});
  outbox.sends.push_back({CallId{3}, "a", ringpop::Join{}, never});
  CHECK(datagrams(outbox) == Lines{"p.refuted-update:1|c", "p.full-sync:1|c", "p.ping.send:1|c"});
  CHECK(datagrams({}).empty());
}

TEST_CASE("what a peer asks is counted as received") {
  CHECK(statsd_datagram("p", ringpop_stat(ringpop::Join{})) == "p.join.recv:1|c");
  CHECK(statsd_datagram("p", ringpop_stat(ringpop::Ping{})) == "p.ping.recv:1|c");
  CHECK(statsd_datagram("p", ringpop_stat(ringpop::PingReq{})) == "p.ping-req.recv:1|c");
}

TEST_CASE("times are milliseconds to the microsecond, and no number has a sign") {
  const auto ping = [](std::int64_t us) { return statsd_datagram("a.b", {RingpopStat::ping, us}); };
  CHECK(ping(0) == "a.b.ping:0.000|ms");
  CHECK(ping(999) == "a.b.ping:0.999|ms");
  CHECK(ping(1'500'040) == "a.b.ping:1500.040|ms");
  CHECK(ping(-3) == "a.b.ping:0.000|ms");  // a sign would make a gauge of some servers relative
  CHECK(statsd_datagram("p", {RingpopStat::checksum, 4'294'967'295}) == "p.checksum:4294967295|g");
}

TEST_CASE("the prefix is the address as both Ringpops write it") {
  CHECK(ringpop_prefix("10.0.0.1:7601") == "ringpop.10_0_0_1_7601");
  CHECK(ringpop_prefix("[fd00::1]:7601") == "ringpop._fd00__1__7601");
}
