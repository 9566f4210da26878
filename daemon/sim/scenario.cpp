// See scenario.hpp. Once a simulated second it looks at all rings, and only if one has changed.
#include "daemon/sim/scenario.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "daemon/sim/cluster.hpp"
#include "daemon/sim/key_sample.hpp"
#include "daemon/sim/world.hpp"
#include "proto/ringpop/codec.hpp"

namespace ringside::sim {
namespace {

using namespace std::chrono_literals;
using ringpop::Status;

constexpr Duration cold_start_limit = 120s;
constexpr Duration freeze_time = 5s;
constexpr Duration look_every = 1s;
constexpr std::size_t sampled_keys = 200;
constexpr int progress_lines = 10;

std::string name_of(std::size_t number) {
  return "node-" + std::to_string(number);
}

std::string in_seconds(Duration time) {
  const auto tenths = std::chrono::duration_cast<Millis>(time).count() / 100;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

class Run {
 public:
  Run(const Scenario& scenario, const Watcher& watcher)
      : scenario_(scenario),
        watcher_(watcher),
        world_(scenario.seed),
        rng_(scenario.seed ^ 0x5ce9a410U),
        sample_(sampled_keys, scenario.ring_points) {
    world_.trace_line = watcher.trace;
    world_.on_notice = [this](HostId observer, const swim::Notice& notice) { on_notice(observer, notice); };
  }

  Report run() {
    cold_start();
    began_ = world_.elapsed();
    world_.network().set_loss_per_mille(scenario_.loss_per_mille);
    world_.on_send = [this](HostId, const swim::Send& send) {
      report_.gossip_bytes += ringpop::encode(send.body).size();
    };
    world_.on_reply = [this](HostId, const swim::Reply& reply) {
      report_.gossip_bytes += ringpop::encode(reply.body).size();
    };
    int lines = 0;
    while (passed() < scenario_.time) {
      act();
      world_.run_for(std::min(look_every, scenario_.time - passed()));
      report_.node_seconds += world_.running().size();
      look_at_rings();
      if (passed() * progress_lines >= scenario_.time * (lines + 1)) {
        ++lines;
        watcher_.progress(in_seconds(passed()) + " of " + in_seconds(scenario_.time) + ": " +
                          std::to_string(world_.running().size()) + " nodes run, " +
                          std::to_string(report_.false_alarms) + " false alarms, " +
                          std::to_string(world_.events()) + " events");
      }
    }
    settle();
    report_.running_at_end = world_.running().size();
    report_.simulated = world_.elapsed();
    report_.events = world_.events();
    report_.trace_hash = world_.trace_hash();
    return std::move(report_);
  }

 private:
  [[nodiscard]] Duration passed() const { return world_.elapsed() - began_; }

  void cold_start() {
    for (std::size_t i = 0; i < scenario_.nodes; ++i) add_host();
    for (const HostId host : hosts_) {
      world_.start(host, first_addresses(std::min<std::size_t>(3, scenario_.nodes)));
      world_.run_for(1000ms / static_cast<Duration::rep>(scenario_.nodes));
    }
    const Duration started = world_.elapsed();
    if (!world_.run_until([this] { return world_.converged(); }, cold_start_limit)) {
      watcher_.progress("the nodes do not agree " + in_seconds(cold_start_limit) +
                        " after the last one's start");
      return;
    }
    report_.cold_start = world_.elapsed() - started;
    watcher_.progress(std::to_string(scenario_.nodes) + " nodes agree " + in_seconds(*report_.cold_start) +
                      " after the last one's start");
  }

  // A suspicion that happens to be under way when the time is up is no disagreement that lasts. What it costs
  // is not of the time that was asked for.
  void settle() {
    for (const auto& [since, leaver] : leavers_) world_.kill(leaver);
    leavers_.clear();
    world_.on_send = nullptr;
    world_.on_reply = nullptr;
    const Duration end = world_.elapsed();
    if (world_.run_until([this] { return world_.converged(); }, settle_limit))
      report_.agreed_after = world_.elapsed() - end;
  }

  // What was ordered and is due.
  void act() {
    while (killed_ < scenario_.kill && killed_ + 1 < hosts_.size() &&
           passed() >=
               scenario_.time * static_cast<int>(2 * killed_ + 1) / static_cast<int>(2 * scenario_.kill))
      kill_one();
    if (scenario_.partition) act_partition(*scenario_.partition);
    if (scenario_.churn) churn(*scenario_.churn);
    if (scenario_.freeze_per_mille > 0 && passed() >= next_freeze_) {
      next_freeze_ += freeze_time;
      frozen_.clear();
      const std::size_t wanted = std::max<std::size_t>(1, hosts_.size() * scenario_.freeze_per_mille / 1000);
      while (frozen_.size() < std::min(wanted, hosts_.size()))
        frozen_.insert(hosts_[rng_.below(hosts_.size())]);
      for (const HostId host : frozen_) world_.freeze(host, freeze_time);
    }
  }

  void act_partition(const Scenario::Partition& partition) {
    const std::size_t size = hosts_.size() * partition.percent / 100;
    const std::span<const HostId> all(hosts_);
    if (!cut_ && !cut_is_over_ && passed() >= partition.at) {
      cut_ = true;
      first_side_ = size;
      world_.cut(all.first(size), all.subspan(size));
      watcher_.progress(in_seconds(passed()) + ": " + std::to_string(size) + " nodes are cut off from " +
                        std::to_string(hosts_.size() - size));
    } else if (cut_ && passed() >= partition.at + partition.lasts) {
      cut_ = false;
      cut_is_over_ = true;
      world_.network().mend_all();
      watcher_.progress(in_seconds(passed()) + ": the cut has healed");
    }
  }

  void kill_one() {
    const HostId victim = some_running();
    ++killed_;
    report_.detections.push_back({name_of(victim.value), world_.elapsed(), {}, {}, {}});
    dying_[world_.address(victim)] = report_.detections.size() - 1;
    world_.kill(victim);
    watcher_.progress(in_seconds(passed()) + ": " + name_of(victim.value) + " is killed");
  }

  [[nodiscard]] bool cut_apart(HostId a, HostId b) const {
    return cut_ && (a.value < first_side_) != (b.value < first_side_);
  }

  void churn(Duration every) {
    end_leavers();
    for (; passed() >= next_churn_; next_churn_ += every) {
      join_one();  // first: somebody has to be there to join through
      ++report_.joined;
      const HostId leaver = some_running();
      world_.leave(leaver);
      leavers_.emplace_back(world_.elapsed(), leaver);
      ++report_.left;
    }
  }

  HostId add_host() {
    swim::Config config = scenario_.config;
    config.name = name_of(hosts_.size());
    config.app_state = swim::App::ready;
    const auto address = numbered_address(hosts_.size());
    sample_.add({config.name, address, config.weight});
    return hosts_.emplace_back(world_.add(address, config));
  }

  void join_one() {
    std::vector<std::string> seeds;
    for (std::size_t i = 0; i < std::min<std::size_t>(3, scenario_.nodes); ++i)
      seeds.push_back(world_.address(some_running()));
    const HostId joiner = add_host();
    if (cut_) world_.cut(std::span(hosts_).first(first_side_), {&joiner, 1});
    world_.start(joiner, seeds);
  }

  // One that is not on its way out.
  HostId some_running() {
    auto running = world_.running();
    std::erase_if(running, [this](HostId host) {
      return std::ranges::find(leavers_, host, &std::pair<Duration, HostId>::second) != leavers_.end();
    });
    return running[rng_.below(running.size())];
  }

  void end_leavers() {
    for (auto at = leavers_.begin(); at != leavers_.end();) {
      const auto [since, leaver] = *at;
      const Duration passed = world_.elapsed() - since;
      const bool told = world_.node(leaver).pending_changes() == 0;
      const bool over = passed >= scenario_.notice && (told || passed >= scenario_.telling);
      if (over) world_.kill(leaver);
      at = over ? leavers_.erase(at) : std::next(at);
    }
  }

  void on_notice(HostId observer, const swim::Notice& notice) {
    if (!report_.cold_start) return;
    if (std::holds_alternative<swim::RingInputChanged>(notice)) {
      ++report_.ring_changes;
      rings_changed_ = true;
    }
    const auto* change = std::get_if<swim::MemberChanged>(&notice);
    if (change == nullptr || change->before == change->after) return;
    if (!change->before) return;  // whoever joins hears what has befallen others; it has not lost them
    const bool suspect = change->after == Status::suspect;
    const bool faulty = change->after == Status::faulty;
    if (!suspect && !faulty) return;
    if (const auto dead = dying_.find(change->address); dead != dying_.end())
      return note_death(report_.detections[dead->second], faulty);
    const auto subject = world_.running_at(change->address);
    if (!subject) return;
    const bool unreachable =
        frozen_.contains(*subject) || frozen_.contains(observer) || cut_apart(observer, *subject);
    if (suspect) report_.suspicions += unreachable ? 0 : 1;
    if (faulty) (unreachable ? report_.unreachable_lost : report_.false_alarms) += 1;
  }

  void note_death(Detection& detection, bool faulty) const {
    const Duration after = world_.elapsed() - detection.killed;
    if (!detection.suspected) detection.suspected = after;
    if (!faulty) return;
    if (!detection.first) detection.first = after;
    detection.last = after;
  }

  // Whom each node takes for the owner of some keys, and how far they are from agreeing.
  void look_at_rings() {
    if (!rings_changed_) return;
    const auto running = world_.running();
    std::size_t wrong = 0;
    for (std::size_t key = 0; key < sample_.keys(); ++key) {
      std::map<std::optional<std::size_t>, std::size_t> votes;
      for (const HostId id : running) {
        const auto& view = world_.node(id);
        ++votes[sample_.owner(
            key, [&](std::size_t host) { return view.is_in_ring(world_.address(hosts_[host])); })];
      }
      std::size_t most = 0;
      for (const auto& [owner, count] : votes) most = std::max(most, count);
      wrong += running.size() - most;
    }
    note_disagreement(static_cast<std::uint32_t>(wrong * 1000 / (running.size() * sampled_keys)), wrong > 0);
    rings_changed_ = wrong > 0;  // until they agree
  }

  void note_disagreement(std::uint32_t per_mille, bool is_one) {
    if (is_one && !disagree_) report_.disagreements.push_back({passed(), {}, 0});
    if (is_one || disagree_) {
      Disagreement& last = report_.disagreements.back();
      last.lasts = passed() - last.at;
      last.worst_per_mille = std::max(last.worst_per_mille, per_mille);
    }
    disagree_ = is_one;
  }

  const Scenario& scenario_;
  const Watcher& watcher_;
  World world_;
  Rng rng_;
  KeySample sample_;
  std::vector<HostId> hosts_;  // in the order of the sample's servers
  Duration began_{};
  Report report_;
  std::size_t killed_ = 0;
  std::map<std::string, std::size_t> dying_;  // address -> its row in the report
  std::set<HostId> frozen_;
  Duration next_freeze_{}, next_churn_{};
  std::vector<std::pair<Duration, HostId>> leavers_;  // and when they took their leave
  std::size_t first_side_ = 0;                        // of the cut: so many of the hosts
  bool cut_ = false, cut_is_over_ = false;
  bool rings_changed_ = false, disagree_ = false;
};

}  // namespace

Report run_scenario(const Scenario& scenario, const Watcher& watcher) {
  return Run(scenario, watcher).run();
}

}  // namespace ringside::sim
