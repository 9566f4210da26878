#include "daemon/app/secrets.hpp"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "daemon/net/whole_file.hpp"
#include "daemon/obs/log.hpp"
#include "daemon/security/certificate.hpp"
#include "daemon/security/secret.hpp"

namespace ringside::app {
namespace {

using security::TlsPtr;
using Kind = api::KeyringVerb::Kind;

constexpr std::int64_t day_seconds = 86'400, notice_days = 14;

std::string keyring_file(const config::Config& config) {
  return config.node.data_dir + "/keyring";
}

// Nothing: there is none.
Result<std::optional<security::StoredKeyring>, std::string> read_stored(const config::Config& config) {
  using Stored = std::optional<security::StoredKeyring>;
  if (config.node.data_dir.empty()) return Stored();
  const auto path = keyring_file(config);
  if (::access(path.c_str(), F_OK) != 0) return Stored();
  const auto text = security::read_secret_file(path);
  auto stored = text ? security::parse_stored_keyring(text->text)
                     : Result<security::StoredKeyring, std::string>(text.error());
  if (!stored)
    return "node.data_dir: " + path + ": " + stored.error() +
           "; without that file the keys of security.cluster_key_file are used";
  return Stored(std::move(*stored));
}

// Keys, and what the file of the configuration holds.
Result<void, std::string> read_keys(const config::Config& config, Secrets& into) {
  const auto& file = config.security.cluster_key_file;
  const auto text = security::read_secret_file(file);
  if (!text) return "security.cluster_key_file: " + text.error();
  auto keys = security::parse_cluster_keys(text->text);
  if (!keys) return "security.cluster_key_file: " + file + ": " + keys.error();
  auto stored = read_stored(config);
  if (!stored) return std::move(stored).error();
  into.file_ids = security::Keyring(*keys).ids();
  const bool use_stored = *stored && security::counts(**stored, *keys);
  if (*stored)
    obs::log(obs::Level::info, use_stored ? "keyring_restored" : "keyring_replaced",
             {{"file", keyring_file(config)},
              {"meaning", use_stored ? "the keys are those that were installed last"
                                     : "security.cluster_key_file has been changed since and counts"}});
  if (*stored && !use_stored) into.outdated = keyring_file(config);
  into.keyring.emplace(use_stored ? std::move((*stored)->keys) : std::move(*keys));
  return {};
}

// A certificate and its key; `option` is what their options begin with.
Result<security::CertificateFiles, std::string> read_certificate(const std::string& option,
                                                                 const std::string& cert_file,
                                                                 const std::string& key_file) {
  security::CertificateFiles files;
  files.cert_file = cert_file;
  files.key_file = key_file;
  const auto cert = security::read_public_file(cert_file);
  if (!cert) return option + ".cert: " + cert.error();
  const auto key = security::read_secret_file(key_file);
  if (!key) return option + ".key: " + key.error();
  files.cert = cert->text;
  files.key = key->text;
  return files;
}

// Who looks at the log learns of it before the others refuse it.
void note_end(const security::CertificateFiles& files, Secrets& into) {
  const auto end = security::end_of_certificate(files.cert);
  if (!end) return;
  into.certificates_end = into.certificates_end == 0 ? *end : std::min(into.certificates_end, *end);
  const auto now =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
          .count();
  if (now + notice_days * day_seconds < *end) return;
  obs::log(obs::Level::warn, now < *end ? "certificate_ends_soon" : "certificate_has_ended",
           {{"file", files.cert_file},
            {"days_left", (*end - now) / day_seconds},
            {"remedy", "put a new one into the file and reload (SIGHUP)"}});
}

Result<TlsPtr, std::string> read_certificates(const config::Config& config, Secrets& into) {
  const auto& names = config.security.tls;
  auto files = read_certificate("security.tls", names.cert, names.key);
  if (!files) return std::move(files).error();
  const auto ca = security::read_public_file(names.ca);
  if (!ca) return "security.tls.ca: " + ca.error();
  files->ca_file = names.ca;
  files->ca = ca->text;
  note_end(*files, into);
  return security::Tls::with_certificates(*files, config.node.name);
}

// Sets how members talk to each other by what has been read.
void protect(const config::Config& config, TlsPtr tls, Secrets& secrets) {
  const auto plain = config.security.tls.plain;
  secrets.peers = {.tls = std::move(tls),
                   .takes_plain = plain != config::PlainPeers::refuse,
                   .dials_plain = plain == config::PlainPeers::dial};
}

Result<void, std::string> read_peers(const config::Config& config, Secrets& into) {
  switch (config.security.tls.mode) {
    case config::TlsMode::off: return {};
    case config::TlsMode::certs: {
      auto tls = read_certificates(config, into);
      if (!tls) return std::move(tls).error();
      protect(config, std::move(*tls), into);
      return {};
    }
    case config::TlsMode::automatic: break;
  }
  if (config.security.cluster_key_file.empty()) return {};
  if (auto read = read_keys(config, into); !read) return read;
  protect(config, security::Tls::with_keys(into.keyring->keys()), into);
  return {};
}

// The error is one sentence.
Result<void, std::string> apply(const api::KeyringVerb& verb, security::Keyring& keyring) {
  switch (verb.kind) {
    case Kind::list: return {};
    case Kind::use: return keyring.use(verb.id);
    case Kind::remove: return keyring.remove(verb.id);
    case Kind::install: break;
  }
  auto keys = security::parse_cluster_keys(verb.key);
  if (!keys || keys->size() != 1) return std::string("what is to be installed is no key");
  return keyring.install(keys->front());
}

}  // namespace

Result<Secrets, std::string> read_secrets(const config::Config& config) {
  Secrets secrets;
  if (auto read = read_peers(config, secrets); !read) return std::move(read).error();
  if (const auto& names = config.listen.tls; !names.cert.empty()) {
    const auto files = read_certificate("listen.tls", names.cert, names.key);
    auto tls = files ? security::Tls::for_clients(*files) : Result<TlsPtr, std::string>(files.error());
    if (!tls) return std::move(tls).error();
    note_end(*files, secrets);
    secrets.clients = std::move(*tls);
  }
  if (const auto& file = config.security.api_token_file; !file.empty()) {
    const auto text = security::read_secret_file(file);
    if (!text) return "security.api_token_file: " + text.error();
    auto tokens = security::Tokens::parse(text->text);
    if (!tokens) return "security.api_token_file: " + file + ": " + tokens.error();
    secrets.tokens = std::make_shared<const security::Tokens>(std::move(*tokens));
  }
  if (const auto& file = config.security.app_token_file; !file.empty()) {
    const auto text = security::read_secret_file(file);
    if (!text) return "security.app_token_file: " + text.error();
    auto token = security::parse_app_token(text->text);
    if (!token) return "security.app_token_file: " + file + ": " + token.error();
    secrets.app_token = std::move(*token);
  }
  return secrets;
}

void forget_outdated(Secrets& secrets) {
  if (!secrets.outdated.empty()) ::unlink(secrets.outdated.c_str());
  secrets.outdated.clear();
}

Result<Secrets, std::string> change_keyring(const config::Config& config, const Secrets& in_force,
                                            const api::KeyringVerb& verb) {
  if (!in_force.keyring)
    return std::string(
        "it has no cluster key (security.cluster_key_file), so there is none to list or change");
  Secrets changed = in_force;
  if (auto applied = apply(verb, *changed.keyring); !applied) return std::move(applied).error();
  if (changed.keyring->ids() == in_force.keyring->ids()) return changed;
  if (config.node.data_dir.empty())
    return std::string(
        "it has no node.data_dir, so the change would be lost with a restart; set that, or change "
        "its security.cluster_key_file and reload it");
  const auto text = security::to_text({changed.keyring->keys(), changed.file_ids});
  if (auto kept = net::write_whole(keyring_file(config), text); !kept) return std::move(kept).error();
  protect(config, security::Tls::with_keys(changed.keyring->keys()), changed);
  return changed;
}

}  // namespace ringside::app
