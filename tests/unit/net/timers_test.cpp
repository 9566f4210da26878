// The heap of deadlines against a plain sorted list, and timers over it in a real loop.
#include "daemon/net/timers.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <memory>
#include <vector>

#include "daemon/base/rng.hpp"

using namespace ringside;

TEST_CASE("deadlines come out in order, whatever was moved and cancelled in between") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    INFO("seed " << seed);
    Rng rng(seed);
    DeadlineQueue queue;
    std::vector<std::unique_ptr<DeadlineQueue::Entry>> entries;
    for (int i = 0; i < 40; ++i) entries.push_back(std::make_unique<DeadlineQueue::Entry>());
    for (int step = 0; step < 400; ++step) {
      auto& entry = *entries[rng.below(entries.size())];
      if (rng.chance(1, 3)) {
        queue.cancel(entry);
        REQUIRE_FALSE(entry.queued());
      } else {
        queue.set(entry, Instant(Duration(rng.below(1000))));
      }
      Instant least = never;
      for (const auto& each : entries)
        if (each->queued()) least = std::min(least, each->at());
      REQUIRE(queue.next() == least);
    }
    Instant before{};
    std::size_t left = static_cast<std::size_t>(
        std::count_if(entries.begin(), entries.end(), [](const auto& e) { return e->queued(); }));
    while (DeadlineQueue::Entry* due = queue.pop_due(Instant(Duration(2000)))) {
      REQUIRE(due->at() >= before);
      before = due->at();
      --left;
    }
    CHECK(left == 0);
    CHECK(queue.next() == never);
  }
}

TEST_CASE("a timer fires once, after its time, and not when it was cancelled, moved or destroyed") {
  boost::asio::io_context io{1};
  net::Timers timers(io);
  int fired = 0, cancelled = 0, moved = 0;
  net::Timer first(timers, [&] { ++fired; });
  net::Timer never_fires(timers, [&] { ++cancelled; });
  net::Timer later(timers, [&] { ++moved; });
  auto gone = std::make_unique<net::Timer>(timers, [&] { ++cancelled; });
  const auto start = Clock::now();
  first.after(Millis(20));
  never_fires.after(Millis(10));
  gone->after(Millis(10));
  later.after(Millis(5));
  later.after(Millis(30));
  never_fires.cancel();
  gone.reset();
  while (moved == 0 && io.run_one_for(std::chrono::seconds(5)) > 0) {
  }
  CHECK(fired == 1);
  CHECK(cancelled == 0);
  CHECK(moved == 1);
  CHECK(Clock::now() - start >= Millis(30));
}

TEST_CASE("a timer may set itself and others again from its own callback") {
  boost::asio::io_context io{1};
  net::Timers timers(io);
  int rounds = 0;
  std::unique_ptr<net::Timer> self;
  self = std::make_unique<net::Timer>(timers, [&] {
    if (++rounds < 5) self->after(Millis(1));
  });
  self->after(Millis(1));
  while (rounds < 5 && io.run_one_for(std::chrono::seconds(5)) > 0) {
  }
  CHECK(rounds == 5);
}

TEST_CASE("a timer may be destroyed from its own callback") {
  boost::asio::io_context io{1};
  net::Timers timers(io);
  auto witness = std::make_shared<int>(0);
  std::unique_ptr<net::Timer> self;
  self = std::make_unique<net::Timer>(timers, [&self, witness] {
    self.reset();
    ++*witness;  // under ASan: the captures must still be there
  });
  self->after(Millis(1));
  while (*witness == 0 && io.run_one_for(std::chrono::seconds(5)) > 0) {
  }
  CHECK(*witness == 1);
}
