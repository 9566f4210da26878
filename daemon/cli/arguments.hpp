// Taking a command line apart by the verb's table of flags: --name value, --name=value, -n 3, -n3, and --
// before words that start with a dash.
#pragma once

#include "daemon/base/result.hpp"
#include "daemon/cli/verb.hpp"

namespace ringside::cli {

// The error is one sentence: what is wrong and what was probably meant.
[[nodiscard]] Result<Arguments, std::string> parse_arguments(const Verb&, std::span<const char* const> args);

// Flags that every verb takes: --addr, --token-file, --output, --help.
[[nodiscard]] std::span<const Flag> common_flags();

}  // namespace ringside::cli
