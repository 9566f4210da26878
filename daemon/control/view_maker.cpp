#include "daemon/control/view_maker.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <utility>

#include "daemon/api/events.hpp"
#include "daemon/base/limits.hpp"
#include "daemon/config/about.hpp"
#include "daemon/config/show.hpp"
#include "daemon/control/phase.hpp"
#include "daemon/obs/log.hpp"
#include "daemon/swim/ring_input.hpp"

namespace ringside::control {
namespace {

using ringpop::Status;

constexpr std::string_view internal_prefix = "__";
constexpr std::int64_t members_named = 3;  // in a warning

std::string hex8(std::uint64_t bits) {
  std::array<char, 9> text{};
  std::snprintf(text.data(), text.size(), "%08x", static_cast<unsigned>(bits & 0xffffffff));
  return text.data();
}

WallTime wall_now() {
  return std::chrono::floor<Millis>(std::chrono::system_clock::now());
}

bool in_ring(Status status) {
  return status == Status::alive || status == Status::suspect;
}

api::MemberApp app_of(const swim::MemberRow& row) {
  if (in_ring(row.status)) return api::MemberApp::up;
  if (row.status != Status::leave) return api::MemberApp::unknown;
  switch (row.app) {
    case swim::App::ready: return row.damped ? api::MemberApp::up : api::MemberApp::unknown;
    case swim::App::down: return api::MemberApp::down;
    case swim::App::none: return api::MemberApp::none;
  }
  return api::MemberApp::unknown;
}

api::MemberView shown(const swim::MemberRow& row, const std::string& self, const PeerKinds& kinds) {
  api::MemberView view{row.name, row.address, row.status, row.incarnation, {}, row.address == self};
  view.app = app_of(row);
  view.silent = row.silent;
  view.damped = row.damped;
  view.weight = row.weight;
  view.kind = view.self ? PeerKind::ringside : kinds.of(row.address);
  view.version = view.self ? RINGSIDE_VERSION : kinds.version_of(row.address);
  for (const auto& label : row.labels)
    if (!label.first.starts_with(internal_prefix)) view.labels.push_back(label);
  return view;
}

void set_gauges(const std::vector<swim::MemberRow>& rows, const ring::Snapshot& ring,
                obs::ControlMetrics& metrics) {
  std::array<std::int64_t, 5> counts{};
  for (const auto& row : rows) ++counts[static_cast<std::size_t>(row.status)];
  const auto count = [&](Status status) { return counts[static_cast<std::size_t>(status)]; };
  metrics.members_alive.set(count(Status::alive));
  metrics.members_suspect.set(count(Status::suspect));
  metrics.members_faulty.set(count(Status::faulty));
  metrics.members_leave.set(count(Status::leave));
  metrics.members_tombstone.set(count(Status::tombstone));
  metrics.members_unverified.set(
      std::ranges::count_if(rows, [](const auto& row) { return row.unverified && in_ring(row.status); }));
  metrics.ring_servers.set(static_cast<std::int64_t>(ring.servers().size()));
}

}  // namespace

ViewMaker::ViewMaker(const config::Config& config, std::uint64_t random_bits)
    : seeds_(config.join.seeds.size()),
      min_members_(config.join.min_members),
      fits_ringpop_node_(config.ring.identity == config::Identity::address && config.node.labels.empty()) {
  constant_.local_health_max = config.gossip.lifeguard.health_max;
  constant_.name = config.node.name;
  constant_.cluster = config.cluster;
  constant_.boot_id = hex8(random_bits);
  constant_.identity = config.ring.identity == config::Identity::name ? "name" : "address";
  constant_.points = config.ring.points;
  constant_.app_settings = config.app;
  constant_.dev = config.dev;
  constant_.serves_metrics = config.observability.metrics;
  constant_.started = wall_now();
  // An index of an earlier life, from which a change a millisecond would be many, is below ours.
  constant_.index = static_cast<std::uint64_t>(constant_.started.time_since_epoch().count());
  constant_.events = std::make_shared<const api::EventLog>();
  constant_.pid = ::getpid();
}

void ViewMaker::set_settings(const config::Config& in_force) {
  constant_.settings = std::make_shared<const api::View::Settings>(api::View::Settings{
      config::show_masked(in_force), config::digest(in_force), config::features(in_force)});
}

api::ViewPtr ViewMaker::make(const swim::Node& node, const Circumstances& circumstances,
                             obs::ControlMetrics& metrics) {
  const auto rows = node.members();
  auto view = std::make_shared<api::View>(constant_);
  view->address = node.self();
  view->app = circumstances.app;
  view->drain = circumstances.drain;
  view->membership_checksum = node.checksum();
  view->local_health = node.health();
  std::size_t known = 0;
  for (const auto& row : rows) {
    view->members.push_back(shown(row, node.self(), circumstances.kinds));
    view->measured[row.address] = {node.rtt(row.address), node.damp_score(circumstances.now, row.address)};
    if (in_ring(row.status) || row.status == Status::leave) ++known;
  }
  if (circumstances.ring_changed || !ring_) build_ring(node, rows, metrics);
  view->ring = ring_;
  view->tenure = tenure_;
  judge(node, circumstances, known, *view);
  warn(*view, metrics);
  tell_of_shares(*view);
  tell_of_namesake(node, *view);
  tell_of_damping(*view);
  set_gauges(rows, *ring_, metrics);
  remember(*view, metrics);
  last_ = view;
  return view;
}

void ViewMaker::remember(api::View& view, obs::ControlMetrics& metrics) const {
  if (!last_) return;  // the template has the first index and an empty log
  view.index = last_->index + (api::looks_the_same(*last_, view) ? 0 : 1);
  auto news = api::what_happened(*last_, view, wall_now());
  metrics.events.add(news.size());
  view.events = news.empty() ? last_->events : last_->events->with(std::move(news));
}

void ViewMaker::build_ring(const swim::Node& node, const std::vector<swim::MemberRow>& rows,
                           obs::ControlMetrics& metrics) {
  auto servers = swim::ring_servers(rows);
  const std::uint64_t version = ring_ ? ring_->version() + 1 : 1;
  ring_ = ring_ ? ring::change(*ring_, std::move(servers), version)
                : ring::build(std::move(servers), static_cast<std::uint32_t>(constant_.points), version);
  // Incarnations are times of the members' own clocks: ours may be behind them.
  std::int64_t seen = 0;
  for (const auto& row : rows) seen = std::max(seen, row.incarnation);
  tenure_ = std::make_shared<const ring::Tenure>(
      tenure_->after(*ring_, node.self(), wall_now().time_since_epoch().count(), seen));
  metrics.ring_changes.add();
  obs::log(obs::Level::info, "ring_changed",
           {{"version", version},
            {"servers", std::uint64_t{ring_->servers().size()}},
            {"checksum", "0x" + hex8(ring_->checksum())}});
}

// ringpop-node knows neither names nor labels: it hashes addresses, and its relays strip labels from what
// they pass on. Both sides would disagree on owners without a word.
void ViewMaker::warn(api::View& view, obs::ControlMetrics& metrics) const {
  std::string strangers;
  std::int64_t count = 0;
  for (const auto& member : view.members) {
    if (fits_ringpop_node_ || member.kind != PeerKind::ringpop_node || !in_ring(member.status)) continue;
    if (++count <= members_named) strangers += (strangers.empty() ? "" : ", ") + member.address;
  }
  metrics.ringpop_node_misfits.set(count);
  if (count == 0) return;
  if (count > members_named) strangers += " and " + std::to_string(count - members_named) + " more";
  view.warnings.push_back(
      {"ringpop_node_peer", "ringpop-node at " + strangers +
                                " hashes addresses and drops labels, this node uses names or labels: the two "
                                "disagree on the owners of keys. Run the whole cluster with ring.identity: "
                                "address and without node.labels"});
}

// Whoever configures a weight or another number of points need not know yet who else will be a member.
void ViewMaker::tell_of_shares(api::View& view) const {
  const api::MemberView* peer = api::ringpop_member(view);
  if (peer == nullptr) return;
  const auto heavy = std::ranges::find_if(view.members, [](const api::MemberView& member) {
    return in_ring(member.status) && member.weight != 1;
  });
  if (heavy != view.members.end())
    complain(view, {"weight_beside_ringpop", heavy->name + " weighs " + std::to_string(heavy->weight) +
                                                 ", and the Ringpop node at " + peer->address +
                                                 " knows no weights: the two disagree on the owners of keys. "
                                                 "Take the weight back: ringside weight 1"});
  if (view.points != limits::ringpop_points)
    complain(view, {"points_beside_ringpop",
                    "this node's ring has " + std::to_string(view.points) +
                        " points for each member, and that of the Ringpop node at " + peer->address +
                        " has 100: the two disagree on the owners of keys. Set ring.points to 100 on all "
                        "members and restart them"});
}

// In the log once, as long as it goes on.
void ViewMaker::complain(api::View& view, api::Warning warning) const {
  const bool told = last_ && std::ranges::any_of(last_->warnings, [&](const api::Warning& other) {
                      return other.code == warning.code;
                    });
  if (!told) obs::log(obs::Level::error, warning.code, {{"cause", warning.detail}});
  view.warnings.push_back(std::move(warning));
}

void ViewMaker::tell_of_namesake(const swim::Node& node, api::View& view) {
  const std::string other = node.yielded_to();
  if (other.empty()) return;
  view.name_conflict = "the live member at " + other + " uses the name '" + view.name +
                       "' too, and this node has left the ring for it; give one of the two another node.name";
  view.warnings.push_back({"name_conflict", view.name_conflict});
}

void ViewMaker::tell_of_damping(api::View& view) {
  const bool damped = std::ranges::any_of(
      view.members, [](const api::MemberView& member) { return member.self && member.damped; });
  if (!damped) return;
  view.warnings.push_back(
      {"damped",
       "this node has come and gone too often and stays out of the ring until its score has fallen to "
       "gossip.damping.reuse; look after what makes it or its app fail"});
}

void ViewMaker::judge(const swim::Node& node, const Circumstances& circumstances, std::size_t known,
                      api::View& view) {
  auto [phase, reason] = judge_phase({.draining = circumstances.drain.state != api::DrainState::none,
                                      .leaving = circumstances.drain.leaving,
                                      .was_ready = was_ready_,
                                      .round_done = node.first_round_done(),
                                      .seeds_looked_up = circumstances.seeds_looked_up,
                                      .seeds = seeds_,
                                      .known = known,
                                      .min_members = min_members_});
  view.phase = phase;
  view.phase_reason = std::move(reason);
  if (phase != api::Phase::ready || std::exchange(was_ready_, true)) return;
  obs::log(obs::Level::info, "serving", {{"address", view.address}, {"members", std::uint64_t{known}}});
  if (known == 1 && !node.ready())
    obs::log(
        obs::Level::warn, "serving_alone",
        {{"cause", "no seed answered"},
         {"meaning", "this node owns every key until it meets another one; it goes on trying"},
         {"remedy", "check that the seeds of join.seeds run and can be reached, or set join.min_members"}});
}

}  // namespace ringside::control
