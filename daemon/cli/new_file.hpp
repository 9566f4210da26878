// Files that a verb makes: certificates, a bundle.
#pragma once

#include <sys/types.h>

#include <string>

namespace ringside::cli {

// Makes a file; one that is there already is left alone. What went wrong, one sentence; empty: nothing.
[[nodiscard]] std::string write_new(const std::string& path, const std::string& bytes, mode_t mode);

}  // namespace ringside::cli
