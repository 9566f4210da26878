// The only translator of what the SWIM core tells: each notice becomes exactly one log line and its metrics,
// so that the core stays free of logging and every name is found in one file. Control thread.
#pragma once

#include "daemon/obs/catalog.hpp"
#include "daemon/swim/notice.hpp"

namespace ringside::obs {

void note(const swim::Notice&, ControlMetrics&);

}  // namespace ringside::obs
