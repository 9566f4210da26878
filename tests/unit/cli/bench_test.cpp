// bench: what is counted and how long answers took, against a small server; a real cluster is in
// tests/cluster.
#include <atomic>
#include <catch2/catch.hpp>
#include <mutex>
#include <set>

#include "daemon/cli/load.hpp"
#include "tests/support/api_server.hpp"
#include "tests/support/cli_run.hpp"

using namespace ringside;
using namespace std::chrono_literals;
using Catch::Contains;
using test::Json;
using test::run_cli;

namespace {

// Forwards, as the handler says, once it has said that it does.
test::HttpServer::Handler ready_and(const test::HttpServer::Handler& handler) {
  return [handler](const std::string& request) {
    return request.starts_with("GET /v1/outboundz ") ? std::string("HTTP/1.1 204 No Content\r\n\r\n")
                                                     : handler(request);
  };
}

std::string answer(const std::string& status, const std::string& fields) {
  return "HTTP/1.1 " + status + "\r\n" + fields + "Connection: close\r\nContent-Length: 2\r\n\r\nok";
}

}  // namespace

TEST_CASE("percentiles are exact for short times, and to a hundredth for any other") {
  cli::Latencies times;
  CHECK(times.at(500) == 0s);
  for (int i = 1; i <= 100; ++i) times.add(std::chrono::microseconds(i));
  CHECK(times.at(500) == 50us);
  CHECK(times.at(990) == 99us);
  CHECK(times.at(1000) == 100us);
  CHECK(times.longest() == 100us);
  for (const Duration time :
       {Duration(255us), Duration(257us), Duration(1ms), Duration(40ms), Duration(7s), Duration(3h)}) {
    cli::Latencies one;
    one.add(time);
    one.add(time + time);  // so that the longest is none of it
    CHECK(one.at(500) >= time);
    CHECK(one.at(500) <= time + time / 100);
  }
  cli::Latencies huge;
  huge.add(100h);
  CHECK(huge.at(500) <= huge.longest());
}

TEST_CASE("bench counts answers by status and code, and owners, and asks for different keys") {
  std::mutex mutex;
  std::set<std::string> targets;
  const test::HttpServer server(ready_and([&](const std::string& request) {
    const std::lock_guard lock(mutex);
    targets.insert(request.substr(0, request.find(" HTTP")));
    return targets.size() % 2 == 0 ? answer("200 OK", "Ringside-Owner: a\r\n")
                                   : answer("201 Created", "Ringside-Owner: b\r\n");
  }));
  const auto run = run_cli({"bench", "-c", "2", "--duration", "300ms", "--keys", "1000", "--path", "/x?y=1",
                            "-X", "POST", "-o", "json", "--addr", server.address()});
  CHECK(run.exit == 0);
  const Json done = Json::parse(run.out);
  CHECK(done["requests"].get<int>() > 10);
  CHECK(done["failed"] == 0);
  CHECK(done["duration"] == "300ms");
  CHECK(done["results"]["200"].get<int>() + done["results"]["201"].get<int>() == done["requests"]);
  CHECK(done["owners"]["a"].get<int>() + done["owners"]["b"].get<int>() == done["requests"]);
  for (const char* name : {"p50", "p90", "p99", "max"}) CHECK_THAT(done["latency"][name], Contains("ms"));
  CHECK(targets.size() > 5);
  for (const std::string& target : targets)
    CHECK_THAT(target, Catch::StartsWith("POST /v1/route/key:") && Catch::EndsWith("/x?y=1"));
}

TEST_CASE("what fails is counted by its kind, and is exit 1") {
  std::atomic<int> asked = 0;
  const test::HttpServer server(ready_and([&](const std::string&) {
    const int turn = ++asked % 3;
    if (turn == 0) return std::string();  // hangs up
    return turn == 1 ? answer("503 Service Unavailable", "Ringside-Error: no_owner\r\n")
                     : answer("500 No", "");
  }));
  const auto run =
      run_cli({"bench", "--connections", "1", "--duration", "500ms", "--addr", server.address()});
  CHECK(run.exit == 1);
  CHECK_THAT(run.out, Contains("503 no_owner ") && Contains("no answer ") && Contains("500 "));
  CHECK_THAT(run.out, !Contains("OWNER"));
}

TEST_CASE("bench does not measure a node that forwards nothing yet, and wants its flags right") {
  const test::HttpServer server([](const std::string&) { return answer("503 Service Unavailable", ""); });
  const auto run = run_cli({"bench", "--addr", server.address()});
  CHECK(run.exit == 1);
  CHECK_THAT(run.err, Contains("does not forward yet"));
  for (const std::vector<std::string>& flags : std::vector<std::vector<std::string>>{{"--connections", "0"},
                                                                                     {"--connections", "513"},
                                                                                     {"--keys", "0"},
                                                                                     {"--duration", "0"},
                                                                                     {"--duration", "25h"},
                                                                                     {"--path", "x"},
                                                                                     {"--path", "/a b"},
                                                                                     {"--method", "A B"},
                                                                                     {"--method", ""}}) {
    CAPTURE(flags);
    std::vector<std::string> words{"bench"};
    words.insert(words.end(), flags.begin(), flags.end());
    const auto wrong = run_cli(words);
    CHECK(wrong.exit == 2);
    CHECK_THAT(wrong.err, Contains(flags[0]));
  }
}
