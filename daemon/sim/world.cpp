// See world.hpp.
#include "daemon/sim/world.hpp"

#include <algorithm>
#include <cassert>

#include "daemon/sim/describe.hpp"
#include "daemon/swim/member.hpp"
#include "daemon/swim/ring_input.hpp"

namespace ringside::sim {
namespace {

constexpr std::uint32_t ring_points = 100;
constexpr WallTime first_day{std::chrono::sys_days{std::chrono::year(2026) / 1 / 1}};

// What the trace hash keeps of each step.
enum class Step : std::uint8_t { start, kill, send, arrive, reply, complete, wake, notice, app };

}  // namespace

World::World(std::uint64_t seed) : rng_(seed), network_(rng_.fork()) {}

HostId World::add(std::string address, swim::Config config) {
  const HostId id{static_cast<std::uint32_t>(hosts_.size())};
  places_[address] = id;
  Host& fresh = hosts_.emplace_back();
  fresh.address = std::move(address);
  fresh.config = std::move(config);
  return id;
}

void World::start(HostId id, std::vector<std::string> seeds) {
  Host& h = host(id);
  assert(!h.node);
  trace_.add(Step::start, id.value, now_.time_since_epoch().count());
  ++h.life;
  h.dark = false;
  h.wake_at = never;
  h.node = std::make_unique<swim::Node>(h.address, h.config, rng_.fork(), now_at(h));
  h.seeds = std::move(seeds);
  if (on_start) on_start(id);
  h.node->join(now_at(h), h.seeds, outbox_);
  flush(id);
}

void World::kill(HostId id) {
  Host& h = host(id);
  assert(h.node);
  trace_.add(Step::kill, id.value, now_.time_since_epoch().count());
  h.node.reset();
  h.open.clear();
  const auto asked = std::move(h.asked);
  h.asked.clear();
  for (const auto& [reply_id, caller] : asked)
    answer_later(id, caller, make_error_code(Errc::connection_lost));
  for (const HostId other : running()) break_connection(id, other);
}

void World::power_off(HostId id) {
  Host& h = host(id);
  assert(h.node);
  trace_.add(Step::kill, id.value, now_.time_since_epoch().count());
  h.dark = true;
  h.node.reset();
  h.open.clear();
  h.asked.clear();
}

void World::break_connection(HostId from, HostId at) {
  carry(from, at, [this, at, address = host(from).address] {
    Host& h = host(at);
    if (!h.node) return;
    h.node->connection_lost(now_at(h), address, outbox_);
    flush(at);
  });
}

void World::move(HostId id, std::string address) {
  Host& h = host(id);
  assert(!h.node);
  h.address = std::move(address);
  places_[h.address] = id;
}

void World::freeze(HostId id, Duration time) {
  host(id).frozen_until = now_ + time;
}

void World::thaw(HostId id) {
  host(id).frozen_until = now_;
}

void World::stall(HostId id, Duration time) {
  host(id).stalled_until = now_ + time;
}

void World::slow(HostId id, Duration per_event) {
  host(id).per_event = per_event;
}

void World::stop_gossip(HostId id) {
  host(id).node->stop_gossip();
}

void World::set_clock_offset(HostId id, Millis offset) {
  host(id).clock_offset = offset;
}

void World::leave(HostId id) {
  Host& h = host(id);
  h.node->leave(now_at(h), outbox_);
  flush(id);
}

void World::set_app(HostId id, swim::App app) {
  Host& h = host(id);
  trace_.add(Step::app, id.value, app, now_.time_since_epoch().count());
  h.node->set_app(now_at(h), app, outbox_);
  flush(id);
}

void World::cut(std::span<const HostId> some, std::span<const HostId> others) {
  for (const HostId a : some) {
    for (const HostId b : others) {
      network_.cut(a, b);
      network_.cut(b, a);
    }
  }
}

void World::run_for(Duration time) {
  const Instant end = now_ + time;
  while (queue_.next() <= end) {
    assert(queue_.next() >= now_);
    now_ = queue_.next();
    ++events_;
    queue_.pop()();
  }
  now_ = end;
}

bool World::run_until(const std::function<bool()>& is_so, Duration limit, Duration step) {
  const Instant end = now_ + limit;
  while (!is_so()) {
    if (now_ >= end) return false;
    run_for(std::min(step, end - now_));
  }
  return true;
}

Now World::now_at(const Host& h) const {
  const auto since_start = std::chrono::duration_cast<Millis>(now_ - Instant{});
  return {now_, first_day + since_start + h.clock_offset};
}

void World::when_awake(HostId id, EventQueue::Action action) {
  Host& h = host(id);
  if (h.frozen_until > now_) {  // by then it may be frozen again, or still be busy with what came before
    queue_.plan(h.frozen_until,
                [this, id, action = std::move(action)]() mutable { when_awake(id, std::move(action)); });
    return;
  }
  if (h.per_event > Duration{}) h.frozen_until = now_ + h.per_event;
  action();
}

void World::flush(HostId id) {
  swim::Outbox out = std::exchange(outbox_, {});
  for (const swim::Notice& notice : out.notices) note(id, notice);
  if (on_measure)
    for (const swim::Measure& measure : out.measures) on_measure(id, measure);
  for (swim::Send& message : out.sends) send(id, std::move(message));
  for (swim::Reply& message : out.replies) reply(id, std::move(message));
  const bool heal_due = std::ranges::any_of(
      out.notices, [](const auto& notice) { return std::holds_alternative<swim::HealDue>(notice); });
  if (heal_due) {
    Host& h = host(id);
    h.node->heal(now_at(h), std::nullopt, h.seeds, outbox_);
    return flush(id);
  }
  plan_wake(id);
}

void World::send(HostId from, swim::Send message) {
  Host& h = host(from);
  const Caller caller{from, h.life, message.call};
  h.open.insert(message.call);
  trace_.add(Step::send, now_.time_since_epoch().count(), from.value, message.body.index(),
             fingerprint(message.body));
  if (on_send) on_send(from, message);
  if (trace_line) write_line(from, "-> " + message.to + " " + describe(message.body));
  queue_.plan(message.deadline, [this, caller] {
    when_awake(caller.host, [this, caller] { complete(caller, make_error_code(Errc::timed_out)); });
  });

  const auto place = places_.find(message.to);
  if (place == places_.end()) {  // never heard of: some machine that refuses
    answer_later(from, caller, make_error_code(Errc::refused));
    return;
  }
  const HostId to = place->second;
  if (network_.refuses(from, to)) return answer_later(to, caller, make_error_code(Errc::refused));
  if (network_.breaks()) {
    answer_later(to, caller, make_error_code(Errc::connection_lost));
    return break_connection(to, from);
  }
  if (network_.doubles()) deliver(caller, to, message);
  deliver(caller, to, std::move(message));
}

void World::deliver(Caller caller, HostId to, swim::Send message) {
  carry(caller.host, to, [this, caller, to, message = std::move(message)] { arrive(caller, to, message); });
}

void World::carry(HostId from, HostId to, EventQueue::Action arrival) {
  const auto delay = network_.pass(from, to);
  if (!delay) return;
  queue_.plan(std::max(now_, host(from).stalled_until) + *delay,
              [this, to, arrival = std::move(arrival)]() mutable { let_in(to, std::move(arrival)); });
}

void World::let_in(HostId to, EventQueue::Action arrival) {
  if (host(to).stalled_until > now_) {
    queue_.plan(host(to).stalled_until,
                [this, to, arrival = std::move(arrival)]() mutable { let_in(to, std::move(arrival)); });
    return;
  }
  const Instant thaws = host(to).frozen_until;
  if (thaws > now_) {  // whoever wakes may look at its timers before it reads what has come: the worse case
    queue_.plan(thaws + std::chrono::microseconds(1),
                [this, to, arrival = std::move(arrival)]() mutable { let_in(to, std::move(arrival)); });
    return;
  }
  when_awake(to, std::move(arrival));
}

void World::arrive(Caller caller, HostId at, const swim::Send& message) {
  Host& h = host(at);
  if (h.dark && h.address == message.to) return;
  if (!h.node || h.address != message.to) {
    answer_later(at, caller, make_error_code(Errc::refused));
    return;
  }
  trace_.add(Step::arrive, now_.time_since_epoch().count(), at.value, caller.host.value);
  const ReplyId id{++h.last_reply};
  h.asked.emplace(id, caller);
  h.node->on_request(now_at(h), id, message.body, outbox_);
  flush(at);
}

void World::reply(HostId from, swim::Reply message) {
  Host& h = host(from);
  const auto entry = h.asked.extract(message.to);
  if (entry.empty()) return broken(from, "answered a request twice");
  if (on_reply) on_reply(from, message);
  trace_.add(Step::reply, now_.time_since_epoch().count(), from.value, message.body.index(),
             fingerprint(message.body));
  if (trace_line) write_line(from, "=> " + host(entry.mapped().host).address + " " + describe(message.body));
  answer_later(from, entry.mapped(), std::move(message.body));
}

void World::answer_later(HostId from, Caller caller, Result<ringpop::Response> answer) {
  carry(from, caller.host,
        [this, caller, answer = std::move(answer)]() mutable { complete(caller, std::move(answer)); });
}

void World::complete(Caller caller, Result<ringpop::Response> answer) {
  Host& h = host(caller.host);
  if (!h.node || h.life != caller.life || h.open.erase(caller.call) == 0) return;
  trace_.add(Step::complete, now_.time_since_epoch().count(), caller.host.value, caller.call.value,
             answer.has_value());
  h.node->on_response(now_at(h), caller.call, std::move(answer), outbox_);
  flush(caller.host);
}

void World::plan_wake(HostId id) {
  Host& h = host(id);
  // A suspect's time may be over at the moment in which others confirm it.
  const Instant deadline = std::max(now_, h.node->next_deadline());
  if (deadline >= h.wake_at) return;  // an earlier wake looks again
  h.wake_at = deadline;
  queue_.plan(deadline,
              [this, id, deadline] { when_awake(id, [this, id, deadline] { wake(id, deadline); }); });
}

void World::wake(HostId id, Instant planned) {
  Host& h = host(id);
  if (!h.node || h.wake_at != planned) return;
  h.wake_at = never;
  if (h.node->next_deadline() <= now_) {
    trace_.add(Step::wake, now_.time_since_epoch().count(), id.value);
    h.node->on_deadline(now_at(h), outbox_);
    if (h.node->next_deadline() <= now_) {
      broken(id, "has a deadline that is over, after on_deadline");
      kill(id);  // or it would be woken for ever
      outbox_.clear();
      return;
    }
  }
  flush(id);
}

void World::broken(HostId id, const std::string& what) {
  broken_promises_.push_back(address(id) + " " + what);
}

void World::note(HostId id, const swim::Notice& notice) {
  trace_.add(Step::notice, id.value, notice.index());
  if (trace_line) write_line(id, "!! " + describe(notice));
  if (on_notice) on_notice(id, notice);
}

void World::write_line(HostId id, const std::string& text) const {
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(elapsed()).count();
  trace_line(std::to_string(micros) + "us " + host(id).address + " " + text);
}

std::vector<HostId> World::running() const {
  std::vector<HostId> ids;
  for (std::uint32_t i = 0; i < hosts_.size(); ++i) {
    if (hosts_[i].node) ids.push_back(HostId{i});
  }
  return ids;
}

std::optional<HostId> World::running_at(const std::string& address) const {
  const auto place = places_.find(address);
  const bool runs =
      place != places_.end() && is_running(place->second) && host(place->second).address == address;
  return runs ? std::optional(place->second) : std::nullopt;
}

ring::SnapshotPtr World::ring(HostId id) const {
  const auto members = node(id).members();
  return ring::build(swim::ring_servers(members), ring_points, 1);
}

bool World::converged() const {
  const auto ids = running();
  if (ids.empty()) return false;
  const std::uint32_t checksum = node(ids.front()).checksum();
  const bool agree =
      std::all_of(ids.begin(), ids.end(), [&](HostId id) { return node(id).checksum() == checksum; });
  if (!agree) return false;
  if (std::any_of(ids.begin(), ids.end(), [&](HostId id) { return node(id).unverified_count() > 0; }))
    return false;

  std::set<std::string> members;
  for (const swim::MemberRow& row : node(ids.front()).members()) {
    if (swim::reachable(row.status)) members.insert(row.address);
  }
  return members.size() == ids.size() &&
         std::all_of(ids.begin(), ids.end(), [&](HostId id) { return members.contains(address(id)); });
}

}  // namespace ringside::sim
