// Files that are either the old one or the new one, whenever the power fails. Any thread.
#pragma once

#include <string>
#include <string_view>

#include "daemon/base/result.hpp"

namespace ringside::net {

// For this user's eyes only (0600): written beside it, flushed to the disk, and renamed. The error is one
// sentence; then nothing is left beside it.
[[nodiscard]] Result<void, std::string> write_whole(const std::string& path, std::string_view text);

}  // namespace ringside::net
