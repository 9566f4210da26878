// The bundle for who is to help, and the archive that it is.
#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "daemon/cli/tar.hpp"
#include "tests/support/api_server.hpp"
#include "tests/support/cli_run.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/view.hpp"

using namespace ringside;
using Catch::Contains;
using Catch::StartsWith;
using test::run_cli;

TEST_CASE("an archive has a head of 512 bytes for each file, and whole blocks") {
  const std::vector<cli::TarFile> files{
      {"a/x.txt", "hello"}, {"a/empty", ""}, {"a/full", std::string(512, 'f')}};
  const std::string bytes = cli::tar(files);
  REQUIRE(bytes.size() == 512 * (2 + 1 + 2 + 2));
  CHECK_THAT(bytes, StartsWith("a/x.txt"));
  CHECK(bytes.substr(100, 8) == std::string("0000600\0", 8));
  CHECK(bytes.substr(124, 12) == std::string("00000000005\0", 12));
  CHECK(bytes.substr(257, 8) == std::string("ustar\0"
                                            "00",
                                            8));
  std::size_t sum = 0;
  for (std::size_t i = 0; i < 512; ++i)
    sum += i >= 148 && i < 156 ? ' ' : static_cast<unsigned char>(bytes[i]);
  CHECK(std::stoul(bytes.substr(148, 6), nullptr, 8) == sum);
  CHECK(bytes.substr(512, 5) == "hello");
  CHECK(bytes.substr(bytes.size() - 1024) == std::string(1024, '\0'));
}

TEST_CASE("a bundle holds every page, or why it could not be had, and nothing is overwritten") {
  const auto view = test::sample_view();
  const test::HttpServer server([view](const std::string& request) {
    return request.starts_with("GET /v1/partitions ")
               ? test::http_answer(api::render({.code = api::Code::forbidden}))
           : request.starts_with("GET /v1/stats ")
               ? std::string("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
               : test::answer_as(view, request);
  });
  const test::TempDir folder;
  const std::string file = folder.path("a.tar");
  const auto run = run_cli({"debug", "bundle", "--file", file, "--addr", server.address()});
  CHECK(run.err.empty());
  CHECK(run.exit == 0);
  CHECK(run.out == file + "\n");
  std::ifstream in(file, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(in), {}};
  for (const char* name :
       {"/self.json", "/members.json", "/ring.json", "/config.json", "/stats.json", "/metrics.txt",
        "/logs.txt", "/events.txt", "/partitions.json.failed", "/versions.json"})
    CHECK_THAT(bytes, Contains(name));
  CHECK_THAT(bytes, StartsWith("ringside-laptop-1-20") && Contains("forbidden: "));
  const auto again = run_cli({"debug", "bundle", "--file", file, "--addr", server.address()});
  CHECK(again.exit == 1);
  CHECK_THAT(again.err, StartsWith("ringside: cannot make " + file + ": "));
  CHECK(run_cli({"debug", "bundle", "--addr", "127.0.0.1:1"}).exit == 3);
  CHECK(run_cli({"debug", "bungle"}).exit == 2);
}
