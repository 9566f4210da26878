#include <catch2/catch.hpp>

#include "tests/support/cli_run.hpp"
#include "tests/support/http_server.hpp"
#include "tests/support/temp_dir.hpp"

using namespace ringside;
using Catch::Contains;
using Catch::StartsWith;
using test::run_cli;

namespace {

const std::string plain_answer =
    "HTTP/1.1 200 OK\r\nRingside-Owner: b\r\nRingside-Hops: 1\r\nContent-Length: 3\r\n\r\n{}\n";

// Runs `call` with these words against a server that gives this answer; `seen` is the request it got.
test::CliRun call(std::vector<std::string> words, const std::string& answer, std::string* seen = nullptr,
                  const std::string& input = {}) {
  std::string request;
  test::CliRun run;
  {
    const test::HttpServer server([&](const std::string& got) {
      request = got;
      return answer;
    });
    words.insert(words.begin(), {"call", "--addr", server.address()});
    run = run_cli(words, {}, input);
  }
  if (seen != nullptr) *seen = request;
  return run;
}

}  // namespace

TEST_CASE("call puts the body on standard output and ringside's fields on standard error") {
  std::string seen;
  const auto run = call({"user/4 2", "/cart?x=1"}, plain_answer, &seen);
  CHECK(run.exit == 0);
  CHECK(run.out == "{}\n");
  CHECK(run.err == "< 200 OK\n< Ringside-Owner: b\n< Ringside-Hops: 1\n");
  CHECK_THAT(seen, StartsWith("GET /v1/route/user%2F4%202/cart?x=1 HTTP/1.1\r\nHost: 127.0.0.1:"));
}

TEST_CASE("call -i prints the head before the body") {
  const auto run = call({"-i", "k", "/"}, plain_answer);
  CHECK(run.out ==
        "HTTP/1.1 200 OK\r\nRingside-Owner: b\r\nRingside-Hops: 1\r\n" +
            std::string(run.out.find("Content-Length") == std::string::npos ? "" : "Content-Length: 3\r\n") +
            "\r\n{}\n");
  CHECK(run.err.empty());
}

TEST_CASE("call sends data from the command line, a file or standard input") {
  const test::TempDir folder;
  const std::string file = folder.write("body", std::string("\0\xFF", 2));
  const std::vector<std::tuple<std::string, std::string, std::string>> table{
      {"a=1", "", "a=1"}, {"@" + file, "", std::string("\0\xFF", 2)}, {"@-", "typed", "typed"}, {"", "", ""}};
  for (const auto& [data, input, body] : table) {
    CAPTURE(data);
    std::string seen;
    CHECK(call({"-d", data, "k", "/"}, plain_answer, &seen, input).exit == 0);
    CHECK_THAT(seen, StartsWith("POST /v1/route/k/ HTTP/1.1\r\n") &&
                         Contains("Content-Type: application/x-www-form-urlencoded\r\n") &&
                         Contains("Content-Length: " + std::to_string(body.size()) + "\r\n"));
    CHECK(seen.substr(seen.find("\r\n\r\n") + 4) == body);
  }
  std::string seen;
  call({"-X", "PUT", "-d", "{}", "-H", "content-type: application/json", "-H", "X-A:b", "k", "/"},
       plain_answer, &seen);
  CHECK_THAT(seen, StartsWith("PUT ") && Contains("content-type: application/json\r\nX-A: b\r\n") &&
                       !Contains("x-www-form"));
}

TEST_CASE("what call cannot send is refused before anything is sent") {
  const std::vector<std::pair<std::vector<std::string>, std::string>> table{
      {{"call", "k", "cart"}, "the path starts with a slash: /cart"},
      {{"call", "k", "/a b"}, "blank"},
      {{"call", "k", "/a\r\nX: y"}, "blank"},
      {{"call", "", "/"}, "the key is empty"},
      {{"call", "k"}, "something is missing"},
      {{"call", "-H", "novalue", "k", "/"}, "'Name: value'"},
      {{"call", "-H", "A: b\r\nC: d", "k", "/"}, "line ends"},
      {{"call", "-H", "Host: x", "k", "/"}, "Host"},
      {{"call", "-H", "content-length: 1", "k", "/"}, "content-length"},
      {{"call", "--timeout", "soon", "k", "/"}, "--timeout"},
  };
  for (const auto& [words, text] : table) {
    const auto run = run_cli(words);
    CAPTURE(run.err);
    CHECK(run.exit == 2);
    CHECK_THAT(run.err, Contains(text));
  }
  const auto no_file = run_cli({"call", "-d", "@/no/such/file", "k", "/"});
  CHECK(no_file.exit == 1);
  CHECK_THAT(no_file.err, Contains("/no/such/file cannot be read"));
}

TEST_CASE("exit 1 for answers from 500 on and for all that ringside answers itself") {
  const auto answer = [](const std::string& status, const std::string& fields) {
    return "HTTP/1.1 " + status + "\r\n" + fields + "Content-Length: 0\r\n\r\n";
  };
  CHECK(call({"k", "/"}, answer("404 Not Found", "")).exit == 0);
  CHECK(call({"k", "/"}, answer("500 Oops", "")).exit == 1);
  CHECK(call({"k", "/"}, answer("421 Misdirected", "Ringside-Error: not_owner\r\n")).exit == 1);

  const std::string problem =
      R"({"code":"app_down","detail":"connection refused","remedy":"Start the app."})";
  const auto run =
      call({"k", "/"}, "HTTP/1.1 503 Unavailable\r\nRingside-Error: app_down\r\nContent-Length: " +
                           std::to_string(problem.size()) + "\r\n\r\n" + problem);
  CHECK(run.exit == 1);
  CHECK(run.out == problem);
  CHECK_THAT(run.err, Contains("ringside: app_down: connection refused. Start the app.\n"));
}

TEST_CASE("answers are read in all their framings, interim ones are skipped") {
  CHECK(call({"k", "/"},
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
            .out == "abcde");
  CHECK(call({"k", "/"}, "HTTP/1.1 200 OK\r\n\r\nto the end").out == "to the end");
  CHECK(call({"k", "/"}, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + plain_answer).out == "{}\n");
  CHECK(call({"-X", "HEAD", "k", "/"}, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n").exit == 0);
  const std::string large(300'000, 'x');
  CHECK(call({"k", "/"}, "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + large).out == large);
}

TEST_CASE("an answer that breaks off or is not HTTP is exit 1 and names the address") {
  const std::vector<std::pair<std::string, std::string>> table{
      {"", "closed the connection before the answer was complete"},
      {"SSH-2.0-OpenSSH_9.2\r\n\r\n", "does not answer in HTTP"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
       "closed the connection before the answer was complete"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "malformed body"},
  };
  for (const auto& [answer, text] : table) {
    const auto run = call({"k", "/"}, answer);
    CAPTURE(run.err);
    CHECK(run.exit == 1);
    CHECK_THAT(run.err, Contains(text) && Contains("what listens at 127.0.0.1:"));
  }
}

TEST_CASE("a server that never answers is exit 5") {
  test::BoundPort silent;
  silent.listen();  // the system accepts, nobody reads
  const auto run = run_cli({"call", "--timeout", "50ms", "--addr", silent.address(), "k", "/"});
  CHECK(run.exit == 5);
  CHECK_THAT(run.err, Contains(silent.address() + " did not answer within 50ms"));
}
