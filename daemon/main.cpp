// The entry: hands `agent` to the daemon and every other verb to the command line. The only place that
// leaves.
#include <span>

#include "daemon/app/agent.hpp"
#include "daemon/cli/cli.hpp"

int main(int argc, char** argv) {
  const std::span<const char* const> args(argv + 1, argc > 1 ? static_cast<std::size_t>(argc - 1) : 0);
  return ringside::cli::run(args, {.agent = ringside::app::run_agent});
}
