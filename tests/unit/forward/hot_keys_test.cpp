#include "daemon/forward/hot_keys.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <string>

#include "daemon/base/rng.hpp"
#include "daemon/ring/hash.hpp"

using namespace ringside;
using forward::HotKeys;

namespace {

void count(HotKeys& keys, const std::string& key) {
  keys.count(key, ring::fingerprint32(key));
}

}  // namespace

TEST_CASE("as long as there are slots, every key is counted exactly") {
  HotKeys keys;
  for (int i = 0; i < 3; ++i) count(keys, "a");
  count(keys, "b");
  const auto sorted = keys.sorted();
  REQUIRE(sorted.size() == 2);
  CHECK((sorted[0].shown() == "a" && sorted[0].count == 3 && sorted[0].error == 0));
  CHECK((sorted[1].shown() == "b" && sorted[1].count == 1 && sorted[1].error == 0));
  CHECK(keys.counted() == 4);
}

TEST_CASE("among ever new keys the hot ones are found, and no count is further off than it says") {
  HotKeys keys;
  Rng rng(3);
  std::map<std::string, std::uint64_t> truth;
  for (int i = 0; i < 50'000; ++i) {
    const auto dice = rng.below(100);
    const std::string key = dice < 10 ? "hot" : dice < 14 ? "warm" : "k" + std::to_string(rng.below(20'000));
    ++truth[key];
    count(keys, key);
  }
  const auto sorted = keys.sorted();
  REQUIRE(sorted.size() == limits::hot_keys);
  CHECK(sorted[0].shown() == "hot");
  CHECK(sorted[1].shown() == "warm");
  for (const auto& slot : sorted) {
    const std::uint64_t real = truth[std::string(slot.shown())];
    CHECK(slot.count >= real);
    CHECK(slot.count - slot.error <= real);
  }
}

TEST_CASE("yesterday's hot key fades") {
  HotKeys keys;
  for (std::uint64_t i = 0; i < HotKeys::halved_after / 4; ++i) count(keys, "yesterday");
  for (std::uint64_t i = 0; i < 2 * HotKeys::halved_after; ++i) count(keys, "today");
  REQUIRE(keys.sorted().size() == 2);
  CHECK(keys.sorted()[0].shown() == "today");
  CHECK(keys.sorted()[1].count < HotKeys::halved_after / 8);
  CHECK(keys.counted() < HotKeys::halved_after);
}

TEST_CASE("of a long key the beginning is kept, and two of another length are two") {
  HotKeys keys;
  const std::string longer(limits::hot_key_bytes + 1, 'k');
  count(keys, longer);
  keys.count(longer + "k", ring::fingerprint32(longer));  // as if the hashes were the same
  REQUIRE(keys.sorted().size() == 2);
  CHECK(keys.sorted()[0].shown() == longer.substr(0, limits::hot_key_bytes));
  CHECK(keys.sorted()[0].bytes == longer.size());
}
