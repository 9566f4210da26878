// keygen, token, cert, and the token that verbs send.
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "daemon/security/cluster_key.hpp"
#include "daemon/security/tls.hpp"
#include "daemon/security/tokens.hpp"
#include "tests/support/api_server.hpp"
#include "tests/support/cli_run.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/view.hpp"

using namespace ringside;
using Catch::Contains;
using test::run_cli;

namespace {

std::string file_with(const test::TempDir& folder, const std::string& name, const std::string& text) {
  const std::string path = folder.write(name, text);
  ::chmod(path.c_str(), 0600);
  return path;
}

}  // namespace

TEST_CASE("keygen prints a key file, token new a line of a token file") {
  const auto key = run_cli({"keygen"});
  CHECK(key.exit == 0);
  CHECK(security::parse_cluster_keys(key.out).has_value());
  CHECK(run_cli({"keygen"}).out != key.out);
  for (const auto& [words, role] : {std::pair{std::vector<std::string>{"token", "new"}, Role::app},
                                    {std::vector<std::string>{"token", "new", "--role", "ops"}, Role::ops},
                                    {std::vector<std::string>{"token", "new", "--role=read"}, Role::read}}) {
    const auto made = run_cli(words);
    CHECK(made.exit == 0);
    const auto tokens = security::Tokens::parse(made.out);
    REQUIRE(tokens.has_value());
    CHECK(tokens->role_of(*security::strongest_token(made.out)) == role);
  }
  CHECK(run_cli({"token", "old"}).exit == 2);
  CHECK(run_cli({"token", "new", "--role", "king"}).err ==
        "ringside: --role is app, read or ops, not 'king'\n");
}

TEST_CASE("cert makes an authority and certificates that a member can use, and overwrites nothing") {
  const test::TempDir folder;
  const auto cert = [&](std::vector<std::string> words) {
    words.insert(words.begin(), "cert");
    words.insert(words.end(), {"--folder", folder.path("")});
    return run_cli(words);
  };
  CHECK_THAT(cert({"node", "a"}).err, Contains("ringside cert ca"));
  CHECK(cert({"ca"}).exit == 0);
  CHECK(cert({"node", "a"}).exit == 0);
  CHECK_THAT(cert({"node", "a"}).err, Contains("File exists"));
  CHECK(cert({"node", "../a"}).exit == 2);
  security::CertificateFiles files;
  files.ca = security::read_public_file(folder.path("ca.pem"))->text;
  files.cert = security::read_public_file(folder.path("a.pem"))->text;
  files.key = security::read_secret_file(folder.path("a-key.pem"))->text;  // its mode is right, or this fails
  CHECK(security::Tls::with_certificates(files, "a").has_value());
}

TEST_CASE("verbs send the strongest token of --token-file, else of the variable") {
  std::string seen;
  const test::HttpServer server([&](const std::string& request) {
    seen = request;
    return test::answer_as(test::sample_view(), request);
  });
  const test::TempDir folder;
  const std::string weak(20, 'a'), strong(20, 'o');
  const auto both = file_with(folder, "both", weak + "\nops " + strong + "\n");
  const auto one = file_with(folder, "one", weak + "\n");
  CHECK(run_cli({"members", "--addr", server.address(), "--token-file", both}).exit == 0);
  CHECK_THAT(seen, Contains("Ringside-Token: " + strong) && !Contains(weak));
  CHECK(run_cli({"members", "--addr", server.address()}, {{"RINGSIDE_API_TOKEN_FILE", one}}).exit == 0);
  CHECK_THAT(seen, Contains("Ringside-Token: " + weak));
  CHECK(run_cli({"members", "--addr", server.address()}).exit == 0);
  CHECK_THAT(seen, !Contains("Ringside-Token"));
  CHECK_THAT(run_cli({"members", "--token-file", folder.path("none")}).err,
             Contains("--token-file: cannot read"));
}
