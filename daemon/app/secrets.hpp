// What the options of `security` name, read from its files: at the start, and again at each
// reload (settings.hpp). Main thread.
#pragma once

#include <string>

#include "daemon/base/result.hpp"
#include "daemon/config/config.hpp"
#include "daemon/security/tls.hpp"
#include "daemon/security/tokens.hpp"

namespace ringside::app {

struct Secrets {
  security::PeerSecurity peers;
  security::TokensPtr tokens;  // none: nobody is asked for one
};

// `config.node.name` is not empty any more. The error is one sentence: option, file, cause, remedy.
[[nodiscard]] Result<Secrets, std::string> read_secrets(const config::Config&);

}  // namespace ringside::app
