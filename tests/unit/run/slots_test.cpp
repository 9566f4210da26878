// Instances on one machine: slots, who is seen, and folders that are not to be trusted.
#include "daemon/run/slots.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <optional>

#include "tests/support/temp_dir.hpp"

using namespace ringside;
using Catch::Contains;
using run::Slot;

namespace {

struct Machine {
  test::TempDir folder;
  config::Environment environment{{"XDG_RUNTIME_DIR", folder.path("")}};

  [[nodiscard]] std::optional<Slot> take(const std::string& id = "shop") const {
    auto slot = Slot::take(environment, id);
    REQUIRE(slot.has_value());
    return std::move(*slot);
  }
};

std::string content(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string names(const std::vector<run::Instance>& all) {
  std::string text;
  for (const auto& instance : all) text += (text.empty() ? "" : " ") + instance.name;
  return text;
}

}  // namespace

TEST_CASE("slots count up from 1, and one that was let go is the next one's") {
  const Machine machine;
  auto first = machine.take();
  auto second = machine.take();
  CHECK(first->number() == 1);
  CHECK(second->number() == 2);
  CHECK(machine.take()->number() == 3);
  first.reset();
  CHECK(machine.take()->number() == 1);
  CHECK(machine.take("other")->number() == 1);
}

TEST_CASE("instances see each other while they live and have announced themselves") {
  const Machine machine;
  auto a = machine.take();
  auto b = machine.take();
  const auto hidden = machine.take();
  CHECK(names(a->instances()).empty());
  a->announce({0, "a", "127.0.0.1:1", "http://127.0.0.1:2", 7});
  b->announce({0, "b", "127.0.0.1:3", "", 8});
  const auto seen = b->instances();
  CHECK(names(seen) == "a b");
  CHECK(seen[0] == run::Instance{1, "a", "127.0.0.1:1", "http://127.0.0.1:2", 7});
  a.reset();
  CHECK(names(b->instances()) == "b");  // its file is still there
}

TEST_CASE("the seeds are the addresses of all instances, and a change in the folder can be waited for") {
  const Machine machine;
  auto a = machine.take();
  a->announce({0, "a", "127.0.0.1:1", "", 0});
  a->write_seeds(a->instances());
  CHECK(content(a->seeds_file()) == "127.0.0.1:1\n");
  a->drain_watch();
  auto b = machine.take();
  b->announce({0, "b", "127.0.0.1:3", "", 0});
  char event = 0;
  CHECK(::read(a->watch(), &event, 0) != 0);  // too small for the event that is there
  CHECK(errno == EINVAL);
  a->write_seeds(a->instances());
  CHECK(content(a->seeds_file()) == "127.0.0.1:1\n127.0.0.1:3\n");
}

TEST_CASE("a file that is no instance's is none") {
  const Machine machine;
  const auto a = machine.take();
  auto b = machine.take();
  b->announce({0, "b", "127.0.0.1:3", "", 0});
  const std::string path = machine.folder.path("ringside/shop/2.json");
  const std::string too_long = "{\"peer\":\"127.0.0.1:3\",\"name\":\"" + std::string(4096, 'b') + "\"}";
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("[]"), std::string("{\"peer\":7}"),
        std::string("{\"name\":\"b\",\"peer\":\"nowhere\"}"), too_long}) {
    std::ofstream(path) << text;
    CHECK(a->instances().empty());
  }
}

TEST_CASE("the folder is made for us alone, and one that others may enter is refused") {
  const Machine machine;
  (void)machine.take();
  struct stat found{};
  REQUIRE(::stat(machine.folder.path("ringside/shop").c_str(), &found) == 0);
  CHECK((found.st_mode & 0777) == 0700);
  REQUIRE(::chmod(machine.folder.path("ringside").c_str(), 0755) == 0);
  const auto open = Slot::take(machine.environment, "shop");
  REQUIRE(!open.has_value());
  CHECK_THAT(open.error(), Contains("open to others; chmod 700"));
}

TEST_CASE("a link in place of the folder is refused") {
  const Machine machine;
  std::filesystem::create_directory(machine.folder.path("elsewhere"));
  std::filesystem::create_symlink(machine.folder.path("elsewhere"), machine.folder.path("ringside"));
  const auto slot = Slot::take(machine.environment, "shop");
  REQUIRE(!slot.has_value());
  CHECK_THAT(slot.error(), Contains("is no folder"));
}

TEST_CASE("a machine has 64 slots for one app") {
  const Machine machine;
  std::vector<Slot> all;
  for (int i = 0; i < 64; ++i) all.push_back(*Slot::take(machine.environment, "shop"));
  const auto more = Slot::take(machine.environment, "shop");
  REQUIRE(!more.has_value());
  CHECK_THAT(more.error(), Contains("64 instances") && Contains("--app-id"));
}
