#include "daemon/app/secrets.hpp"

#include <utility>

#include "daemon/security/secret.hpp"

namespace ringside::app {
namespace {

using security::TlsPtr;

Result<TlsPtr, std::string> read_keys(const std::string& file) {
  const auto text = security::read_secret_file(file);
  if (!text) return "security.cluster_key_file: " + text.error();
  auto keys = security::parse_cluster_keys(text->text);
  if (!keys) return "security.cluster_key_file: " + file + ": " + keys.error();
  return security::Tls::with_keys(std::move(*keys));
}

Result<TlsPtr, std::string> read_certificates(const config::Config& config) {
  const auto& names = config.security.tls;
  security::CertificateFiles files;
  files.ca_file = names.ca;
  files.cert_file = names.cert;
  files.key_file = names.key;
  const auto ca = security::read_public_file(names.ca);
  if (!ca) return "security.tls.ca: " + ca.error();
  const auto cert = security::read_public_file(names.cert);
  if (!cert) return "security.tls.cert: " + cert.error();
  const auto key = security::read_secret_file(names.key);
  if (!key) return "security.tls.key: " + key.error();
  files.ca = ca->text;
  files.cert = cert->text;
  files.key = key->text;
  return security::Tls::with_certificates(files, config.node.name);
}

// None: members talk plain.
Result<TlsPtr, std::string> read_tls(const config::Config& config) {
  switch (config.security.tls.mode) {
    case config::TlsMode::off: return TlsPtr();
    case config::TlsMode::certs: return read_certificates(config);
    case config::TlsMode::automatic: break;
  }
  if (config.security.cluster_key_file.empty()) return TlsPtr();
  return read_keys(config.security.cluster_key_file);
}

}  // namespace

Result<Secrets, std::string> read_secrets(const config::Config& config) {
  auto tls = read_tls(config);
  if (!tls) return std::move(tls).error();
  Secrets secrets;
  if (*tls != nullptr) {
    const auto plain = config.security.tls.plain;
    secrets.peers = {.tls = std::move(*tls),
                     .takes_plain = plain != config::PlainPeers::refuse,
                     .dials_plain = plain == config::PlainPeers::dial};
  }
  if (const auto& file = config.security.api_token_file; !file.empty()) {
    const auto text = security::read_secret_file(file);
    if (!text) return "security.api_token_file: " + text.error();
    auto tokens = security::Tokens::parse(text->text);
    if (!tokens) return "security.api_token_file: " + file + ": " + tokens.error();
    secrets.tokens = std::make_shared<const security::Tokens>(std::move(*tokens));
  }
  return secrets;
}

}  // namespace ringside::app
