// TLS as HTTP has it: the server shows a certificate, the client nothing. Servers of listen.tls, and the
// command line that asks them.
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "daemon/security/certificate.hpp"
#include "tls_ends.hpp"

using namespace ringside::security;
using Catch::Contains;
using test::read_all;
using test::shuttle;
using State = TlsSession::State;

namespace {

const Identity& authority() {
  static const Identity made = make_authority("shop", 30);
  return made;
}

CertificateFiles files_of(const Identity& identity) {
  CertificateFiles files;
  files.cert = identity.certificate;
  files.key = identity.key;
  files.cert_file = "api.pem";
  files.key_file = "api.key";
  return files;
}

TlsPtr server_for(const std::string& name) {
  return *Tls::for_clients(files_of(*make_member(authority(), name, 30)));
}

TlsPtr client() {
  return *Tls::of_client(authority().certificate, "ca.pem");
}

// A client as it comes: raw OpenSSL on memory.
struct AnyClient {
  explicit AnyClient(int version, std::string_view protocols = "") {
    SSL_CTX_set_max_proto_version(context, version);
    SSL_CTX_set_min_proto_version(context, version);
    SSL_set_bio(ssl = SSL_new(context), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    if (!protocols.empty())
      SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(protocols.data()),
                          static_cast<unsigned>(protocols.size()));
    SSL_set_connect_state(ssl);
  }
  ~AnyClient() {
    SSL_free(ssl);
    SSL_CTX_free(context);
  }
  AnyClient(const AnyClient&) = delete;
  AnyClient& operator=(const AnyClient&) = delete;

  bool meets(TlsSession& server) {
    for (int i = 0; i < 10; ++i) {
      const bool done = SSL_do_handshake(ssl) == 1;
      char bytes[20'000];
      const int count = BIO_read(SSL_get_wbio(ssl), bytes, sizeof bytes);
      if (count > 0) server.receive({bytes, static_cast<std::size_t>(count)});
      std::string back;
      server.take_output(back);
      if (!back.empty()) BIO_write(SSL_get_rbio(ssl), back.data(), static_cast<int>(back.size()));
      if (done && server.state() != State::handshake) return server.state() == State::open;
    }
    return false;
  }
  [[nodiscard]] std::string chosen() const {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl, &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }

  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL* ssl = nullptr;
};

}  // namespace

TEST_CASE("a client that trusts the authority talks to the server by the name in its certificate") {
  for (const char* name : {"localhost", "127.0.0.1"}) {
    const auto one = client()->dial_server(name), other = server_for(name)->accept();
    shuttle(*one, *other, 7);
    REQUIRE(one->state() == State::open);
    REQUIRE(other->state() == State::open);
    one->write("GET / HTTP/1.1\r\n\r\n");
    shuttle(*one, *other);
    CHECK(read_all(*other) == "GET / HTTP/1.1\r\n\r\n");
    other->write("HTTP/1.1 204 No Content\r\n\r\n");
    shuttle(*one, *other);
    CHECK(read_all(*one) == "HTTP/1.1 204 No Content\r\n\r\n");
    CHECK(other->peer_names().empty());
  }
}

TEST_CASE("a certificate for another name, or of another authority, is refused before anything is said") {
  const auto refused = [](const TlsPtr& from, const std::string& name) {
    const auto one = from->dial_server(name), other = server_for("localhost")->accept();
    shuttle(*one, *other);
    CHECK(one->state() == State::failed);
    CHECK(one->error() == TlsErrc::untrusted);
    CHECK(read_all(*other).empty());
    return one->why();
  };
  CHECK_THAT(refused(client(), "shop.example"), Contains("mismatch"));
  CHECK_THAT(refused(client(), "127.0.0.1"), Contains("mismatch"));
  const auto stranger = *Tls::of_client(make_authority("another", 30).certificate, "ca.pem");
  CHECK_THAT(refused(stranger, "localhost"), Contains("certificate"));
  CHECK_THAT(refused(*Tls::of_client("", ""), "localhost"), Contains("certificate"));
}

TEST_CASE(
    "clients of TLS 1.2 and 1.3 are served, older ones are not, and HTTP/2 is offered to who knows it") {
  const auto server = server_for("localhost");
  const auto meets = [&](AnyClient& client) { return client.meets(*server->accept()); };
  AnyClient newest(TLS1_3_VERSION, "\x02h2\x08http/1.1"), older(TLS1_2_VERSION, "\x08http/1.1"),
      silent(TLS1_3_VERSION), odd(TLS1_3_VERSION, "\x03foo"), old(TLS1_1_VERSION);
  CHECK(meets(newest));
  CHECK(newest.chosen() == "h2");
  CHECK(meets(older));
  CHECK(older.chosen() == "http/1.1");
  CHECK(meets(silent));
  CHECK(silent.chosen().empty());
  CHECK(meets(odd));
  CHECK(odd.chosen().empty());
  CHECK_FALSE(meets(old));
}

TEST_CASE("a key with a passphrase is refused at once, and nobody is asked for it") {
  const auto made = *make_member(authority(), "localhost", 30);
  BIO* plain = BIO_new_mem_buf(made.key.data(), static_cast<int>(made.key.size()));
  EVP_PKEY* key = PEM_read_bio_PrivateKey(plain, nullptr, nullptr, nullptr);
  BIO* locked = BIO_new(BIO_s_mem());
  unsigned char passphrase[] = "secret";
  REQUIRE(PEM_write_bio_PKCS8PrivateKey(locked, key, EVP_aes_256_cbc(), reinterpret_cast<char*>(passphrase),
                                        6, nullptr, nullptr) == 1);
  char* text = nullptr;
  const auto size = BIO_get_mem_data(locked, &text);
  auto files = files_of(made);
  files.key.assign(text, static_cast<std::size_t>(size));
  BIO_free(plain);
  BIO_free(locked);
  EVP_PKEY_free(key);
  CHECK_THAT(Tls::for_clients(files).error(), Contains("api.key is locked with a passphrase"));
}

TEST_CASE("files that do not fit are named") {
  const auto made = *make_member(authority(), "localhost", 30);
  auto files = files_of(made);
  files.key = make_member(authority(), "localhost", 30)->key;
  CHECK_THAT(Tls::for_clients(files).error(), Contains("api.key is not the key of api.pem"));
  files.cert = "nothing";
  CHECK_THAT(Tls::for_clients(files).error(), Contains("api.pem holds no certificate"));
  CHECK_THAT(Tls::of_client("nothing", "ca.pem").error(), Contains("ca.pem holds no certificate"));
}
