// The command line: every verb of `ringside` but the daemon itself, which main.cpp hands in. Verbs ask a
// running node over its HTTP API, blocking, on the calling thread. Exit codes are fixed, so that scripts can
// rely on them.
#pragma once

#include <functional>
#include <span>

namespace ringside::cli {

enum Exit : int { ok = 0, failed = 1, usage = 2, not_reachable = 3, not_found = 4, timed_out = 5 };

struct Handlers {
  // `ringside agent ARGUMENTS...`: the arguments behind the verb.
  std::function<int(std::span<const char* const>)> agent;
};

// `args`: what follows the program's name.
int run(std::span<const char* const> args, const Handlers&);

}  // namespace ringside::cli
