// `ringside agent`: loads the configuration, opens the listeners, starts the threads in order, and on SIGTERM
// or SIGINT leaves the cluster, finishes what is under way and exits. Runs on the main thread, which is the
// control thread.
#pragma once

#include <span>

namespace ringside::app {

// `args`: what follows the verb. Exit codes: 0 left cleanly, 1 failed, 2 wrong configuration.
int run_agent(std::span<const char* const> args);

}  // namespace ringside::app
