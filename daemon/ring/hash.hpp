// FarmHash Fingerprint32: the hash of Ringpop's ring and checksums, same value on every platform. This is the
// only place that calls libfarmhash (its Hash32 is a different function in Debian's build: never use it).
#pragma once

#include <cstdint>
#include <string_view>

namespace ringside::ring {

[[nodiscard]] std::uint32_t fingerprint32(std::string_view bytes) noexcept;

}  // namespace ringside::ring
