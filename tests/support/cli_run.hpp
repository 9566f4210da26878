// Runs a command line as a function: words and environment in, exit code and both outputs out. Time stands
// still but for the sleeps of the verb itself, which take none.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "daemon/cli/verb.hpp"

namespace ringside::test {

struct CliRun {
  int exit = -1;
  std::string out, err;
  Duration slept{};
};

inline CliRun run_cli(const std::vector<std::string>& words, const config::Environment& environment = {},
                      const std::string& input = {}, const cli::Handlers& handlers = {}) {
  std::vector<const char*> args;
  for (const std::string& word : words) args.push_back(word.c_str());
  std::ostringstream out;
  std::ostringstream err;
  std::istringstream in(input);
  CliRun result;
  Instant now{};
  cli::Terminal terminal{out,
                         err,
                         in,
                         environment,
                         [&] { return now; },
                         [&](Duration duration) {
                           now += duration;
                           result.slept += duration;
                         }};
  result.exit = cli::run(args, handlers, terminal);
  result.out = out.str();
  result.err = err.str();
  return result;
}

}  // namespace ringside::test
