#include "daemon/security/certificate.hpp"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <memory>

#include "daemon/security/openssl_ptr.hpp"
#include "daemon/security/secret.hpp"

#pragma GCC diagnostic ignored "-Wold-style-cast"  // in OpenSSL's macros

namespace ringside::security {
namespace {

using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Release<X509_EXTENSION_free>>;
using NumberPtr = std::unique_ptr<BIGNUM, Release<BN_free>>;

constexpr long backdated_s = 3600;  // clocks of members differ
constexpr long day_s = 24 * 3600;

// What OpenSSL refuses here it refuses for want of memory or of chance.
void must(bool done) {
  if (!done) std::abort();
}

std::string text_of(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

std::string pem_of(X509* certificate) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  must(bio && PEM_write_bio_X509(bio.get(), certificate) == 1);
  return text_of(bio.get());
}

std::string pem_of(EVP_PKEY* key) {
  const BioPtr bio(BIO_new(BIO_s_mem()));
  must(bio && PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return text_of(bio.get());
}

BioPtr reader(const std::string& text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

void extend(X509* certificate, X509* issuer, int id, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, id, value));
  must(extension && X509_add_ext(certificate, extension.get(), -1) == 1);
}

// Without extensions and signature.
CertificatePtr blank(EVP_PKEY* key, const std::string& name, int days) {
  CertificatePtr made(X509_new());
  must(made != nullptr);
  auto serial = random_bytes<16>();
  serial[0] &= 0x7f;  // a positive number (RFC 5280 4.1.2.2)
  const NumberPtr number(BN_bin2bn(serial.data(), serial.size(), nullptr));
  must(X509_set_version(made.get(), X509_VERSION_3) == 1 &&
       BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(made.get())) != nullptr &&
       X509_gmtime_adj(X509_getm_notBefore(made.get()), -backdated_s) != nullptr &&
       X509_gmtime_adj(X509_getm_notAfter(made.get()), days * day_s) != nullptr &&
       X509_set_pubkey(made.get(), key) == 1 &&
       X509_NAME_add_entry_by_txt(X509_get_subject_name(made.get()), "CN", MBSTRING_UTF8,
                                  reinterpret_cast<const unsigned char*>(name.data()),
                                  static_cast<int>(name.size()), -1, 0) == 1);
  return made;
}

bool is_ipv4(const std::string& name) {
  in_addr address{};
  return ::inet_pton(AF_INET, name.c_str(), &address) == 1;
}

}  // namespace

Identity make_authority(const std::string& name, int days) {
  const KeyPtr key(EVP_EC_gen("P-256"));
  must(key != nullptr);
  const auto made = blank(key.get(), name, days);
  must(X509_set_issuer_name(made.get(), X509_get_subject_name(made.get())) == 1);
  extend(made.get(), made.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  extend(made.get(), made.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  extend(made.get(), made.get(), NID_subject_key_identifier, "hash");
  must(X509_sign(made.get(), key.get(), EVP_sha256()) > 0);
  return {pem_of(made.get()), pem_of(key.get())};
}

Result<Identity, std::string> make_member(const Identity& authority, const std::string& name, int days) {
  const auto certificate_text = reader(authority.certificate), key_text = reader(authority.key);
  const CertificatePtr issuer(PEM_read_bio_X509(certificate_text.get(), nullptr, nullptr, nullptr));
  const KeyPtr issuer_key = read_private_key(key_text.get());
  if (!issuer) return std::string("the authority's certificate is no PEM certificate");
  if (!issuer_key || X509_check_private_key(issuer.get(), issuer_key.get()) != 1)
    return std::string("the authority's key is not the one of its certificate");
  const KeyPtr key(EVP_EC_gen("P-256"));
  must(key != nullptr);
  const auto made = blank(key.get(), name, days);
  must(X509_set_issuer_name(made.get(), X509_get_subject_name(issuer.get())) == 1);
  extend(made.get(), issuer.get(), NID_basic_constraints, "critical,CA:FALSE");
  extend(made.get(), issuer.get(), NID_key_usage, "critical,digitalSignature");
  extend(made.get(), issuer.get(), NID_ext_key_usage, "serverAuth,clientAuth");
  // A server of HTTP that is asked for by its address shows it as one (listen.tls).
  const std::string names = "DNS:" + name + (is_ipv4(name) ? ",IP:" + name : "");
  extend(made.get(), issuer.get(), NID_subject_alt_name, names.c_str());
  extend(made.get(), issuer.get(), NID_authority_key_identifier, "keyid");
  must(X509_sign(made.get(), issuer_key.get(), EVP_sha256()) > 0);
  return Identity{pem_of(made.get()), pem_of(key.get())};
}

std::optional<std::int64_t> end_of_certificate(const std::string& pem) {
  const auto text = reader(pem);
  const CertificatePtr certificate(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
  const std::unique_ptr<ASN1_TIME, Release<ASN1_TIME_free>> epoch(ASN1_TIME_set(nullptr, 0));
  int days = 0, seconds = 0;
  if (!certificate || !epoch ||
      ASN1_TIME_diff(&days, &seconds, epoch.get(), X509_get0_notAfter(certificate.get())) != 1)
    return std::nullopt;
  return std::int64_t{days} * 86'400 + seconds;
}

}  // namespace ringside::security
