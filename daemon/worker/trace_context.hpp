// The traceparent of W3C Trace Context (level 1, section 3.2): which trace a request belongs to. Pure.
#pragma once

#include <string>
#include <string_view>

#include "daemon/base/rng.hpp"
#include "proto/http/message.hpp"

namespace ringside::worker {

// version-trace-parent-flags in lower-case hex, the two ids not all zeros. A version above 00 may go on
// behind them.
[[nodiscard]] bool is_traceparent(std::string_view) noexcept;

// A request without a valid traceparent begins a trace: `text` becomes its traceparent, which it gets, and
// what it had goes, with its tracestate. Nobody has decided to record that trace (flags 00).
void ensure_traceparent(http::RequestHead&, Rng&, std::string& text);

}  // namespace ringside::worker
