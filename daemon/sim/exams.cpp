// See exams.hpp.
#include "daemon/sim/exams.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "daemon/swim/member.hpp"

namespace ringside::sim {
namespace {

using namespace std::chrono_literals;
using ringpop::Status;

class Exams {
 public:
  Exams(World& world, const swim::Config& config) : world_(world), config_(config), before_(world.on_notice) {
    world_.on_notice = [this](HostId observer, const swim::Notice& notice) {
      if (before_) before_(observer, notice);
      if (const auto* change = std::get_if<swim::MemberChanged>(&notice))
        said_.push_back({observer, *change});
    };
    world_.on_send = [this](HostId from, const swim::Send& send) {
      if (std::holds_alternative<ringpop::Ping>(send.body)) ++pings_[{from, send.to}];
    };
  }
  ~Exams() {
    world_.on_notice = before_;
    world_.on_send = nullptr;
  }
  Exams(const Exams&) = delete;
  Exams& operator=(const Exams&) = delete;

  // Each exam builds on the one before; after the first failure the rest says nothing.
  std::vector<std::string> run() {
    (void)(rest() && everybody_is_probed() && a_cut_link_accuses_nobody() &&
           a_refusing_firewall_accuses_nobody() && the_isolated_accuse_nobody() &&
           who_slept_accuses_nobody() && the_dead_go_in_time() && who_returns_is_seen() &&
           the_silent_have_their_time() && who_returns_is_seen() && who_leaves_is_seen() &&
           the_gone_are_forgotten() && nothing_is_left_open());
    return std::move(violations_);
  }

 private:
  bool fail(const std::string& what) {
    violations_.push_back(what);
    return false;
  }

  bool rest() {
    const auto is_calm = [this] {
      return std::ranges::all_of(world_.running(), [this](HostId id) {
        const swim::Node& node = world_.node(id);
        const bool quick =
            std::ranges::all_of(node.period_times(), [](Duration time) { return time < 50ms; });
        return node.health() == 0 && node.pending_changes() == 0 && quick;
      });
    };
    // A probe that began before may still end in a verdict.
    world_.run_for(config_.ping_timeout * (1 + config_.lifeguard.health_max) + config_.ping_req_timeout);
    if (!world_.run_until(is_calm, 300s))
      return fail("no rest: changes are told for ever, or somebody does not recover from its own slowness");
    world_.run_for(3s);
    return true;
  }

  bool agree(Duration limit, const std::string& when) {
    return world_.run_until([this] { return world_.converged(); }, limit) || fail("no single view " + when);
  }

  // All observers have this of the address.
  [[nodiscard]] bool all_say(const std::string& address, Status status) const {
    return std::ranges::all_of(world_.running(), [&](HostId id) {
      if (world_.address(id) == address) return true;
      const auto rows = world_.node(id).members();
      const auto row = std::ranges::find(rows, address, &swim::MemberRow::address);
      return row != rows.end() && row->status == status;
    });
  }

  [[nodiscard]] Duration rounds(int count) const {
    return (config_.period + 15ms) * (count * static_cast<int>(world_.running().size()));
  }

  bool nobody_is_accused(const std::string& when) {
    for (const Said& said : said_) {
      if (said.change.after == Status::suspect || said.change.after == Status::faulty) {
        if (world_.running_at(said.change.address))
          return fail(said.change.address + " was accused by " + said.change.source + " " + when);
      }
    }
    return true;
  }
  bool accuses_nobody(HostId accuser, const std::string& when) {
    for (const Said& said : said_) {
      const bool accuses = said.change.after == Status::suspect || said.change.after == Status::faulty;
      if (accuses && said.observer == accuser && said.change.source == world_.address(accuser) &&
          said.change.before != said.change.after)
        return fail(world_.address(accuser) + " accused " + said.change.address + " " + when);
    }
    return true;
  }

  bool everybody_is_probed() {
    pings_.clear();
    said_.clear();
    world_.run_for(rounds(2) + 4 * config_.period);
    for (const HostId from : world_.running()) {
      for (const HostId to : world_.running()) {
        if (from == to) continue;
        const int count = pings_[{from, world_.address(to)}];
        if (count == 0 || count > 5)
          return fail(world_.address(from) + " pinged " + world_.address(to) + " " + std::to_string(count) +
                      " times in two rounds");
      }
    }
    return nobody_is_accused("in a calm cluster");
  }

  bool a_cut_link_accuses_nobody() {
    const auto ids = world_.running();
    said_.clear();
    world_.network().cut(ids[0], ids[1]);
    world_.network().cut(ids[1], ids[0]);
    world_.run_for(rounds(2) + 8s);
    world_.network().mend_all();
    return nobody_is_accused("when one link was cut") && agree(30s, "after a link was cut");
  }

  bool a_refusing_firewall_accuses_nobody() {
    const auto ids = world_.running();
    said_.clear();
    world_.network().refuse(ids[0], ids[1]);
    world_.run_for(rounds(2) + 8s);
    world_.network().mend_all();
    return nobody_is_accused("when a firewall refused connections between two");
  }

  bool the_isolated_accuse_nobody() {
    const auto ids = world_.running();
    const HostId alone = ids[1];
    said_.clear();
    for (const HostId id : ids)
      if (id != alone) world_.cut(std::span(&alone, 1), std::span(&id, 1));
    world_.run_for(15s);
    world_.network().mend_all();
    return accuses_nobody(alone, "while it heard nobody at all") && agree(60s, "after one was isolated");
  }

  // One falls asleep with a suspect on its mind and wakes long after it should have given it up. The suspect
  // has defended itself meanwhile.
  bool who_slept_accuses_nobody() {
    const auto ids = world_.running();
    const HostId sleeper = ids.back(), suspect = ids.front();
    const auto suspects_it = [&] {
      const auto rows = world_.node(sleeper).members();
      const auto row = std::ranges::find(rows, world_.address(suspect), &swim::MemberRow::address);
      return row != rows.end() && row->status == Status::suspect;
    };
    for (const HostId id : ids)
      if (id != suspect) world_.cut(std::span(&suspect, 1), std::span(&id, 1));
    const bool suspected = world_.run_until(suspects_it, 30s, 10ms);
    world_.network().mend_all();
    if (!suspected) return fail("one that was cut off was not suspected");
    const Duration sleep = config_.suspect_timeout * (1 + config_.lifeguard.suspect_factor);
    world_.freeze(sleeper, sleep);
    world_.run_for(sleep - 1ms);
    said_.clear();
    world_.run_for(1s);
    if (config_.lifeguard.oversleep && !accuses_nobody(sleeper, "for what it missed in its sleep"))
      return false;
    return agree(60s, "after one slept") && rest();
  }

  bool the_dead_go_in_time() {
    dead_ = world_.running().back();
    const std::string address = world_.address(dead_);
    said_.clear();
    const Duration killed = world_.elapsed();
    world_.kill(dead_);
    const Duration limit = config_.proof_of_death ? 500ms : config_.suspect_timeout + rounds(2) + 3s;
    if (!world_.run_until([&] { return all_say(address, Status::faulty); }, limit, 10ms))
      return fail(address + " was killed and is not faulty everywhere in time");
    if (!config_.proof_of_death && world_.elapsed() - killed < config_.suspect_timeout)
      return fail(address + " was killed and faulty before its time as a suspect was over");
    return true;
  }

  bool the_silent_have_their_time() {
    const std::string address = world_.address(dead_);
    const Duration silent = world_.elapsed();
    world_.power_off(dead_);
    const Duration found = rounds(2) + 6 * config_.ping_timeout;
    if (!world_.run_until([&] { return all_say(address, Status::faulty); },
                          config_.suspect_timeout + found + 3s, 10ms))
      return fail(address + " lost its power and is not faulty everywhere in time");
    if (world_.elapsed() - silent < config_.suspect_timeout)
      return fail(address + " was silent and faulty before its time as a suspect was over");
    return true;
  }

  bool who_returns_is_seen() {
    std::vector<std::string> seeds;
    for (const HostId id : world_.running()) seeds.push_back(world_.address(id));
    world_.start(dead_, seeds);
    return agree(5s, "5 s after one came back") && rest();
  }

  bool who_leaves_is_seen() {
    const HostId leaver = world_.running().front();
    left_ = world_.address(leaver);
    world_.leave(leaver);
    if (!world_.run_until([&] { return all_say(left_, Status::leave); }, 3s))
      return fail(left_ + " left and not everybody knows it after 3 s");
    world_.kill(leaver);
    return agree(5s, "after one left");
  }

  bool the_gone_are_forgotten() {
    world_.kill(dead_);
    world_.run_for(config_.suspect_timeout + rounds(2) + 3s + config_.faulty_timeout +
                   config_.tombstone_timeout + 3 * config_.left_ping_pause);
    std::set<std::string> running;
    for (const HostId id : world_.running()) running.insert(world_.address(id));
    for (const HostId id : world_.running()) {
      for (const swim::MemberRow& row : world_.node(id).members()) {
        if (!running.contains(row.address))
          return fail(world_.address(id) + " still has " + row.address + " as " +
                      std::string(to_string(row.status)) + ", which is gone for good");
      }
    }
    return agree(1s, "after the gone were forgotten");
  }

  bool nothing_is_left_open() {
    for (const HostId id : world_.running()) world_.stop_gossip(id);
    world_.run_for(15s);
    // One may look for lost partitions at this very moment; that is over in milliseconds.
    const auto closed = [this](HostId id) { return world_.open_calls(id) + world_.unanswered(id) == 0; };
    world_.run_until([&] { return std::ranges::all_of(world_.running(), closed); }, 1s, 1ms);
    for (const HostId id : world_.running()) {
      if (world_.open_calls(id) > 0) return fail(world_.address(id) + " still waits for an answer");
      if (world_.unanswered(id) > 0) return fail(world_.address(id) + " never answered a request");
    }
    return true;
  }

  struct Said {
    HostId observer;
    swim::MemberChanged change;
  };
  World& world_;
  const swim::Config& config_;
  std::function<void(HostId, const swim::Notice&)> before_;
  std::vector<Said> said_;
  std::map<std::pair<HostId, std::string>, int> pings_;
  HostId dead_{};
  std::string left_;
  std::vector<std::string> violations_;
};

}  // namespace

std::vector<std::string> examine(World& world, const swim::Config& config) {
  return Exams(world, config).run();
}

}  // namespace ringside::sim
