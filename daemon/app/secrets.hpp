// What the options of `security` and `listen.tls` name, read from its files: at the start, and again at each
// reload (settings.hpp). And the cluster keys that `ringside keys` has changed, which are kept in
// node.data_dir (decisions/0044). Main thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "daemon/api/order.hpp"
#include "daemon/base/result.hpp"
#include "daemon/config/config.hpp"
#include "daemon/security/keyring.hpp"
#include "daemon/security/tls.hpp"
#include "daemon/security/tokens.hpp"

namespace ringside::app {

struct Secrets {
  security::PeerSecurity peers;
  std::optional<security::Keyring> keyring;  // none: members talk plain, or with certificates
  std::vector<std::string> file_ids;         // of the keys in security.cluster_key_file
  std::string outdated;                      // a stored keyring that counts no more; empty: none
  security::TlsPtr clients;                  // none: no listener speaks TLS to clients
  std::int64_t certificates_end = 0;  // of the one that ends first, in seconds since 1970; 0: there is none
  security::TokensPtr tokens;         // none: nobody is asked for one
  security::AppTokenPtr app_token;    // none: the app is sent none
};

// `config.node.name` is not empty any more. The error is one sentence: option, file, cause, remedy.
[[nodiscard]] Result<Secrets, std::string> read_secrets(const config::Config&);

// Once they are in force: a stored keyring that counts no more is not to count again.
void forget_outdated(Secrets&);

// The same with one change to the keyring, which is on the disk when this returns. The error is one sentence;
// then nothing is changed.
[[nodiscard]] Result<Secrets, std::string> change_keyring(const config::Config&, const Secrets&,
                                                          const api::KeyringVerb&);

}  // namespace ringside::app
