// A watched file: written in place, replaced by renaming, made later; other files of the folder say nothing.
#include "daemon/net/file_watch.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/temp_dir.hpp"

using namespace ringside;

namespace {

void write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path) << text;
}

}  // namespace

TEST_CASE("a file that is written, replaced or made is reported, other files of its folder are not") {
  boost::asio::io_context io;
  const test::TempDir folder;
  const std::string hosts = folder.path("hosts.json");
  const std::vector<std::string> paths{hosts};
  int changes = 0;
  const net::FileWatch watch(io, paths, [&] { ++changes; });
  // What happened to the files is in the queue of the watch when the calls return: polling is enough.
  const auto after = [&](const auto& act) {
    const int before = changes;
    act();
    io.restart();
    io.poll();
    return changes - before;
  };
  CHECK(after([&] { write(folder.path("other.json"), "[]"); }) == 0);
  CHECK(after([&] { write(hosts, "[]"); }) == 1);
  CHECK(after([&] { write(hosts, "[1]"); }) == 1);
  CHECK(after([&] { std::filesystem::rename(folder.path("other.json"), hosts); }) == 1);
  CHECK(after([] {}) == 0);
}

TEST_CASE("a folder that does not exist is no error: nothing is reported") {
  boost::asio::io_context io;
  const std::vector<std::string> paths{"/nonexistent/folder/hosts.json"};
  const net::FileWatch watch(io, paths, [] { FAIL("nothing can have changed"); });
  io.poll();
}

TEST_CASE("the watch may be ended from its own report") {
  boost::asio::io_context io;
  const test::TempDir folder;
  const std::vector<std::string> paths{folder.path("hosts.json")};
  std::unique_ptr<net::FileWatch> watch;
  watch = std::make_unique<net::FileWatch>(io, paths, [&] { watch.reset(); });
  write(folder.path("hosts.json"), "[]");
  io.poll();
  CHECK(watch == nullptr);
}
