#include "daemon/ring/hash.hpp"

#include <farmhash.h>

namespace ringside::ring {

std::uint32_t fingerprint32(std::string_view bytes) noexcept {
  return util::Fingerprint32(bytes.data(), bytes.size());
}

}  // namespace ringside::ring
