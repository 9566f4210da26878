// The shell around Supervisor: the two processes, the signals and the clock. One thread, which sleeps until
// one of them has something to say. Fit to be process 1 of a container.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "daemon/run/process.hpp"
#include "daemon/run/slots.hpp"
#include "daemon/run/supervisor.hpp"

namespace ringside::run {

// Returns when both are gone: the app's exit code, 128 + n when signal n ended it, 126 or 127 when it could
// not be started, 125 when the daemon failed. `slot`, when there is one, keeps the daemon's seeds up to date.
int run_both(const Command& daemon, const Command& app, const Supervisor::Settings&, Slot* slot,
             std::ostream& err);

}  // namespace ringside::run
