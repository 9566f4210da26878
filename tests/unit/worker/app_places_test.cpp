// The places at the app that workers share, hammered by threads that play the workers.
#include "daemon/worker/app_places.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <semaphore>
#include <thread>
#include <vector>

using namespace ringside::worker;

TEST_CASE("a place that is given back goes to the next worker that waits, else it lies free") {
  AppPlaces places(1, 3);
  std::vector<int> handed(3);
  for (std::size_t i = 0; i < 3; ++i) places.connect(i, [&handed, i] { ++handed[i]; });
  CHECK(places.take());
  CHECK_FALSE(places.take());
  CHECK_FALSE(places.wait(0));
  CHECK_FALSE(places.wait(1));
  CHECK_FALSE(places.give_back(0));  // 1 is next
  CHECK(handed == std::vector<int>{0, 1, 0});
  CHECK_FALSE(places.give_back(1));
  CHECK(handed == std::vector<int>{1, 1, 0});
  CHECK_FALSE(places.wait(0));
  CHECK(places.give_back(0));  // nobody else waits: 0 keeps it
  CHECK_FALSE(places.wait(2));
  places.wait_no_more(2);
  CHECK_FALSE(places.give_back(0));
  CHECK(handed == std::vector<int>{1, 1, 0});
  CHECK(places.wait(2));  // it lay free
}

TEST_CASE("many workers never hold more places than there are, none is lost and nobody waits for ever") {
  constexpr int places_in_all = 2, jobs = 5000;
  constexpr std::size_t workers = 4;
  AppPlaces places(places_in_all, workers);
  std::vector<std::unique_ptr<std::counting_semaphore<>>> handed;
  for (std::size_t i = 0; i < workers; ++i) {
    handed.push_back(std::make_unique<std::counting_semaphore<>>(0));
    places.connect(i, [semaphore = handed.back().get()] { semaphore->release(); });
  }
  std::atomic<int> held = 0, too_many = 0, kept = 0;
  std::vector<std::thread> threads;
  for (std::size_t worker = 0; worker < workers; ++worker)
    threads.emplace_back([&, worker] {
      for (int job = 0; job < jobs; ++job) {
        if (!places.take()) {
          if (places.wait(worker)) {
            places.wait_no_more(worker);
          } else {
            handed[worker]->acquire();
          }
        }
        if (++held > places_in_all) ++too_many;
        --held;
        if (places.give_back(worker)) ++kept;
        while (handed[worker]->try_acquire())
          (void)places.give_back(worker);  // came although we had one by then
      }
    });
  for (auto& thread : threads) thread.join();
  for (std::size_t worker = 0; worker < workers; ++worker)
    while (handed[worker]->try_acquire()) (void)places.give_back(worker);
  CHECK(too_many == 0);
  CHECK(kept == 0);  // nobody waited while it gave one back
  for (int i = 0; i < places_in_all; ++i) CHECK(places.take());
  CHECK_FALSE(places.take());
}
