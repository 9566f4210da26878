// Seeds as operators write them, to addresses. Names are looked up in the hosts file only: no packet leaves.
#include <catch2/catch.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "daemon/net/resolve.hpp"
#include "daemon/net/resolve_names.hpp"
#include "tests/unit/net/tchannel_support.hpp"

namespace ringside::net::test {
namespace {

using Strings = std::vector<std::string>;

Resolved resolve(const Strings& seeds) {
  boost::asio::io_context io{1};
  SeedResolver resolver(io, 5s);
  std::optional<Resolved> result;
  resolver.resolve(seeds, [&](Resolved resolved) { result = std::move(resolved); });
  REQUIRE(!result);  // never from inside resolve()
  REQUIRE(run_until(io, [&] { return result.has_value(); }));
  return *result;
}

struct SeedFile {
  explicit SeedFile(const std::string& text)
      : path(std::filesystem::temp_directory_path() / ("ringside-seeds-" + std::to_string(::getpid()))) {
    std::ofstream(path) << text;
  }
  ~SeedFile() { std::filesystem::remove(path); }
  std::filesystem::path path;
};

TEST_CASE("literal seeds keep their order, get the default port, and stand once") {
  CHECK(resolve({"10.0.0.2:99", "10.0.0.1", "10.0.0.2:99", "[::1]:5", "dns://10.0.0.3:4"}).addresses ==
        Strings{"10.0.0.2:99", "10.0.0.1:7601", "[::1]:5", "10.0.0.3:4"});
  CHECK(resolve({}).addresses.empty());
  CHECK(resolve({}).failures.empty());
}

TEST_CASE("a name gives its IPv4 addresses") {
  CHECK(resolve({"localhost:99"}).addresses == Strings{"127.0.0.1:99"});
  CHECK(resolve({"localhost"}).addresses == Strings{"127.0.0.1:7601"});
  const auto all = resolve({"dns://localhost:99"}).addresses;
  CHECK(std::find(all.begin(), all.end(), "127.0.0.1:99") != all.end());
}

TEST_CASE("a seed that cannot be used is named with its reason, and the others are used") {
  struct Row {
    std::string seed;
    std::string reason;
  };
  const Row row = GENERATE(Row{"host:port", "'port' is not a port number"}, Row{"host:70000", "over 65535"},
                           Row{"unix:/tmp/x", "TCP address"}, Row{"file:/nonexistent/seeds", "cannot read"},
                           Row{"srv://", "name is missing"}, Row{"dns://", "host is missing"},
                           Row{"", "host is missing"}, Row{"::1", "needs brackets"});
  const auto result = resolve({row.seed, "10.0.0.1:1"});
  CHECK(result.addresses == Strings{"10.0.0.1:1"});
  REQUIRE(result.failures.size() == 1);
  CHECK(result.failures[0].first == row.seed);
  CHECK_THAT(result.failures[0].second, Catch::Contains(row.reason));
}

TEST_CASE("a seed file may be Ringpop's JSON or a line each, with comments") {
  const Strings expected{"10.0.0.1:7601", "10.0.0.2:99", "[::1]:7602"};
  const std::string text = GENERATE(as<std::string>{}, R"(["10.0.0.1:7601","10.0.0.2:99","[::1]:7602"])",
                                    "[\n  \"10.0.0.1:7601\" ,\r\n  \"10.0.0.2:99\",\n\"[::1]:7602\"\n]\n",
                                    "# the first rack\n10.0.0.1\n\n  10.0.0.2:99   # the second\n[::1]:7602",
                                    "10.0.0.1 10.0.0.2:99 [::1]:7602");
  CAPTURE(text);
  const SeedFile file(text);
  const auto result = resolve({"file:" + file.path.string()});
  CHECK(result.addresses == expected);
  CHECK(result.failures.empty());
}

TEST_CASE("a seed file with a bad entry gives the good ones and names the bad one") {
  const SeedFile file("10.0.0.1:1\nnot-an-ip:5\n10.0.0.2:1\n");
  const auto result = resolve({"file:" + file.path.string()});
  CHECK(result.addresses == Strings{"10.0.0.1:1", "10.0.0.2:1"});
  REQUIRE(result.failures.size() == 1);
  CHECK_THAT(result.failures[0].second, Catch::Contains("not-an-ip:5"));
  const SeedFile empty("# nothing\n");
  CHECK_THAT(resolve({"file:" + empty.path.string()}).failures.at(0).second,
             Catch::Contains("lists no address"));
}

TEST_CASE("seed files are read whatever they hold") {
  Rng rng(7);
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (std::uint64_t i = rng.below(40); i > 0; --i) text += "[]\",: \n#1a."[rng.below(11)];
    for (const auto& entry : seeds_in_file(text)) CHECK(!entry.empty());
  }
}

TEST_CASE("the answer of a look-up is addresses and at most one reason") {
  const auto answer = read_name_answer("10.0.0.1:1\n!cannot look up x: no\n[::1]:1\n");
  CHECK(answer.addresses == Strings{"10.0.0.1:1", "[::1]:1"});
  CHECK(answer.error == "cannot look up x: no");
  CHECK(read_name_answer("").addresses.empty());
  CHECK(read_name_answer("\n\n").addresses.empty());
}

TEST_CASE("a resolver that goes away, or is asked anew, calls only the last one back") {
  boost::asio::io_context io{1};
  int first = 0, second = 0, third = 0;
  {
    SeedResolver resolver(io, 5s);
    resolver.resolve({"localhost:1"}, [&](const Resolved&) { ++first; });
    resolver.resolve({"10.0.0.1:1"}, [&](const Resolved&) { ++second; });
    REQUIRE(run_until(io, [&] { return second == 1; }));
    resolver.resolve({"localhost:1"}, [&](const Resolved&) { ++third; });
  }
  io.restart();
  io.run_for(50ms);
  CHECK(first == 0);
  CHECK(second == 1);
  CHECK(third == 0);
}

}  // namespace
}  // namespace ringside::net::test
