#include "daemon/base/stable_sort.hpp"

#include <catch2/catch.hpp>
#include <functional>
#include <string>

using ringside::stable_sort;

TEST_CASE("what is equal keeps its order") {
  std::vector<std::string> words{"dd", "a", "cc", "b", "", "aa", "c"};
  stable_sort(words, [](const std::string& a, const std::string& b) { return a.size() < b.size(); });
  CHECK(words == std::vector<std::string>{"", "a", "b", "c", "dd", "cc", "aa"});
  std::vector<int> none;
  stable_sort(none, std::less{});
  CHECK(none.empty());
}
