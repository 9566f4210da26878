// What a control plane says and promises at its start and end: addresses, seeds that do not answer, phases,
// leaving.
#include <catch2/catch.hpp>

#include "daemon/base/limits.hpp"
#include "daemon/control/advertise.hpp"
#include "daemon/control/phase.hpp"
#include "tests/unit/control/control_support.hpp"

namespace ringside::control::test {
namespace {

using api::Phase;
using ringpop::Status;

TEST_CASE("a port in use is one sentence with the address, the option and what to do") {
  boost::asio::io_context io{1};
  const TestNode first(io, quick_config("a"));
  auto config = quick_config("b");
  config.listen.peer = first.address;
  const TestNode second(io, config);
  CHECK_THAT(second.error, Catch::Contains("cannot listen on " + first.address) &&
                               Catch::Contains("listen.peer") && Catch::Contains("already in use") &&
                               Catch::Contains("another ringside"));
}

TEST_CASE("the advertised address is the configured one, else the listening one, else one of this host") {
  const Address listening{"127.0.0.1", 7601, {}};
  const auto text = [](const Result<Address, std::string>& address) {
    return address ? address->to_string() : address.error();
  };
  CHECK(text(advertised_address("", listening, {})) == "127.0.0.1:7601");
  CHECK(text(advertised_address("10.1.2.3", listening, {})) == "10.1.2.3:7601");
  CHECK(text(advertised_address("10.1.2.3:99", listening, {})) == "10.1.2.3:99");
  CHECK(text(advertised_address("localhost:99", listening, {})) == "127.0.0.1:99");
  CHECK(text(advertised_address("", Address{"::1", 5, {}}, {})) == "[::1]:5");
  const Address any{"0.0.0.0", 7601, {}};
  CHECK(text(advertised_address("", any, {"a-name:1", "127.0.0.1:99"})) == "127.0.0.1:7601");
  for (const std::string bad :
       {"0.0.0.0:1", "unix:/tmp/x", "host:port", "no.such.name.invalid:1", "224.0.0.1:1", "169.254.0.9:1"})
    CHECK_THAT(text(advertised_address(bad, listening, {})),
               Catch::Contains("cannot advertise '" + bad.substr(0, 4)) && Catch::Contains("--advertise"));
}

TEST_CASE("the phase follows from the seeds, the members and leaving, and each reason names the remedy") {
  const PhaseInput ready{
      .round_done = true, .seeds_looked_up = true, .seeds = 2, .known = 2, .min_members = 2};
  CHECK(judge_phase(ready).phase == Phase::ready);
  CHECK(judge_phase(ready).reason.empty());
  struct Row {
    PhaseInput input;
    Phase phase;
    const char* says;
  };
  auto looking = ready, waiting = ready, few = ready, drained = ready, leaving = ready, kept = few;
  looking.seeds_looked_up = false;
  waiting.round_done = false;
  few.known = 1;
  drained.draining = leaving.draining = leaving.leaving = true;
  kept.known = 1;
  kept.was_ready = true;
  for (const auto& [input, phase, says] :
       {Row{looking, Phase::joining, "looked up"}, Row{waiting, Phase::joining, "has not ended"},
        Row{few, Phase::joining, "1 of 2 members are known; start the others"},
        Row{drained, Phase::draining, "ringside drain --cancel"}, Row{leaving, Phase::draining, "leaving"},
        Row{kept, Phase::ready, ""}}) {
    CHECK(judge_phase(input).phase == phase);
    CHECK_THAT(judge_phase(input).reason, Catch::Contains(says));
  }
}

TEST_CASE("a node without seeds is ready at once and owns everything") {
  boost::asio::io_context io{1};
  TestNode node(io, quick_config("solo"));
  node.plane->set_api_listeners({"127.0.0.1:7600"});
  node.plane->start();
  REQUIRE(run_until(io, [&] { return node.view->phase == Phase::ready; }));
  CHECK(node.view->ring->servers().size() == 1);
  CHECK(node.view->name == "solo");
  CHECK(node.view->address == node.address);
  CHECK(node.view->api_listeners == std::vector<std::string>{"127.0.0.1:7600"});
  CHECK(node.view->boot_id.size() == 8);
  CHECK(node.view->members.at(0).self);
  CHECK(node.view->members.at(0).labels.empty());  // internal ones are not shown
  CHECK(node.metrics.members_alive.value() == 1);
  CHECK(node.metrics.ring_servers.value() == 1);
}

TEST_CASE("a node whose seeds do not answer joins nothing, then serves alone and goes on trying") {
  boost::asio::io_context io{1};
  std::string nobody;
  {
    const auto listening = net::ListeningSocket::open(Address{"127.0.0.1", 0, {}}, "test");
    nobody = listening->address().to_string();
  }
  TestNode node(io, quick_config("early", {nobody}));
  node.plane->start();
  CHECK(node.view->phase == Phase::joining);
  CHECK_THAT(node.view->phase_reason, Catch::Contains("join.seeds"));
  REQUIRE(run_until(io, [&] { return node.view->phase == Phase::ready; }));
  CHECK(node.view->ring->servers().size() == 1);

  auto late = quick_config("late");  // the seed comes up after all
  late.listen.peer = nobody;
  TestNode seed(io, late);
  REQUIRE(seed.error.empty());
  seed.plane->start();
  CHECK(run_until(io, [&] { return node.count(Status::alive) == 2 && seed.count(Status::alive) == 2; }, 15s));
}

TEST_CASE("with join.min_members a node promises nothing before it knows that many") {
  boost::asio::io_context io{1};
  auto config = quick_config("a");
  config.join.min_members = 2;
  TestNode a(io, config);
  a.plane->start();
  run_until(io, [&] { return a.view->phase == Phase::ready; }, 200ms);
  CHECK(a.view->phase == Phase::joining);
  CHECK_THAT(a.view->phase_reason, Catch::Contains("1 of 2 members are known"));
  auto other = quick_config("b", {a.address});
  other.join.min_members = 2;
  TestNode b(io, other);
  b.plane->start();
  CHECK(run_until(io, [&] { return a.view->phase == Phase::ready && b.view->phase == Phase::ready; }, 5s));
}

TEST_CASE("a node without an app is a member that owns no keys") {
  boost::asio::io_context io{1};
  TestNode a(io, quick_config("a"));
  a.plane->start();
  auto config = quick_config("router", {a.address});
  config.app.address.clear();
  TestNode router(io, config);
  router.plane->start();
  REQUIRE(run_until(
      io,
      [&] {
        return a.count(Status::leave) == 1 && router.count(Status::alive) == 1 &&
               router.view->phase == Phase::ready;
      },
      5s));
  REQUIRE(a.view->ring->servers().size() == 1);
  REQUIRE(router.view->ring->servers().size() == 1);
  CHECK(a.view->ring->servers()[0].name == "a");
  CHECK(router.view->ring->servers()[0].name == "a");
}

TEST_CASE("a node that leaves tells the others before it is done") {
  boost::asio::io_context io{1};
  TestNode a(io, quick_config("a"));
  a.plane->start();
  TestNode b(io, quick_config("b", {a.address}));
  b.plane->start();
  REQUIRE(run_until(io, [&] { return a.count(Status::alive) == 2 && b.count(Status::alive) == 2; }, 5s));
  b.plane->leave(30s);
  CHECK(b.exits == 0);
  REQUIRE(run_until(io, [&] { return b.exits > 0; }, 5s));
  CHECK(b.view->phase == Phase::draining);
  CHECK(a.count(Status::leave) == 1);
  CHECK(a.view->ring->servers().size() == 1);
}

TEST_CASE("a node alone leaves without waiting for others, and after stop nothing is called") {
  boost::asio::io_context io{1};
  auto config = quick_config("a");
  config.drain.notice = 0ms;
  config.gossip.period = 300ms;
  TestNode a(io, config);
  a.plane->start();
  REQUIRE(run_until(io, [&] { return a.view->phase == Phase::ready; }));
  const Instant start = Clock::now();
  a.plane->leave(30s);
  REQUIRE(run_until(io, [&] { return a.exits > 0; }, 5s));
  CHECK(Clock::now() - start <
        limits::leave_periods * config.gossip.period);  // what it would take to tell others
  a.plane->stop();
  a.view = nullptr;
  io.restart();
  io.run();  // ends by itself: nothing is left that waits
  CHECK(a.view == nullptr);
}

}  // namespace
}  // namespace ringside::control::test
