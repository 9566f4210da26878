// Inputs and state changes of a Node. Everything that alters the member list goes through apply() or
// set_self(), so what must follow (gossip, timers, notices) is written once.
#include "daemon/swim/node.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <limits>
#include <utility>

#include "daemon/base/limits.hpp"
#include "daemon/swim/node_state.hpp"

namespace ringside::swim {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t clock_tolerance = Millis(24h).count();
// Beyond this a JavaScript peer cannot count any more; nothing above it is ever believed.
constexpr std::int64_t incarnation_limit = (std::int64_t{1} << 53) - 1 - clock_tolerance;

constexpr const char* nonce_label = "__nonce";  // "__" marks labels that applications cannot set (spec C.7)

std::int64_t wall_ms(Now now) {
  return now.wall.time_since_epoch().count();
}

// The operator's labels plus our identity. A negative label checksum would lose to "no labels", which is what
// a ringpop-node peer relays of us, so a nonce is added that makes it positive. Who uses no labels, for
// ringpop-node's sake, stands as a plain `leave` while its app is down.
ringpop::Labels own_labels(const Config& config, const char* app) {
  ringpop::Labels::List labels = config.labels.list();
  if (!config.name.empty()) labels.emplace_back(ringpop::identity_label, config.name);
  if (labels.empty()) return labels;
  if (config.weight != 1) labels.emplace_back(weight_label, std::to_string(config.weight));
  if (app != nullptr) labels.emplace_back(app_label, app);
  std::sort(labels.begin(), labels.end());
  ringpop::Labels::List with_nonce = labels;
  for (int nonce = 0; config.positive_labels && label_checksum(with_nonce) <= 0; ++nonce) {
    with_nonce = labels;
    with_nonce.emplace_back(nonce_label, std::to_string(nonce));
    std::sort(with_nonce.begin(), with_nonce.end());
  }
  return with_nonce;
}

const char* word_of(App app) {
  switch (app) {
    case App::ready: return nullptr;
    case App::down: return app_is_down;
    case App::none: return app_is_absent;
  }
  return nullptr;
}

Member first_self(const Config& config, Now now) {
  Member me;
  if (config.app_state != App::ready) me.status = ringpop::Status::leave;
  me.labels = own_labels(config, word_of(config.app_state));
  me.label_checksum = label_checksum(me.labels);
  me.incarnation = wall_ms(now);
  return me;
}

}  // namespace

void measure_changes(Stat stat, std::span<const ringpop::Change> changes, Outbox& out) {
  std::array<std::int64_t, 5> counts{};
  for (const ringpop::Change& change : changes) ++counts.at(static_cast<std::size_t>(change.status));
  for (std::size_t i = 0; i < counts.size(); ++i)
    if (counts[i] > 0) out.measures.push_back({stat, counts[i], static_cast<ringpop::Status>(i)});
}

Node::State::State(std::string self_address, Config c, Rng r, Now now)
    : config(std::move(c)),
      rng(r),
      members(std::move(self_address), first_self(config, now), config.members_max),
      born(members.me().incarnation),
      prober(config.period),
      transitions(config),
      left_watch(config.left_ping_pause, config.faulty_timeout),
      health(config.lifeguard.health_max),
      sleep_watch(now.steady, 2 * config.period),
      heard_at(now.steady),
      joiner(config),
      catch_up(config.catch_up, config.period),
      urgent(config.period),
      heal_clock(config),
      newcomer_quota(config.newcomers_max),
      unverified(limits::newcomer_pings),
      doubt(config.heal_doubt),
      own_score(config.damping.half_life),
      flaps(config.damping.half_life, config.members_max),
      was_up(config.app_state == App::ready),
      app(config.app_state),
      app_wanted(config.app_state),
      own_words(words_of(config)) {
  dissemination.record(self_change());  // our first pings carry exactly this (spec D.5)
}

Node::State::Words Node::State::words_of(const Config& config) {
  return {own_labels(config, nullptr), own_labels(config, app_is_down), own_labels(config, app_is_absent),
          own_labels(config, is_damped)};
}

ringpop::Change Node::State::self_change() const {
  const Member& me = members.me();
  return {members.self(), me.status, me.incarnation, members.self(), me.incarnation, me.labels};
}

std::int64_t Node::State::incarnation_max(Now now) const {
  return std::min(std::max(wall_ms(now), highest_joined), incarnation_limit) + clock_tolerance;
}

bool Node::State::apply(Now now, std::span<const ringpop::Change> changes, Learned how,
                        std::string_view teller, Outbox& out) {
  if (how == Learned::by_join && !ready) {
    for (const ringpop::Change& change : changes) {
      highest_joined = std::min(std::max(highest_joined, change.incarnation), incarnation_limit);
    }
  }
  measure_changes(Stat::changes_received, changes, out);
  const auto softened = doubt.soften(now.steady, members, changes);
  if (!softened.empty()) changes = softened;
  // A list is bounded by the members there may be at all.
  const bool counts = how == Learned::by_gossip && !changes.empty() && teller != members.self();
  const std::size_t newcomers_max =
      counts ? newcomer_quota.left(now.steady, teller) : std::numeric_limits<std::size_t>::max();
  // Whom we join through we believe; a list beside that is worth no more than gossip.
  const Newcomers newcomers = !config.verify_newcomers  ? Newcomers::vouched
                              : how == Learned::by_join ? Newcomers::as_told
                                                        : Newcomers::unverified;
  for (const std::string& address : members.in_the_way_of(changes)) forget(now, address, out);
  const Applied applied = members.apply(changes, incarnation_max(now), newcomers_max, newcomers);
  if (counts) newcomer_quota.take(now.steady, teller, applied.newcomers);
  if (dissemination.set_limit(config.piggyback_factor, members.living_count()))
    out.measures.push_back({Stat::piggyback_limit, dissemination.limit()});
  for (const Update& update : applied.updates) {
    const ringpop::Change& change = *update.change;
    if (!update.before) {
      rotation.add(change.address, rng);
      catch_up.grew(now.steady);
      if (!is_vouched(change, newcomers)) unverified.add(now.steady, change.address);
    }
    if (update.returned) flaps.returned(now.steady, name_of(change.address, change.labels));
    if (update.returned ||
        (update.before == ringpop::Status::suspect && change.status == ringpop::Status::alive))
      doubt.returned(now.steady, change.address);
    const bool died = update.before && reachable(*update.before) && change.status == ringpop::Status::faulty;
    if (died && how == Learned::by_gossip && config.death_fanout > 0 && prober.started())
      urgent.add(now.steady);
    spread(change, how);
    start_timer(now, change, how);
    if (change.status == ringpop::Status::leave)
      left_watch.on_left(now.steady, change.address, lives(change.status, change.labels), change.incarnation);
    else
      left_watch.forget(change.address);
    out.notices.emplace_back(MemberChanged{change.address,
                                           std::string(name_of(change.address, change.labels)), update.before,
                                           change.status, change.incarnation, change.source});
    out.measures.push_back({Stat::changes_applied, 1, change.status});
  }
  if (!applied.updates.empty())
    out.measures.push_back({Stat::members_reachable, static_cast<std::int64_t>(members.reachable_count())});
  if (unverified.size() > 0) {
    hold_places(applied.updates);
    take_vouched(now, changes, newcomers, out);
  }
  heal_clock.set_lonely(now.steady, members.faulty_count() > members.living_count());
  note_refused(applied.refused, out);
  if (how == Learned::by_gossip) take_accusations(changes);
  if (applied.ring_changed) out.notices.emplace_back(RingInputChanged{});
  if (applied.refute_above) {
    if (applied.called_faulty) count_own_return(now, out);
    set_self(now, members.me().status, *applied.refute_above, out);
    health.add(1);  // we were silent for somebody
    out.notices.emplace_back(Refuted{members.me().incarnation});
  }
  const bool news = !applied.updates.empty() || applied.refute_above;
  if (config.name.empty() || !ready) return news;  // names met while joining have their turn at its end
  for (const Update& update : applied.updates) meet_namesake(now, update.change->address, out);
  come_back_if_alone_with_name(now, out);
  return news;
}

// Only once the whole batch is known: it tells of the dead and of the successor in any order.
void Node::State::hold_places(std::span<const Update> updates) {
  for (const Update& update : updates) {
    const std::string& address = update.change->address;
    const Member& member = *members.find(address);
    const std::string_view name = name_of(address, member.labels);
    const bool has_died = update.before && reachable(*update.before) && !member.unverified &&
                          member.status == ringpop::Status::faulty;
    if (!has_died || name == address || name == config.name) continue;
    const auto& rows = members.rows();
    const auto successor = std::ranges::find_if(rows, [&](const auto& row) {
      const auto& [other_address, other] = row;
      return unverified.is_promising(other_address) && reachable(other.status) &&
             name_of(other_address, other.labels) == name;
    });
    if (successor == rows.end()) continue;
    members.hold_place(address);
    places.insert_or_assign(successor->address, std::string(name));
  }
}

void Node::State::take_vouched(Now now, std::span<const ringpop::Change> changes, Newcomers newcomers,
                               Outbox& out) {
  for (const ringpop::Change& change : changes) {
    if (is_vouched(change, newcomers)) reached(now, change.address, out);
  }
}

// A suspect of a list goes on without a source: who sent the list is none of its accusers. Nor does what the
// sender says of its own pings.
void Node::State::spread(const ringpop::Change& change, Learned how) {
  if (how == Learned::by_join) return dissemination.forget(change.address);
  ringpop::Change told = change;
  told.unverified = false;
  if (how == Learned::by_list && told.status == ringpop::Status::suspect) told.source.clear();
  dissemination.record(std::move(told));
}

void Node::State::start_timer(Now now, const ringpop::Change& change, Learned how) {
  const std::string_view accuser = how == Learned::by_gossip ? std::string_view(change.source) : "";
  // Neither the suspect nor its first accuser can confirm it.
  const std::size_t others = members.reachable_count() - std::min<std::size_t>(members.reachable_count(), 2);
  transitions.on_status(now.steady, change.address, change.status, change.incarnation, {accuser, others});
}

// Who suspects a suspect too shortens its time, and others have to hear of it: the same change again, with
// another source. Peers that do not count sources see nothing new in it.
void Node::State::take_accusations(std::span<const ringpop::Change> changes) {
  for (const ringpop::Change& change : changes) {
    if (change.status != ringpop::Status::suspect) continue;
    if (!transitions.confirm(change.address, change.incarnation, change.source)) continue;
    dissemination.record(change);
  }
}

void Node::State::watch_sleep(Now now, Outbox& out) {
  if (!config.lifeguard.oversleep) return;
  const Duration late = sleep_watch.overslept(now.steady, std::min(next_deadline(), prober.answer_due()));
  if (late == Duration{}) return;
  transitions.oversleep(now.steady, late, 2 * config.period);
  health.add(1);
  out.notices.emplace_back(Overslept{std::chrono::duration_cast<Millis>(late).count()});
}

void Node::State::declare(Now now, const std::string& address, ringpop::Status status,
                          std::int64_t incarnation, Outbox& out) {
  const Member* member = members.find(address);
  if (member == nullptr) return;
  const ringpop::Change change{address,       status, incarnation, members.self(), members.me().incarnation,
                               member->labels};
  out.measures.push_back({Stat::changes_declared, 1, status});
  apply(now, std::span(&change, 1), Learned::by_gossip, members.self(), out);
}

// A new incarnation of ourselves: higher than our last, than what was said of us and, if our clock allows,
// than those of our past lives (spec C.4).
void Node::State::set_self(Now now, ringpop::Status status, std::int64_t above, Outbox& out) {
  const ringpop::Status before = members.me().status;
  const std::int64_t incarnation = std::max({wall_ms(now), members.me().incarnation + 1, above + 1});
  const bool ring_changed = members.set_self(status, incarnation, labels_in(status));
  dissemination.record(self_change());
  out.measures.push_back({Stat::changes_declared, 1, status});
  out.notices.emplace_back(MemberChanged{members.self(),
                                         std::string(name_of(members.self(), members.me().labels)), before,
                                         status, incarnation, members.self()});
  if (ring_changed) out.notices.emplace_back(RingInputChanged{});
}

// While we stand as `leave`, the labels say why.
const ringpop::Labels& Node::State::labels_in(ringpop::Status status) const {
  if (status != ringpop::Status::leave || left || yielded) return own_words.plain;
  switch (app) {
    case App::ready: return damped ? own_words.damped : own_words.plain;
    case App::down: return own_words.down;
    case App::none: return own_words.none;
  }
  return own_words.plain;
}

// Brings our row to what follows from our wishes: to be in the ring, unless something keeps us out.
void Node::State::settle_self(Now now, Outbox& out) {
  const bool out_of_ring = left || yielded || damped || app != App::ready;
  const auto status = out_of_ring ? ringpop::Status::leave : ringpop::Status::alive;
  const Member& me = members.me();
  if (me.status == status && me.labels == labels_in(status)) return;
  set_self(now, status, 0, out);
  if (out_of_ring || !ready) return;
  for (const std::string& address : namesakes()) meet_namesake(now, address, out);
}

void Node::State::set_app(Now now, App wanted, Outbox& out) {
  app_wanted = wanted;
  if (now.steady >= next_app_change) take_app(now, out);
}

void Node::State::take_app(Now now, Outbox& out) {
  if (app == app_wanted) return;
  app = app_wanted;
  next_app_change = now.steady + config.app_pause;
  if (app == App::ready && std::exchange(was_up, true)) count_own_return(now, out);
  settle_self(now, out);
}

void Node::State::note_refused(const ChangesRefused& refused, Outbox& out) {
  const std::size_t count =
      refused.above_cap + refused.ahead_of_time + refused.bad_address + refused.too_many_new;
  if (count == 0) return;
  out.measures.push_back({Stat::changes_refused, static_cast<std::int64_t>(count)});
  out.notices.emplace_back(refused);
}

void Node::State::run_transition(Now now, const Transitions::Due& due, Outbox& out) {
  switch (due.from) {
    case ringpop::Status::suspect:
      declare(now, due.address, ringpop::Status::faulty, due.incarnation, out);
      return;
    case ringpop::Status::faulty:
      declare(now, due.address, ringpop::Status::tombstone, due.incarnation, out);
      return;
    case ringpop::Status::tombstone:
      forget(now, due.address, out);  // nothing is gossiped; the tombstone has been
      return;
    case ringpop::Status::alive:
    case ringpop::Status::leave: break;
  }
  assert(false && "no timer runs in this state");
}

void Node::State::forget(Now now, const std::string& address, Outbox& out) {
  const Member* member = members.find(address);
  assert(member != nullptr);
  out.notices.emplace_back(MemberChanged{address, std::string(name_of(address, member->labels)),
                                         member->status, std::nullopt, member->incarnation, members.self()});
  members.evict(address);
  transitions.cancel(address);
  rotation.remove(address);
  left_watch.forget(address);
  unverified.remove(now.steady, address);
  give_up_place(address, out);
  dissemination.forget(address);
  inquests.erase(address);
  met.erase(address);
}

void Node::State::call(Purpose purpose, const std::string& to, ringpop::Request body, Instant deadline,
                       Outbox& out) {
  const CallId id{++last_call};
  calls.emplace(id, std::move(purpose));
  out.sends.push_back({id, to, std::move(body), deadline});
}

Instant Node::State::next_deadline() const {
  return std::min({prober.next_deadline(), joiner.next_deadline(), transitions.next_deadline(),
                   urgent.next_deadline(), catch_up.next_deadline(), heal_clock.next_deadline(),
                   next_inquest_ping(), unverified.next_deadline(), reuse_at,
                   app == app_wanted ? never : next_app_change});
}

Node::Node(std::string self, Config config, Rng rng, Now now)
    : state_(std::make_unique<State>(std::move(self), std::move(config), rng, now)) {}
Node::~Node() = default;
Node::Node(Node&&) noexcept = default;
Node& Node::operator=(Node&&) noexcept = default;

void Node::join(Now now, std::span<const std::string> seeds, Outbox& out) {
  state_->join(now, seeds, out);
}

void Node::on_request(Now now, ReplyId id, const ringpop::Request& request, Outbox& out) {
  state_->watch_sleep(now, out);
  state_->heard_at = now.steady;
  std::visit([&](const auto& body) { state_->serve(now, id, body, out); }, request);
}

void Node::on_response(Now now, CallId id, Result<ringpop::Response> answer, Outbox& out) {
  state_->watch_sleep(now, out);
  auto entry = state_->calls.extract(id);
  if (entry.empty()) return;  // a late or second answer
  if (answer) state_->heard_at = now.steady;
  std::visit([&](auto& purpose) { state_->on_answer(now, purpose, answer, out); }, entry.mapped());
}

void Node::on_deadline(Now now, Outbox& out) {
  state_->watch_sleep(now, out);
  while (const auto due = state_->transitions.pop_due(now.steady)) state_->run_transition(now, *due, out);
  if (state_->next_app_change <= now.steady) state_->take_app(now, out);
  if (state_->reuse_at <= now.steady) state_->end_damping(now, out);
  if (state_->joiner.next_deadline() <= now.steady) state_->ask_seeds(now, out);
  if (state_->next_inquest_ping() <= now.steady) state_->run_inquests(now, out);
  if (state_->unverified.next_deadline() <= now.steady) state_->ping_newcomers(now, out);
  if (state_->urgent.next_deadline() <= now.steady) state_->tell_at_once(now, out);
  if (state_->prober.next_deadline() <= now.steady) state_->start_period(now, out);
  if (state_->catch_up.next_deadline() <= now.steady) state_->ask_for_list(now, out);
  if (state_->heal_clock.next_deadline() <= now.steady) state_->consider_heal(now, out);
  assert(state_->next_deadline() > now.steady);
}

void Node::connection_lost(Now now, const std::string& address, Outbox& out) {
  state_->watch_sleep(now, out);
  state_->connection_lost(now, address, out);
}

void Node::leave(Now now, Outbox& out) {
  state_->yielded = false;
  state_->left = true;
  state_->settle_self(now, out);
}

void Node::rejoin(Now now, Outbox& out) {
  state_->yielded = state_->left = false;
  state_->settle_self(now, out);
}

void Node::set_app(Now now, App app, Outbox& out) {
  state_->set_app(now, app, out);
}

void Node::set_words(Now now, ringpop::Labels labels, int weight, Outbox& out) {
  state_->config.labels = std::move(labels);
  state_->config.weight = weight;
  state_->own_words = State::words_of(state_->config);
  state_->settle_self(now, out);
}

void Node::stop_gossip() {
  state_->prober.stop();
}

void Node::start_gossip(Now now) {
  if (state_->ready && !state_->prober.started()) state_->prober.start(now.steady);
}

void Node::tick(Now now, TicketId ticket, Outbox& out) {
  state_->tick(now, ticket, out);
}

std::size_t Node::reap(Now now, Outbox& out) {
  return state_->reap(now, out);
}

void Node::evict(Now now, const std::string& address, Outbox& out) {
  state_->evict(now, address, out);
}

void Node::heal(Now now, std::optional<TicketId> ticket, std::span<const std::string> hosts, Outbox& out) {
  state_->start_heal(now, ticket, hosts, out);
}

void Node::evict_self(Now now, TicketId ticket, Outbox& out) {
  state_->evict_self(now, ticket, out);
}

Instant Node::next_deadline() const {
  return state_->next_deadline();
}
bool Node::ready() const {
  return state_->ready;
}
bool Node::first_round_done() const {
  return state_->first_round_done || state_->ready;
}
const std::string& Node::self() const {
  return state_->members.self();
}
ringpop::Status Node::status() const {
  return state_->members.me().status;
}
bool Node::left() const {
  return state_->left;
}
std::string Node::yielded_to() const {
  if (!state_->yielded) return "";
  const auto others = state_->namesakes();
  return others.empty() ? "" : others.front();
}
std::int64_t Node::incarnation() const {
  return state_->members.me().incarnation;
}
std::vector<MemberRow> Node::members() const {
  auto rows = state_->members.as_rows();
  for (MemberRow& row : rows) row.silent = state_->left_watch.silent(row.address);
  return rows;
}
std::size_t Node::member_count() const {
  return state_->members.rows().size();
}
bool Node::is_in_ring(const std::string& address) const {
  const Member* member = state_->members.find(address);
  return member != nullptr && in_ring(*member);
}
std::optional<Duration> Node::rtt(const std::string& address) const {
  const Member* member = state_->members.find(address);
  if (member == nullptr || member->rtt_micros == 0) return std::nullopt;
  return std::chrono::microseconds(member->rtt_micros);
}
int Node::damp_score(Instant now, const std::string& address) const {
  const Member* member = state_->members.find(address);
  if (member == nullptr) return 0;
  return address == self() ? state_->own_score.at(now)
                           : state_->flaps.score(now, name_of(address, member->labels));
}
std::size_t Node::unverified_count() const {
  if (state_->unverified.size() == 0) return 0;
  return static_cast<std::size_t>(std::ranges::count_if(state_->members.rows(), [](const auto& row) {
    return row.member.unverified && reachable(row.member.status);
  }));
}
std::uint32_t Node::checksum() const {
  return state_->checksum();
}
std::size_t Node::pending_changes() const {
  return state_->dissemination.size();
}
int Node::health() const {
  return state_->health.score();
}
bool Node::gossips() const {
  return state_->prober.started();
}
std::span<const Duration> Node::period_times() const {
  return state_->prober.times();
}

}  // namespace ringside::swim
