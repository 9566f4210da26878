// A whole cluster in one process: a virtual clock, one queue of events, and hosts that run the production
// swim::Node. The same seed gives the same run to the last bit. It is the shell of the simulated nodes: it
// times calls out at their deadline, refuses connections to the dead, and breaks those that were open when a
// host dies. A host without power is another matter: there nobody refuses.
//
// Single-threaded; knows no real time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "daemon/base/rng.hpp"
#include "daemon/base/time.hpp"
#include "daemon/ring/snapshot.hpp"
#include "daemon/sim/event_queue.hpp"
#include "daemon/sim/network.hpp"
#include "daemon/sim/trace.hpp"
#include "daemon/swim/node.hpp"

namespace ringside::sim {

class World {
 public:
  explicit World(std::uint64_t seed);

  // A host that is not running yet. start() gives it a node, which joins through `seeds`.
  HostId add(std::string address, swim::Config config);
  void start(HostId id, std::vector<std::string> seeds);
  void kill(HostId id);                       // its port refuses connections, and open ones break
  void power_off(HostId id);                  // nobody answers there any more, until start()
  void move(HostId id, std::string address);  // of a host that is not running
  void freeze(HostId id, Duration time);      // it does nothing, and what is sent to it waits
  void thaw(HostId id);
  void stall(HostId id, Duration time);             // its timers run, but nothing gets out of it or into it
  void slow(HostId id, Duration per_event);         // it takes so long over every event
  void set_clock_offset(HostId id, Millis offset);  // of its wall clock
  void stop_gossip(HostId id);
  void leave(HostId id);
  void set_app(HostId id, swim::App app);  // of a running host; start() takes Config::app_state

  // The links between two groups, both ways; or all of them again.
  void cut(std::span<const HostId> some, std::span<const HostId> others);
  [[nodiscard]] Network& network() { return network_; }

  void run_for(Duration time);
  // Looks every `step` whether it is so; false when it has not come about within `limit`.
  bool run_until(const std::function<bool()>& is_so, Duration limit, Duration step = Millis(100));

  [[nodiscard]] Duration elapsed() const { return now_ - Instant{}; }
  [[nodiscard]] std::uint64_t trace_hash() const { return trace_.hash(); }
  [[nodiscard]] std::uint64_t events() const { return events_; }
  [[nodiscard]] std::size_t size() const { return hosts_.size(); }
  [[nodiscard]] std::vector<HostId> running() const;
  [[nodiscard]] std::optional<HostId> running_at(const std::string& address) const;
  [[nodiscard]] std::uint32_t life(HostId id) const { return host(id).life; }
  [[nodiscard]] bool is_running(HostId id) const { return host(id).node != nullptr; }
  [[nodiscard]] const swim::Node& node(HostId id) const { return *host(id).node; }
  [[nodiscard]] const std::string& address(HostId id) const { return host(id).address; }
  [[nodiscard]] const swim::Config& config(HostId id) const { return host(id).config; }
  [[nodiscard]] ring::SnapshotPtr ring(HostId id) const;
  // All running nodes have the same checksum, the reachable members in it are exactly the running nodes, and
  // each has verified all of them: the rings are equal too.
  [[nodiscard]] bool converged() const;

  // Every notice of every node, as it happens. `trace_line` gets one readable line per message and notice.
  std::function<void(HostId, const swim::Notice&)> on_notice;
  std::function<void(const std::string&)> trace_line;
  std::function<void(HostId)> on_start;
  std::function<void(HostId, const swim::Measure&)> on_measure;
  std::function<void(HostId, const swim::Send&)> on_send;
  std::function<void(HostId, const swim::Reply&)> on_reply;

  // Where a node did not keep what node.hpp promises its shell.
  [[nodiscard]] const std::vector<std::string>& broken_promises() const { return broken_promises_; }
  // Calls that are under way, and requests without an answer.
  [[nodiscard]] std::size_t open_calls(HostId id) const { return host(id).open.size(); }
  [[nodiscard]] std::size_t unanswered(HostId id) const { return host(id).asked.size(); }

 private:
  struct Caller {
    HostId host;
    std::uint32_t life;
    CallId call;
  };
  struct Host {
    std::string address;
    swim::Config config;
    std::unique_ptr<swim::Node> node;  // null: not running
    bool dark = false;                 // without power
    std::vector<std::string> seeds;
    std::uint32_t life = 0;  // counts the starts, so that an event of an earlier life is told apart
    Instant wake_at = never;
    Instant frozen_until{};
    Instant stalled_until{};
    Duration per_event{};
    Millis clock_offset{0};
    std::set<CallId> open;            // calls without an answer
    std::map<ReplyId, Caller> asked;  // requests not answered yet
    std::uint64_t last_reply = 0;
  };
  Host& host(HostId id) { return hosts_[id.value]; }
  [[nodiscard]] const Host& host(HostId id) const { return hosts_[id.value]; }
  [[nodiscard]] Now now_at(const Host& host) const;
  // Runs `action` when the host can act: at once, or when it thaws.
  void when_awake(HostId id, EventQueue::Action action);

  void flush(HostId id);
  void send(HostId from, swim::Send send);
  // A message on its way; nothing happens when it is lost.
  void carry(HostId from, HostId to, EventQueue::Action arrival);
  void let_in(HostId to, EventQueue::Action arrival);
  void deliver(Caller caller, HostId to, swim::Send message);
  void arrive(Caller caller, HostId at, const swim::Send& message);
  void reply(HostId from, swim::Reply reply);
  void complete(Caller caller, Result<ringpop::Response> answer);
  // The end of a connection at one of its ends, where it was with whoever was at `address`.
  void break_connection(HostId from, HostId at);
  void answer_later(HostId from, Caller caller, Result<ringpop::Response> answer);
  void plan_wake(HostId id);
  void wake(HostId id, Instant planned);
  void note(HostId id, const swim::Notice& notice);
  void write_line(HostId id, const std::string& text) const;

  void broken(HostId id, const std::string& what);

  Instant now_{};
  std::vector<std::string> broken_promises_;
  std::uint64_t events_ = 0;
  EventQueue queue_;
  Trace trace_;
  Rng rng_;
  Network network_;
  std::vector<Host> hosts_;
  std::map<std::string, HostId> places_;  // who lives, or last lived, at an address
  swim::Outbox outbox_;
};

}  // namespace ringside::sim
