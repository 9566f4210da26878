// The file in node.data_dir on a real disk: when it is written, what is done with one that cannot be used,
// and that members which lost everything but these files find each other again.
#include "daemon/control/members_keeper.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "daemon/control/members_file.hpp"
#include "tests/unit/net/tchannel_support.hpp"

namespace ringside::control::test {
namespace {

using net::test::run_until;

namespace fs = std::filesystem;

// A folder that goes with the test.
struct Folder {
  Folder() : path(fs::temp_directory_path() / ("ringside-members-" + std::to_string(::getpid()))) {
    fs::remove_all(path);
    fs::create_directories(path);
  }
  ~Folder() { fs::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] std::string text(const std::string& name = "members") const {
    std::ifstream file(path / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  [[nodiscard]] bool has(const std::string& name) const { return fs::exists(path / name); }
  fs::path path;
};

struct Keeping {
  std::unique_ptr<MembersKeeper> open(const std::string& folder, const std::string& cluster = "shop") {
    return std::make_unique<MembersKeeper>(io, folder, cluster, metrics);
  }
  boost::asio::io_context io{1};
  obs::ControlMetrics metrics;
};

const std::vector<std::string> two{"10.0.0.1:7601", "10.0.0.2:7601"};

}  // namespace

TEST_CASE("several changes in a second are one write; what waits is written at the end; nobody is no news") {
  const Folder folder;
  Keeping k;
  {
    const auto keeper = k.open(folder.path);
    CHECK(keeper->remembered().empty());
    keeper->keep({two.front()});
    keeper->keep(two);
    CHECK(!folder.has("members"));
    REQUIRE(run_until(k.io, [&] { return k.metrics.members_file_written.value() == 1; }));
    CHECK(folder.text() == write_members_file({"shop", two}));
    CHECK(!folder.has("members.new"));
    keeper->keep({});
    keeper->keep({two.back()});
  }
  CHECK(folder.text() == write_members_file({"shop", {two.back()}}));
  CHECK(k.open(folder.path)->remembered() == std::vector{two.back()});
}

TEST_CASE("a file that is damaged or of another cluster is set aside, and a new one is made") {
  const Folder folder;
  Keeping k;
  k.open(folder.path)->keep(two);
  const std::string good = folder.text();
  for (const std::string& text : {good.substr(0, 40), std::string("junk\n"), std::string()}) {
    std::ofstream(folder.path / "members") << text;
    CHECK(k.open(folder.path)->remembered().empty());
    CHECK(!folder.has("members"));
    CHECK(folder.text("members.set-aside") == text);
  }
  k.open(folder.path)->keep(two);
  CHECK(k.open(folder.path, "other")->remembered().empty());
  CHECK(folder.text("members.set-aside") == good);
  k.open(folder.path)->keep(two);
  CHECK(k.open(folder.path)->remembered() == two);
}

TEST_CASE("what cannot be read or written is counted and costs nothing, and neither does no folder at all") {
  const Folder folder;
  Keeping k;
  fs::create_directories(folder.path / "members");  // neither a file, nor replaced by one
  const auto keeper = k.open(folder.path);
  CHECK(keeper->remembered().empty());
  keeper->keep(two);
  REQUIRE(run_until(k.io, [&] { return k.metrics.members_file_failed.value() == 1; }));
  CHECK(!folder.has("members.new"));
  k.open("/dev/null/nowhere")->keep(two);
  k.open("")->keep(two);
}

}  // namespace ringside::control::test
