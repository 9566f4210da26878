// Members that prove themselves by certificates: whose is taken, and whose is not.
#include "daemon/security/certificate.hpp"

#include "tests/unit/security/tls_ends.hpp"

namespace ringside::security::test {
namespace {

using State = TlsSession::State;

CertificateFiles files_of(const Identity& ca, const Identity& member) {
  CertificateFiles files;
  files.ca = ca.certificate;
  files.cert = member.certificate;
  files.key = member.key;
  files.ca_file = "ca.pem";
  files.cert_file = "node.pem";
  files.key_file = "node-key.pem";
  return files;
}

TlsPtr member_of(const Identity& ca, const std::string& name, int days = 10) {
  return *Tls::with_certificates(files_of(ca, *make_member(ca, name, days)), name);
}

struct Pair {
  Pair(const TlsPtr& from, const TlsPtr& to, const std::string& expected = {})
      : client(from->dial(Protocol::http2, expected)), server(to->accept()) {
    shuttle(*client, *server);
  }
  TlsSessionPtr client, server;
};

const Identity& authority() {
  static const Identity made = make_authority("cluster", 10);
  return made;
}

TEST_CASE("members with certificates of one authority connect, and each learns the other's name") {
  const Pair pair(member_of(authority(), "a"), member_of(authority(), "b"), "b");
  REQUIRE(pair.client->state() == State::open);
  REQUIRE(pair.server->state() == State::open);
  CHECK(pair.client->peer_names() == std::vector<std::string>{"b"});
  CHECK(pair.server->peer_names() == std::vector<std::string>{"a"});
}

TEST_CASE("who dials one member and finds another refuses it") {
  const Pair pair(member_of(authority(), "a"), member_of(authority(), "b"), "c");
  CHECK(pair.client->error() == TlsErrc::wrong_name);
  CHECK_THAT(pair.client->why(), Catch::Contains("expected c"));
}

TEST_CASE("a certificate of another authority is refused, from either side") {
  const auto foreign = make_authority("cluster", 10);
  const Pair out(member_of(authority(), "a"), member_of(foreign, "b"));
  CHECK(out.client->error() == TlsErrc::unverified);
  CHECK(out.server->state() == State::failed);
  auto mixed = files_of(authority(), *make_member(foreign, "a", 10));  // trusts ours, is none of us
  const Pair in(*Tls::with_certificates(mixed, "a"), member_of(authority(), "b"));
  CHECK(in.server->error() == TlsErrc::unverified);
  CHECK_THAT(in.server->why(), Catch::Contains("security.tls.ca"));
}

TEST_CASE("a certificate that is over is refused, and the log says that it is") {
  const Pair pair(member_of(authority(), "a"), member_of(authority(), "b", -1));
  CHECK(pair.client->error() == TlsErrc::unverified);
  CHECK_THAT(pair.client->why(), Catch::Contains("expired"));
}

TEST_CASE("a cluster key is no certificate, and the other way round") {
  const auto keyed = Tls::with_keys(keys_of({'1'}));
  const Pair out(keyed, member_of(authority(), "b")), in(member_of(authority(), "a"), keyed);
  for (const auto* session : {out.client.get(), out.server.get(), in.client.get(), in.server.get()})
    CHECK(session->state() == State::failed);
}

TEST_CASE("files that do not go together are refused by name") {
  const auto member = *make_member(authority(), "a", 10);
  const auto wrong = [](CertificateFiles files, const std::string& name = "a") {
    const auto made = Tls::with_certificates(files, name);
    return made ? std::string() : made.error();
  };
  auto files = files_of(authority(), member);
  CHECK(wrong(files).empty());
  CHECK_THAT(wrong(files, "b"),
             Catch::Contains("node.pem is not for this member") && Catch::Contains("cert node b"));
  files.key = make_member(authority(), "a", 10)->key;
  CHECK_THAT(wrong(files), Catch::Contains("node-key.pem is not the key of node.pem"));
  files.key = "x";
  CHECK_THAT(wrong(files), Catch::Contains("node-key.pem holds no private key"));
  files.ca = "x";
  files.key = member.key;
  CHECK_THAT(wrong(files), Catch::Contains("ca.pem holds no certificate"));
  files.cert = "x";
  CHECK_THAT(wrong(files), Catch::Contains("node.pem holds no certificate"));
  CHECK(make_member({member.certificate, authority().key}, "c", 1).error() ==
        "the authority's key is not the one of its certificate");
}

}  // namespace
}  // namespace ringside::security::test
