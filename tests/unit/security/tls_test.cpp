// TLS between members as a value: settled rules of the handshake, one test each, and bytes through it.
#include "tests/unit/security/tls_ends.hpp"

namespace ringside::security::test {
namespace {

using State = TlsSession::State;

struct Pair {
  Pair(const TlsPtr& client_tls, const TlsPtr& server_tls, Protocol protocol = Protocol::http2,
       std::size_t piece = 1 << 20)
      : client(client_tls->dial(protocol)), server(server_tls->accept()) {
    shuttle(*client, *server, piece);
  }
  TlsSessionPtr client, server;
};

TEST_CASE("two members with the same key open a connection and agree on what is spoken inside") {
  for (const auto protocol : {Protocol::http2, Protocol::gossip, Protocol::calls}) {
    Pair pair(Tls::with_keys(keys_of({'1'})), Tls::with_keys(keys_of({'1'})), protocol);
    REQUIRE(pair.client->state() == State::open);
    REQUIRE(pair.server->state() == State::open);
    CHECK(pair.client->protocol() == protocol);
    CHECK(pair.server->protocol() == protocol);
    CHECK(pair.client->peer_names().empty());
  }
}

TEST_CASE("bytes of any length arrive whole and in order, however the wire cuts them") {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1500}, std::size_t{1} << 20}) {
    Pair pair(Tls::with_keys(keys_of({'1'})), Tls::with_keys(keys_of({'1'})), Protocol::http2, piece);
    for (const std::size_t size :
         {std::size_t{1}, std::size_t{16384}, std::size_t{16385}, std::size_t{70000}}) {
      std::string sent;
      for (std::size_t i = 0; i < size; ++i) sent += static_cast<char>(i * 31 % 251);
      pair.client->write(sent);
      std::string wire;
      pair.client->take_output(wire);
      CHECK(wire.find(sent.substr(0, 16)) == (size < 16 ? wire.find(sent) : std::string::npos));
      std::string got;
      for (std::size_t at = 0; at < wire.size(); at += piece) {
        pair.server->receive(std::string_view(wire).substr(at, piece));
        got += read_all(*pair.server);
      }
      CHECK((got == sent));
    }
  }
}

TEST_CASE("nothing is read before the other side has proved itself") {
  const auto tls = Tls::with_keys(keys_of({'1'}));
  const auto client = tls->dial(Protocol::http2);
  const auto server = Tls::with_keys(keys_of({'1'}))->accept();
  std::string hello, flight;
  client->take_output(hello);
  server->receive(hello);
  server->take_output(flight);
  client->receive(flight);
  REQUIRE(client->state() == State::open);
  CHECK(server->state() == State::handshake);  // its proof is still on the way
  client->write("early");
  CHECK(read_all(*server).empty());
  std::string rest;
  client->take_output(rest);
  server->receive(rest);
  CHECK(read_all(*server) == "early");
}

TEST_CASE("any key of the list is accepted, and the first one is used to dial") {
  const auto both = Tls::with_keys(keys_of({'2', '1'}));
  CHECK(Pair(Tls::with_keys(keys_of({'1'})), both).server->state() == State::open);
  CHECK(Pair(Tls::with_keys(keys_of({'2'})), both).server->state() == State::open);
  CHECK(Pair(both, Tls::with_keys(keys_of({'2'}))).client->state() == State::open);
  const Pair refused(both, Tls::with_keys(keys_of({'1'})));
  CHECK(refused.client->error() == TlsErrc::refused);
}

TEST_CASE("a member with another key is refused, and both ends say which and what to do") {
  const Pair pair(Tls::with_keys(keys_of({'1'})), Tls::with_keys(keys_of({'2'})));
  CHECK(pair.server->error() == TlsErrc::unknown_key);
  CHECK_THAT(pair.server->why(), Catch::Contains("its key id is " + keys_of({'1'})[0].id));
  CHECK_THAT(pair.server->why(), Catch::Contains("security.cluster_key_file"));
  CHECK(pair.client->error() == TlsErrc::refused);
  CHECK_THAT(pair.client->why(), Catch::Contains("security.cluster_key_file"));
}

TEST_CASE("a key of the same id with other bytes is refused") {
  auto other = keys_of({'2'});
  other[0].id = keys_of({'1'})[0].id;
  const Pair pair(Tls::with_keys(other), Tls::with_keys(keys_of({'1'})));
  CHECK(pair.server->state() == State::failed);
  CHECK(pair.client->state() == State::failed);
}

TEST_CASE("a member refuses to talk to itself") {
  const auto tls = Tls::with_keys(keys_of({'1'}));
  const Pair pair(tls, tls);
  CHECK(pair.server->error() == TlsErrc::oneself);
  CHECK(pair.client->state() == State::failed);
}

TEST_CASE("what is no TLS is refused, and named") {
  for (const std::string bytes : {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"}) {
    const auto server = Tls::with_keys(keys_of({'1'}))->accept();
    server->receive(bytes);
    CHECK(server->error() == TlsErrc::not_tls);
    const auto client = Tls::with_keys(keys_of({'1'}))->dial(Protocol::http2);
    std::string hello;
    client->take_output(hello);
    client->receive(bytes);
    CHECK(client->state() == State::failed);
  }
}

TEST_CASE("a connection ends with a farewell that the other side sees") {
  Pair pair(Tls::with_keys(keys_of({'1'})), Tls::with_keys(keys_of({'1'})));
  pair.client->write("last words");
  pair.client->end();
  shuttle(*pair.client, *pair.server);
  CHECK(read_all(*pair.server) == "last words");
  CHECK(pair.server->state() == State::ended);
}

TEST_CASE("one changed bit ends the connection, and the bytes behind it are not given out") {
  Pair pair(Tls::with_keys(keys_of({'1'})), Tls::with_keys(keys_of({'1'})));
  pair.client->write("one");
  std::string wire;
  pair.client->take_output(wire);
  wire[wire.size() / 2] = static_cast<char>(wire[wire.size() / 2] ^ 1);
  pair.server->receive(wire);
  CHECK(read_all(*pair.server).empty());
  CHECK(pair.server->state() == State::failed);
  CHECK(pair.server->error() == TlsErrc::broken);
}

TEST_CASE("the key of a connection is renewed before it has carried too much") {
  const auto tls = Tls::with_keys(keys_of({'1'}), {.records_per_key = 3});
  Pair pair(tls, Tls::with_keys(keys_of({'1'})));
  std::size_t longest = 0, usual = 0;
  for (int i = 0; i < 10; ++i) {
    pair.client->write("x");
    std::string wire;
    pair.client->take_output(wire);
    if (i == 0) usual = wire.size();
    longest = std::max(longest, wire.size());
    pair.server->receive(wire);
    CHECK(read_all(*pair.server) == "x");
  }
  CHECK(longest > usual);  // a KeyUpdate went with it
}

// --- ends that break the rules: raw OpenSSL

struct Raw {
  explicit Raw(bool server) : context(SSL_CTX_new(server ? TLS_server_method() : TLS_client_method())) {}
  ~Raw() {
    SSL_free(ssl);
    SSL_CTX_free(context);
  }
  void start(bool server) {
    ssl = SSL_new(context);
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    server ? SSL_set_accept_state(ssl) : SSL_set_connect_state(ssl);
  }
  // Until neither side says anything; true: this end has opened.
  bool talk_to(TlsSession& other) {
    bool open = false;
    for (int i = 0; i < 10; ++i) {
      open = SSL_do_handshake(ssl) == 1;
      char* bytes = nullptr;
      const long size = BIO_get_mem_data(SSL_get_wbio(ssl), &bytes);
      if (size > 0) other.receive({bytes, static_cast<std::size_t>(size)});
      (void)BIO_reset(SSL_get_wbio(ssl));
      std::string answer;
      other.take_output(answer);
      BIO_write(SSL_get_rbio(ssl), answer.data(), static_cast<int>(answer.size()));
    }
    return open;
  }
  SSL_CTX* context;
  SSL* ssl = nullptr;
};

// A certificate that signs itself, made here.
void self_signed(SSL_CTX* context) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_sign(certificate, key, EVP_sha256());
  REQUIRE(SSL_CTX_use_certificate(context, certificate) == 1);
  REQUIRE(SSL_CTX_use_PrivateKey(context, key) == 1);
  X509_free(certificate);
  EVP_PKEY_free(key);
}

TEST_CASE("a server that shows a certificate instead of the key is refused") {
  Raw rogue(true);
  self_signed(rogue.context);
  rogue.start(true);
  const auto client = Tls::with_keys(keys_of({'1'}))->dial(Protocol::http2);
  CHECK_FALSE(rogue.talk_to(*client));
  CHECK(client->error() == TlsErrc::unverified);
}

TEST_CASE("a client that shows a certificate instead of the key is refused") {
  Raw rogue(false);
  self_signed(rogue.context);
  rogue.start(false);
  const auto server = Tls::with_keys(keys_of({'1'}))->accept();
  CHECK_FALSE(rogue.talk_to(*server));
  CHECK(server->state() == State::failed);
}

// The client of somebody who has the key.
int give_key(SSL* ssl, const EVP_MD*, const unsigned char** id, std::size_t* size, SSL_SESSION** out) {
  static const ClusterKey key = keys_of({'1'})[0];
  static constexpr unsigned char suite[] = {0x13, 0x01};
  *out = SSL_SESSION_new();
  SSL_SESSION_set1_master_key(*out, key.bytes.data(), key.bytes.size());
  SSL_SESSION_set_cipher(*out, SSL_CIPHER_find(ssl, suite));
  SSL_SESSION_set_protocol_version(*out, TLS1_3_VERSION);
  *id = reinterpret_cast<const unsigned char*>(key.id.data());
  *size = key.id.size();
  return 1;
}

struct Insider : Raw {
  explicit Insider(const std::string& protocols) : Raw(false) {
    SSL_CTX_set_psk_use_session_callback(context, give_key);
    if (!protocols.empty())
      SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(protocols.data()),
                              static_cast<unsigned>(protocols.size()));
    server = Tls::with_keys(keys_of({'1'}))->accept();
  }
  TlsSessionPtr server;
};

TEST_CASE("a client with the key and a protocol of ours is let in, one that names another or none is not") {
  Insider good("\x02h2");
  good.start(false);
  CHECK(good.talk_to(*good.server));
  CHECK(good.server->state() == State::open);
  for (const std::string protocols : {"\x08http/1.1", ""}) {
    Insider bad(protocols);
    bad.start(false);
    bad.talk_to(*bad.server);
    CHECK(bad.server->error() == TlsErrc::no_protocol);
  }
}

TEST_CASE("TLS 1.3 is spoken with one suite and with Diffie-Hellman, or not at all") {
  Insider good("\x02h2");
  good.start(false);
  REQUIRE(good.talk_to(*good.server));
  CHECK(std::string(SSL_get_cipher_name(good.ssl)) == "TLS_AES_128_GCM_SHA256");
  Insider old("\x02h2");
  SSL_CTX_set_max_proto_version(old.context, TLS1_2_VERSION);
  old.start(false);
  CHECK_FALSE(old.talk_to(*old.server));
  Insider other("\x02h2");
  SSL_CTX_set_ciphersuites(other.context, "TLS_CHACHA20_POLY1305_SHA256");
  other.start(false);
  CHECK_FALSE(other.talk_to(*other.server));
  Insider group("\x02h2");
  SSL_CTX_set1_groups_list(group.context, "P-256");
  group.start(false);
  CHECK_FALSE(group.talk_to(*group.server));
}

TEST_CASE("no tickets are given out, and early data is not taken") {
  static int tickets;
  tickets = 0;
  Insider insider("\x02h2");
  SSL_CTX_set_session_cache_mode(insider.context, SSL_SESS_CACHE_CLIENT);
  SSL_CTX_sess_set_new_cb(insider.context, [](SSL*, SSL_SESSION*) { return ++tickets, 0; });
  insider.start(false);
  REQUIRE(insider.talk_to(*insider.server));
  char byte = 0;
  CHECK(SSL_read(insider.ssl, &byte, 1) <= 0);  // takes what came behind the handshake
  CHECK(tickets == 0);
  CHECK(SSL_get_early_data_status(insider.ssl) != SSL_EARLY_DATA_ACCEPTED);
}

}  // namespace
}  // namespace ringside::security::test
