// Where an instance of `ringside run` keeps what outlives it.
#include "daemon/run/state_folder.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "tests/support/temp_dir.hpp"

using namespace ringside;

namespace {

unsigned mode_of(const std::string& path) {
  struct stat found{};
  REQUIRE(::stat(path.c_str(), &found) == 0);
  return found.st_mode & 0777;
}

}  // namespace

TEST_CASE("each slot of each app has a folder of its own, closed to others") {
  const test::TempDir home;
  const config::Environment environment{{"HOME", "/nowhere"}, {"XDG_STATE_HOME", home.path("state")}};
  const auto first = run::state_folder(environment, "shop", 1);
  REQUIRE(first);
  CHECK(*first == home.path("state/ringside/shop/1"));
  CHECK(mode_of(*first) == 0700);
  CHECK(*run::state_folder(environment, "shop", 2) != *first);
  CHECK(*run::state_folder(environment, "till", 1) != *first);
  CHECK(*run::state_folder(environment, "shop", 1) == *first);  // it may be there
}

TEST_CASE("without XDG_STATE_HOME it is below the home folder, and a relative path does not count") {
  const test::TempDir home;
  const auto folder = run::state_folder({{"XDG_STATE_HOME", "state"}, {"HOME", home.path("h")}}, "shop", 1);
  REQUIRE(folder);
  CHECK(*folder == home.path("h/.local/state/ringside/shop/1"));
}

TEST_CASE("where there is no place for it, it says why") {
  const test::TempDir home;
  std::ofstream(home.path("file")) << "not a folder";
  CHECK_THAT(run::state_folder({}, "shop", 1).error(), Catch::Contains("XDG_STATE_HOME"));
  CHECK_THAT(run::state_folder({{"XDG_STATE_HOME", home.path("file")}}, "shop", 1).error(),
             Catch::Contains("cannot be made") && Catch::Contains(home.path("file")));
}
