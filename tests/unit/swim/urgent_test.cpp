// News that cannot wait for the next ping: a death is told at once, by whoever declares it or hears of it.
#include "node_support.hpp"

using namespace ringside;
using namespace ringside::swim;

namespace {

const std::vector<std::string> six{"10.0.0.2:7601", "10.0.0.3:7601", "10.0.0.4:7601",
                                   "10.0.0.5:7601", "10.0.0.6:7601", "10.0.0.7:7601"};
const std::string dead = six.front();

Config told_at_once(int fanout = 3) {
  Config config;
  config.death_fanout = fanout;
  return config;
}

std::vector<Send> told_of(const Bench& bench, const std::string& address, Status status) {
  std::vector<Send> found;
  for (const Send& send : bench.sends<ringpop::Ping>()) {
    const Change* change = find_change(std::get<ringpop::Ping>(send.body).changes, address);
    if (change != nullptr && change->status == status) found.push_back(send);
  }
  return found;
}

// Who is told, when something is due at once.
std::vector<Send> told_now(Bench& bench, const std::string& address) {
  if (bench.node.next_deadline() > bench.now.steady) return {};
  bench.tick();
  return told_of(bench, address, Status::faulty);
}

}  // namespace

TEST_CASE("who hears of a death tells so many others at once, each once, and not the dead") {
  const int fanout = GENERATE(1, 3, 20);
  Bench bench(told_at_once(fanout));
  bench.join_cluster(six);
  bench.pass(1s);
  bench.ping({say(dead, Status::faulty, today_ms)});
  std::set<std::string> told;
  for (const Send& send : told_now(bench, dead)) CHECK(told.insert(send.to).second);
  CHECK(told.size() == std::min<std::size_t>(static_cast<std::size_t>(fanout), six.size() - 1));
  CHECK_FALSE(told.contains(dead));
  CHECK_FALSE(told.contains(me));
}

TEST_CASE("who declares a death tells it at once") {
  Bench bench(told_at_once());
  bench.join_cluster(six);
  bench.ping({say(dead, Status::suspect, today_ms)});
  for (int i = 0; i < 1000 && bench.status(dead) == Status::suspect; ++i) {
    bench.tick();
    if (bench.status(dead) == Status::suspect)
      for (const Send& send : bench.sends<ringpop::Ping>())
        bench.answer(send, ringpop::PingResponse{{}, bench.node.checksum(), send.to, 1});
  }
  CHECK(bench.status(dead) == Status::faulty);
  CHECK(told_of(bench, dead, Status::faulty).size() >= 3);
}

TEST_CASE("what comes within a period of the last telling goes with the next one") {
  Bench bench(told_at_once());
  bench.join_cluster(six);
  bench.pass(1s);
  bench.ping({say(six[0], Status::faulty, today_ms)});
  const Instant first = bench.now.steady;
  CHECK(told_now(bench, six[0]).size() == 3);
  bench.sleep(50ms);
  bench.ping({say(six[1], Status::faulty, today_ms)});
  bench.ping({say(six[2], Status::faulty, today_ms)});
  CHECK(told_now(bench, six[1]).size() <= 1);  // the ping of this period
  while (bench.now.steady < first + 200ms) bench.tick();
  CHECK(bench.now.steady == first + 200ms);
  CHECK(told_of(bench, six[1], Status::faulty).size() >= 3);
  CHECK(told_of(bench, six[2], Status::faulty).size() >= 3);
}

TEST_CASE("only a death is told at once: not what is known, what can wait, or what was gone") {
  const auto told_after = [](Config config, std::vector<Change> changes) {
    Bench bench(std::move(config));
    bench.join_cluster(six);
    bench.pass(1s);
    bench.ping({say(six[5], Status::leave, today_ms)});
    bench.ping(std::move(changes));
    return told_now(bench, dead).size();
  };
  CHECK(told_after(told_at_once(), {say(dead, Status::faulty, today_ms)}) == 3);
  CHECK(told_after(told_at_once(0), {say(dead, Status::faulty, today_ms)}) == 0);
  CHECK(told_after(told_at_once(), {say(dead, Status::faulty, today_ms - 2000)}) == 0);
  CHECK(told_after(told_at_once(), {say(dead, Status::leave, today_ms)}) == 0);
  CHECK(told_after(told_at_once(), {say(dead, Status::suspect, today_ms)}) == 0);
  CHECK(told_after(told_at_once(), {say("10.0.0.8:7601", Status::faulty, today_ms)}) == 0);
  CHECK(told_after(told_at_once(), {say(six[5], Status::faulty, today_ms + 1)}) == 0);
}

TEST_CASE("whose gossip has been stopped tells nobody") {
  Bench bench(told_at_once());
  bench.join_cluster(six);
  bench.pass(1s);
  bench.node.stop_gossip();
  bench.ping({say(dead, Status::faulty, today_ms)});
  CHECK(bench.node.next_deadline() > bench.now.steady);
  CHECK(bench.status(dead) == Status::faulty);
}

TEST_CASE("who is told at once and does not answer is accused by none") {
  Bench bench(told_at_once());
  bench.join_cluster(six);
  bench.pass(1s);
  bench.ping({say(dead, Status::faulty, today_ms)});
  const auto told = told_now(bench, dead);
  REQUIRE(told.size() == 3);
  for (const Send& send : told) {
    bench.fail(send);
    CHECK(bench.out.sends.empty());
    CHECK(bench.status(send.to) == Status::alive);
  }
  CHECK(bench.node.health() == 0);
}
