// The tokens of the API. A file holds one a line, `ROLE TOKEN` or a token alone for the role app, at most
// limits::api_tokens_per_role of each role, so that one can be changed while both are good. Only their
// digests are kept. Never changes; any thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/base/result.hpp"
#include "daemon/base/role.hpp"
#include "daemon/security/secret.hpp"

namespace ringside::security {

class Tokens {
 public:
  // The error is one sentence that repeats no token.
  [[nodiscard]] static Result<Tokens, std::string> parse(std::string_view text);
  // none: nobody's. Takes the same time whichever token it is, or nearly is.
  [[nodiscard]] Role role_of(std::string_view token) const;

 private:
  std::vector<std::pair<Digest, Role>> tokens_;
};
using TokensPtr = std::shared_ptr<const Tokens>;

// The one token in a file that the app is to be sent: a line of its own. The error is one sentence that does
// not repeat it.
using AppTokenPtr = std::shared_ptr<const std::string>;
[[nodiscard]] Result<AppTokenPtr, std::string> parse_app_token(std::string_view text);

// The token in such a file that may do most: what the command line uses. Nothing: there is none.
[[nodiscard]] std::optional<std::string> strongest_token(std::string_view text);

// A fresh one, of 64 hex digits.
[[nodiscard]] std::string new_token();

}  // namespace ringside::security
