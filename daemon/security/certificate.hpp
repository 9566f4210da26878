// Certificates for security.tls.mode: certs and listen.tls, as `ringside cert` makes them: an authority, and
// for each member one that holds its node.name as a DNS name. X.509 v3, ECDSA on P-256, PEM.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "daemon/base/result.hpp"

namespace ringside::security {

struct Identity {
  std::string certificate, key;  // PEM
};
[[nodiscard]] Identity make_authority(const std::string& name, int days);
// The error is one sentence: the authority's texts are not what they should be.
[[nodiscard]] Result<Identity, std::string> make_member(const Identity& authority, const std::string& name,
                                                        int days);

// The last second of the first certificate in a PEM text, in seconds since 1970; nothing: there is none.
[[nodiscard]] std::optional<std::int64_t> end_of_certificate(const std::string& pem);

}  // namespace ringside::security
