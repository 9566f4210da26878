#include "daemon/security/tls.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <utility>

#include "daemon/security/openssl_ptr.hpp"
#include "daemon/security/secret.hpp"

#pragma GCC diagnostic ignored "-Wold-style-cast"  // in OpenSSL's macros

namespace ringside::security {
namespace {

using SslPtr = std::unique_ptr<SSL, Release<SSL_free>>;
using ContextPtr = std::unique_ptr<SSL_CTX, Release<SSL_CTX_free>>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, Release<GENERAL_NAMES_free>>;

// The only suite: its hash is the one that a PSK has if nothing else is said (RFC 8446 4.2.11), and OpenSSL
// takes the PSK with no other.
constexpr const char* suite = "TLS_AES_128_GCM_SHA256";
constexpr std::array<unsigned char, 2> suite_id = {0x13, 0x01};

struct ProtocolRow {
  Protocol protocol;
  std::string_view name;
};
constexpr std::array protocols{ProtocolRow{Protocol::http2, "h2"},
                               ProtocolRow{Protocol::gossip, "ringside-tchannel"},
                               ProtocolRow{Protocol::calls, "ringside-calls"}};

// A session that only carries a PSK. Without early data and without a lifetime: it is made anew each time.
SSL_SESSION* psk_session(SSL* ssl, const ClusterKey& key) {
  SSL_SESSION* session = SSL_SESSION_new();
  if (session == nullptr) return nullptr;
  if (SSL_SESSION_set1_master_key(session, key.bytes.data(), key.bytes.size()) == 1 &&
      SSL_SESSION_set_cipher(session, SSL_CIPHER_find(ssl, suite_id.data())) == 1 &&
      SSL_SESSION_set_protocol_version(session, TLS1_3_VERSION) == 1)
    return session;
  SSL_SESSION_free(session);
  return nullptr;
}

std::string first_openssl_error() {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_peek_error(), text.data(), text.size());
  return text.data();
}

std::vector<std::string> dns_names(X509* certificate) {
  std::vector<std::string> found;
  const NamesPtr names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_DNS) continue;
    found.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                       static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
  }
  return found;
}

bool holds(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

// How the other side proves itself.
enum class Proof : std::uint8_t {
  keys,
  certificates,
  server,  // as in https://: the side that accepts shows a certificate, the other one nothing
};

struct Tls::Impl {
  Proof proof = Proof::keys;
  ContextPtr client, server;
  ClusterKeys keys;      // none: certificates
  std::string instance;  // said as the server's name by who dials: so we know ourselves (decisions/0040)
  std::uint64_t records_per_key = 0;
};

struct TlsSession::Impl {
  Impl(std::shared_ptr<const Tls> owner, const Tls::Impl& of, SSL_CTX* context, std::string wanted)
      : keep(std::move(owner)), tls(of), ssl(SSL_new(context)), expected(std::move(wanted)) {
    if (!ssl) std::abort();  // out of memory
    in = BIO_new(BIO_s_mem());
    out = BIO_new(BIO_s_mem());
    if (in == nullptr || out == nullptr) std::abort();
    SSL_set_bio(ssl.get(), in, out);
    SSL_set_app_data(ssl.get(), this);
  }

  void advance() {
    if (state != State::handshake) return;
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl.get());
    if (result == 1) return finish();
    if (SSL_get_error(ssl.get(), result) != SSL_ERROR_WANT_READ) fail(cause());
  }

  // The handshake is over; now it must have been the right one.
  void finish() {
    if (tls.proof == Proof::server) {  // OpenSSL has checked what there is to check
      state = State::open;
      return;
    }
    if (tls.proof == Proof::keys) {
      if (SSL_session_reused(ssl.get()) != 1) return fail(TlsErrc::unverified);
    } else {
      const CertificatePtr shown(SSL_get1_peer_certificate(ssl.get()));
      if (!shown || SSL_get_verify_result(ssl.get()) != X509_V_OK) return fail(TlsErrc::unverified);
      names = dns_names(shown.get());
      if (!expected.empty() && !holds(names, expected)) return fail(TlsErrc::wrong_name);
    }
    const unsigned char* chosen = nullptr;
    unsigned int size = 0;
    SSL_get0_alpn_selected(ssl.get(), &chosen, &size);
    const std::string_view name(reinterpret_cast<const char*>(chosen), size);
    const auto row = std::ranges::find(protocols, name, &ProtocolRow::name);
    if (row == protocols.end()) return fail(TlsErrc::no_protocol);
    protocol = row->protocol;
    state = State::open;
  }

  // What the error that OpenSSL has just given means here.
  TlsErrc cause() {
    if (fault) return *fault;
    const auto told = ERR_peek_error();
    if (ERR_GET_LIB(told) == ERR_LIB_SSL) {
      const int reason = ERR_GET_REASON(told);
      if (reason >= SSL_AD_REASON_OFFSET) return TlsErrc::refused;  // an alert of the other side
      switch (reason) {
        case SSL_R_WRONG_VERSION_NUMBER:
        case SSL_R_HTTP_REQUEST:
        case SSL_R_HTTPS_PROXY_REQUEST:
        case SSL_R_PACKET_LENGTH_TOO_LONG:
          return state == State::handshake ? TlsErrc::not_tls : TlsErrc::broken;
        case SSL_R_CERTIFICATE_VERIFY_FAILED:
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
        case SSL_R_BAD_PSK:
        case SSL_R_BINDER_DOES_NOT_VERIFY:
        case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
        case SSL_R_NO_SHARED_CIPHER:
          return tls.proof == Proof::server ? TlsErrc::untrusted : TlsErrc::unverified;
        case SSL_R_NO_APPLICATION_PROTOCOL: return TlsErrc::no_protocol;
        default: break;
      }
    }
    if (const char* text = ERR_reason_error_string(told)) detail = text;
    return TlsErrc::broken;
  }

  void fail(TlsErrc why) {
    if (const long verdict = SSL_get_verify_result(ssl.get());
        (why == TlsErrc::unverified || why == TlsErrc::untrusted) && verdict != X509_V_OK)
      detail = X509_verify_cert_error_string(verdict);
    ERR_clear_error();
    error = why;
    state = State::failed;
  }

  [[nodiscard]] static std::uint64_t records(std::size_t bytes) {
    constexpr std::size_t record = 16 * 1024;
    return (bytes + record - 1) / record;
  }

  const TlsPtr keep;  // what `tls` belongs to
  const Tls::Impl& tls;
  SslPtr ssl;
  BIO* in = nullptr;  // both belong to ssl
  BIO* out = nullptr;
  std::string expected;
  State state = State::handshake;
  Protocol protocol = Protocol::http2;
  boost::system::error_code error;
  std::optional<TlsErrc> fault;  // found by a callback, better than what OpenSSL says of it
  std::string detail;
  std::string peers_key;  // its id, as the other side said it
  std::vector<std::string> names;
  std::uint64_t written = 0;  // records under the present key
};

namespace {

TlsSession::Impl& session_of(SSL* ssl) {
  return *static_cast<TlsSession::Impl*>(SSL_get_app_data(ssl));
}

// Client: the key that we dial with. `digest` is set when the server has asked again with a suite of another
// hash, which ours has not.
int use_key(SSL* ssl, const EVP_MD* digest, const unsigned char** id, std::size_t* size, SSL_SESSION** out) {
  const ClusterKey& key = session_of(ssl).tls.keys.front();
  if (digest != nullptr && EVP_MD_get_type(digest) != NID_sha256) return 0;
  *out = psk_session(ssl, key);
  *id = reinterpret_cast<const unsigned char*>(key.id.data());
  *size = key.id.size();
  return *out == nullptr ? 0 : 1;
}

// Server: the key with that id. None: the handshake goes on without and fails for want of a certificate.
int find_key(SSL* ssl, const unsigned char* id, std::size_t size, SSL_SESSION** out) {
  auto& session = session_of(ssl);
  const std::string_view wanted(reinterpret_cast<const char*>(id), size);
  const auto key = std::ranges::find(session.tls.keys, wanted, &ClusterKey::id);
  *out = nullptr;
  if (key == session.tls.keys.end()) {
    session.fault = TlsErrc::unknown_key;
    const bool shown =
        wanted.size() <= 16 && std::ranges::all_of(wanted, [](char c) { return c > 0x20 && c < 0x7f; });
    session.peers_key = shown ? wanted : "not one of ringside's";
    return 1;
  }
  session.peers_key = key->id;
  *out = psk_session(ssl, *key);
  return *out == nullptr ? 0 : 1;
}

// Server: a hello of our own process has come back to us. Without this, whoever sits between could make a
// member believe that it talks to another one (the Selfie attack on PSKs).
int check_instance(SSL* ssl, int*, void*) {
  auto& session = session_of(ssl);
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr || session.tls.instance != name) return SSL_TLSEXT_ERR_OK;
  session.fault = TlsErrc::oneself;
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

int choose_protocol(SSL* ssl, const unsigned char** out, unsigned char* size, const unsigned char* offered,
                    unsigned int offered_size, void*) {
  for (unsigned int i = 0; i + 1 <= offered_size && i + 1 + offered[i] <= offered_size; i += 1 + offered[i]) {
    const std::string_view name(reinterpret_cast<const char*>(offered + i + 1), offered[i]);
    if (std::ranges::find(protocols, name, &ProtocolRow::name) == protocols.end()) continue;
    *out = offered + i + 1;
    *size = offered[i];
    return SSL_TLSEXT_ERR_OK;
  }
  session_of(ssl).fault = TlsErrc::no_protocol;
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

ContextPtr new_context(const SSL_METHOD* method) {
  ContextPtr made(SSL_CTX_new(method));
  if (!made) std::abort();
  SSL_CTX* context = made.get();
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_ciphersuites(context, suite);
  SSL_CTX_set1_groups_list(context, "X25519");
  // A connection is never taken up again: no tickets, no cache, no early data.
  SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_max_early_data(context, 0);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  // The store is empty unless there is a CA: a certificate that is shown instead of the key is good nowhere.
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  return made;
}

std::unique_ptr<Tls::Impl> new_tls() {
  auto impl = std::make_unique<Tls::Impl>();
  impl->client = new_context(TLS_client_method());
  impl->server = new_context(TLS_server_method());
  // OpenSSL wants one of servers that verify, and refuses it to clients with a PSK.
  constexpr std::array<unsigned char, 8> id_context = {'r', 'i', 'n', 'g', 's', 'i', 'd', 'e'};
  SSL_CTX_set_session_id_context(impl->server.get(), id_context.data(), id_context.size());
  SSL_CTX_set_alpn_select_cb(impl->server.get(), choose_protocol, nullptr);
  SSL_CTX_set_tlsext_servername_callback(impl->server.get(), check_instance);
  impl->instance = hex(random_bytes<16>()) + ".ringside";
  impl->records_per_key = limits::tls_records_per_key;
  return impl;
}

BioPtr reader(const std::string& text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::vector<CertificatePtr> all_certificates(BIO* bio) {
  std::vector<CertificatePtr> found;
  while (X509* next = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr)) found.emplace_back(next);
  ERR_clear_error();
  return found;
}

// What is wrong with this certificate and its key, or nothing: then the context shows them. With `name` it
// must be the certificate of that member.
std::string show_certificate(SSL_CTX* context, const CertificateFiles& files, const std::string& name) {
  ERR_clear_error();
  const auto cert = reader(files.cert), key = reader(files.key);
  const CertificatePtr own(PEM_read_bio_X509(cert.get(), nullptr, nullptr, nullptr));
  if (!own) return files.cert_file + " holds no certificate in PEM (" + first_openssl_error() + ")";
  const KeyPtr private_key = read_private_key(key.get());
  if (!private_key && files.key.find("ENCRYPTED") != files.key.npos)
    return files.key_file +
           " is locked with a passphrase, and nobody could say it at each start; `openssl pkey -in " +
           files.key_file + " -out NEW` writes it without";
  if (!private_key) return files.key_file + " holds no private key in PEM (" + first_openssl_error() + ")";
  if (!name.empty() && !holds(dns_names(own.get()), name))
    return files.cert_file + " is not for this member: no DNS name in it is its node.name, " + name +
           "; `ringside cert node " + name + "` makes one";
  if (SSL_CTX_use_certificate(context, own.get()) != 1)
    return files.cert_file + " cannot be used: " + first_openssl_error();
  for (const auto& each : all_certificates(cert.get())) SSL_CTX_add1_chain_cert(context, each.get());
  if (SSL_CTX_use_PrivateKey(context, private_key.get()) != 1 || SSL_CTX_check_private_key(context) != 1)
    return files.key_file + " is not the key of " + files.cert_file +
           "; take the two that were made together";
  return "";
}

// The same for the authorities that the other side's certificate is to be signed by.
std::string trust(SSL_CTX* context, const std::string& ca, const std::string& ca_file) {
  const auto authorities = all_certificates(reader(ca).get());
  if (authorities.empty()) return ca_file + " holds no certificate in PEM";
  for (const auto& each : authorities) X509_STORE_add_cert(SSL_CTX_get_cert_store(context), each.get());
  return "";
}

// HTTP goes on as its first bytes say; a client that has to be told before learns it here.
int choose_http(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* offered,
                unsigned int offered_size, void*) {
  constexpr std::string_view spoken("\x02h2\x08http/1.1", 12);
  unsigned char* chosen = nullptr;
  const int found =
      SSL_select_next_proto(&chosen, size, reinterpret_cast<const unsigned char*>(spoken.data()),
                            static_cast<unsigned int>(spoken.size()), offered, offered_size);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

std::unique_ptr<Tls::Impl> new_http_tls() {
  auto impl = std::make_unique<Tls::Impl>();
  impl->proof = Proof::server;
  impl->records_per_key = limits::tls_records_per_key;
  return impl;
}

ContextPtr new_http_context(const SSL_METHOD* method) {
  ContextPtr made(SSL_CTX_new(method));
  if (!made) std::abort();
  SSL_CTX_set_min_proto_version(made.get(), TLS1_2_VERSION);
  SSL_CTX_set_options(made.get(),
                      SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(made.get(), SSL_MODE_RELEASE_BUFFERS);
  return made;
}

}  // namespace

TlsSession::TlsSession(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TlsSession::~TlsSession() = default;

void TlsSession::receive(std::string_view ciphertext) {
  if (impl_->state == State::failed || impl_->state == State::ended) return;
  BIO_write(impl_->in, ciphertext.data(), static_cast<int>(ciphertext.size()));
  impl_->advance();
}

std::size_t TlsSession::read(char* to, std::size_t room) {
  if (impl_->state != State::open) return 0;
  ERR_clear_error();
  std::size_t count = 0;
  if (SSL_read_ex(impl_->ssl.get(), to, room, &count) == 1) return count;
  switch (SSL_get_error(impl_->ssl.get(), 0)) {
    case SSL_ERROR_WANT_READ: break;
    case SSL_ERROR_ZERO_RETURN: impl_->state = State::ended; break;
    default: impl_->fail(impl_->cause()); break;
  }
  return 0;
}

void TlsSession::write(std::string_view plaintext) {
  if (plaintext.empty() || impl_->state == State::handshake || impl_->state == State::failed) return;
  ERR_clear_error();
  const auto records = Impl::records(plaintext.size());
  if (impl_->written + records > impl_->tls.records_per_key &&
      SSL_version(impl_->ssl.get()) == TLS1_3_VERSION) {
    SSL_key_update(impl_->ssl.get(), SSL_KEY_UPDATE_NOT_REQUESTED);
    impl_->written = 0;
  }
  impl_->written += records;
  std::size_t count = 0;
  if (SSL_write_ex(impl_->ssl.get(), plaintext.data(), plaintext.size(), &count) != 1)
    impl_->fail(TlsErrc::broken);
}

void TlsSession::end() {
  if (impl_->state != State::open && impl_->state != State::ended) return;
  ERR_clear_error();
  SSL_shutdown(impl_->ssl.get());
}

void TlsSession::take_output(std::string& ciphertext) {
  impl_->advance();  // the side that dials speaks first
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(impl_->out, &bytes);
  if (size <= 0) return;
  ciphertext.append(bytes, static_cast<std::size_t>(size));
  BIO_reset(impl_->out);
}

TlsSession::State TlsSession::state() const noexcept {
  return impl_->state;
}
boost::system::error_code TlsSession::error() const noexcept {
  return impl_->error;
}
Protocol TlsSession::protocol() const noexcept {
  return impl_->protocol;
}
const std::vector<std::string>& TlsSession::peer_names() const noexcept {
  return impl_->names;
}

std::string TlsSession::why() const {
  std::string text = impl_->error.message();
  if (impl_->error == TlsErrc::unknown_key) text += "; its key id is " + impl_->peers_key;
  if (!impl_->expected.empty()) text += "; expected " + impl_->expected;
  if (!impl_->detail.empty()) text += " (" + impl_->detail + ")";
  return text;
}

Tls::Tls(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Tls::~Tls() = default;

TlsSessionPtr Tls::dial(Protocol protocol, const std::string& name) const {
  auto session = std::make_unique<TlsSession::Impl>(shared_from_this(), *impl_, impl_->client.get(), name);
  SSL* ssl = session->ssl.get();
  const auto row = std::ranges::find(protocols, protocol, &ProtocolRow::protocol);
  std::string offer(1, static_cast<char>(row->name.size()));
  offer += row->name;
  SSL_set_alpn_protos(ssl, reinterpret_cast<const unsigned char*>(offer.data()),
                      static_cast<unsigned int>(offer.size()));
  SSL_set_tlsext_host_name(ssl, impl_->instance.c_str());
  SSL_set_connect_state(ssl);
  return std::make_unique<TlsSession>(std::move(session));
}

TlsSessionPtr Tls::accept() const {
  auto session = std::make_unique<TlsSession::Impl>(shared_from_this(), *impl_, impl_->server.get(), "");
  SSL_set_accept_state(session->ssl.get());
  return std::make_unique<TlsSession>(std::move(session));
}

TlsPtr Tls::with_keys(ClusterKeys keys, const Options& options) {
  auto impl = new_tls();
  impl->keys = std::move(keys);
  impl->records_per_key = options.records_per_key;
  SSL_CTX_set_psk_use_session_callback(impl->client.get(), use_key);
  SSL_CTX_set_psk_find_session_callback(impl->server.get(), find_key);
  return std::make_shared<const Tls>(std::move(impl));
}

Result<TlsPtr, std::string> Tls::with_certificates(const CertificateFiles& files, const std::string& name) {
  auto impl = new_tls();
  impl->proof = Proof::certificates;
  for (SSL_CTX* context : {impl->client.get(), impl->server.get()}) {
    if (auto fault = show_certificate(context, files, name); !fault.empty()) return fault;
    if (auto fault = trust(context, files.ca, files.ca_file); !fault.empty()) return fault;
  }
  return TlsPtr(std::make_shared<const Tls>(std::move(impl)));
}

Result<TlsPtr, std::string> Tls::for_clients(const CertificateFiles& files) {
  auto impl = new_http_tls();
  impl->server = new_http_context(TLS_server_method());
  SSL_CTX_set_alpn_select_cb(impl->server.get(), choose_http, nullptr);
  if (auto fault = show_certificate(impl->server.get(), files, ""); !fault.empty()) return fault;
  return TlsPtr(std::make_shared<const Tls>(std::move(impl)));
}

Result<TlsPtr, std::string> Tls::of_client(const std::string& ca, const std::string& ca_file) {
  auto impl = new_http_tls();
  impl->client = new_http_context(TLS_client_method());
  SSL_CTX_set_verify(impl->client.get(), SSL_VERIFY_PEER, nullptr);
  if (ca_file.empty())
    SSL_CTX_set_default_verify_paths(impl->client.get());
  else if (auto fault = trust(impl->client.get(), ca, ca_file); !fault.empty())
    return fault;
  return TlsPtr(std::make_shared<const Tls>(std::move(impl)));
}

TlsSessionPtr Tls::dial_server(const std::string& host) const {
  auto session = std::make_unique<TlsSession::Impl>(shared_from_this(), *impl_, impl_->client.get(), "");
  SSL* ssl = session->ssl.get();
  if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) != 1) {
    ERR_clear_error();
    SSL_set1_host(ssl, host.c_str());
    SSL_set_tlsext_host_name(ssl, host.c_str());
  }
  SSL_set_connect_state(ssl);
  return std::make_unique<TlsSession>(std::move(session));
}

}  // namespace ringside::security
