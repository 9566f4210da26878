// One node on a bench: the test plays the network and the clock. Every input goes through here, so the
// promises of node.hpp are checked in every test: after on_deadline the next deadline is later, ids are
// answered once.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/swim/node.hpp"

namespace ringside::swim {

using namespace std::chrono_literals;
using ringpop::Change;
using ringpop::Status;

inline constexpr const char* me = "10.0.0.1:7601";
inline const WallTime today{std::chrono::sys_days{std::chrono::year(2026) / 11 / 22}};
inline const std::int64_t today_ms = today.time_since_epoch().count();

inline Change say(std::string address, Status status, std::int64_t incarnation, ringpop::Labels labels = {}) {
  return {std::move(address), status, incarnation, "10.0.0.99:7601", 1, std::move(labels)};
}

class Bench {
 public:
  explicit Bench(Config config = {}, WallTime wall = today)
      : now{Instant{}, wall}, node(me, std::move(config), Rng(1), now) {}

  void join(const std::vector<std::string>& seeds) { node.join(now, seeds, fresh()); }
  // Joined through one seed that knows these others too; all alive since yesterday.
  void join_cluster(const std::vector<std::string>& others) {
    join({others.front()});
    std::vector<Change> list;
    for (const auto& address : others) list.push_back(say(address, Status::alive, today_ms - 1000));
    answer(sends<ringpop::Join>().at(0), ringpop::JoinResponse{"ringside", others.front(), list, 0});
    REQUIRE(node.ready());
  }

  ringpop::Response ask(const ringpop::Request& request) {
    const ReplyId id{++last_reply};
    node.on_request(now, id, request, fresh());
    REQUIRE(out.replies.size() == 1);
    CHECK(out.replies[0].to == id);
    return out.replies[0].body;
  }
  ringpop::PingResponse ping(std::vector<Change> changes, std::uint32_t checksum = 0) {
    const auto response = ask(ringpop::Ping{"ringside", "10.0.0.99:7601", 1, checksum, std::move(changes)});
    REQUIRE(std::holds_alternative<ringpop::PingResponse>(response));
    return std::get<ringpop::PingResponse>(response);
  }
  void answer(const Send& send, Result<ringpop::Response> response) {
    CHECK(answered.insert(send.call).second);
    node.on_response(now, send.call, std::move(response), fresh());
  }
  void fail(const Send& send, Errc error = Errc::timed_out) { answer(send, make_error_code(error)); }

  // Moves the clock to the next deadline and lets the node act.
  void tick() {
    REQUIRE(node.next_deadline() != never);
    advance_to(std::max(node.next_deadline(), now.steady));
    node.on_deadline(now, fresh());
    CHECK(node.next_deadline() > now.steady);
  }
  // The process is stopped for so long: the clock goes on, the node does not run.
  void sleep(Duration time) { advance_to(now.steady + time); }
  // Lets `time` pass; all pings meanwhile are answered with nothing new.
  void pass(Duration time) {
    const Instant end = now.steady + time;
    while (node.next_deadline() <= end) {
      tick();
      const auto pings = sends<ringpop::Ping>();
      for (const Send& send : pings) answer(send, ringpop::PingResponse{{}, node.checksum(), send.to, 1});
    }
    advance_to(end);
  }
  // Until it pings `target` (anybody, when empty); the ones before get an empty answer.
  Send next_ping(const std::string& target = "") {
    for (int i = 0; i < 1000; ++i) {
      tick();
      for (const Send& send : sends<ringpop::Ping>()) {
        if (target.empty() || send.to == target) return send;
        answer(send, ringpop::PingResponse{{}, node.checksum(), send.to, 1});
      }
    }
    FAIL("no ping to " << target);
    return {};
  }

  template <class Body>
  [[nodiscard]] std::vector<Send> sends() const {
    std::vector<Send> found;
    std::copy_if(out.sends.begin(), out.sends.end(), std::back_inserter(found),
                 [](const Send& send) { return std::holds_alternative<Body>(send.body); });
    return found;
  }
  template <class Kind>
  [[nodiscard]] std::vector<Kind> notices() const {
    std::vector<Kind> found;
    for (const Notice& notice : out.notices) {
      if (const auto* kind = std::get_if<Kind>(&notice)) found.push_back(*kind);
    }
    return found;
  }
  [[nodiscard]] std::optional<MemberRow> row(const std::string& address) const {
    for (const MemberRow& member : node.members()) {
      if (member.address == address) return member;
    }
    return std::nullopt;
  }
  [[nodiscard]] std::optional<Status> status(const std::string& address) const {
    const auto member = row(address);
    return member ? std::optional(member->status) : std::nullopt;
  }
  Outbox& fresh() {
    out.clear();
    return out;
  }

  Now now;
  Node node;
  Outbox out;  // of the last input
  std::set<CallId> answered;
  std::uint64_t last_reply = 0;

 private:
  void advance_to(Instant later) {
    now.wall += std::chrono::duration_cast<Millis>(later - now.steady);
    now.steady = later;
  }
};

inline const Change* find_change(const std::vector<Change>& changes, const std::string& address) {
  const auto at = std::find_if(changes.begin(), changes.end(),
                               [&](const Change& change) { return change.address == address; });
  return at == changes.end() ? nullptr : &*at;
}

}  // namespace ringside::swim
