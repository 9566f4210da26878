// The membership checksum that pings carry (spec F.1). Ringpop has two dialects of it that never agree: go
// sorts the whole line of each member and ends each with ';', node sorts by address, joins with ';' and knows
// no labels. Tombstones are left out of both. Control thread only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/swim/node.hpp"
#include "daemon/swim/precedence.hpp"

namespace ringside::swim {

struct ChecksumLine {
  std::string_view address;
  Standing standing;
};

// The exact text that is hashed. Lines may come in any order; already sorted by address is quickest.
[[nodiscard]] std::string checksum_text(std::vector<ChecksumLine> lines, ChecksumDialect);
[[nodiscard]] std::uint32_t checksum_of(std::vector<ChecksumLine> lines, ChecksumDialect);

}  // namespace ringside::swim
