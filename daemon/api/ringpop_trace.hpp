// /trace/add and /trace/remove of ringpop-node (spec B.4): who wants to hear of each new membership checksum,
// where and how long. Pure: bodies in, orders out, and the report itself.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "daemon/api/view.hpp"
#include "daemon/base/result.hpp"
#include "daemon/obs/log.hpp"

namespace ringside::api {

struct TraceSink {
  enum class Kind : std::uint8_t { log, tchannel };
  Kind kind = Kind::log;
  std::string message;                  // log
  obs::Level level = obs::Level::info;  // log; two that differ in it alone are one
  std::string address;                  // tchannel: ip:port
  std::string service;                  // tchannel; as the level
  std::string endpoint;                 // tchannel
  [[nodiscard]] bool same_as(const TraceSink& other) const {
    return kind == other.kind && message == other.message && address == other.address &&
           endpoint == other.endpoint;
  }
};
struct TraceOrder {
  TraceSink sink;
  WallTime until;
};
// Keys may be written in camelCase, snake_case or lisp-case. The error is one sentence.
[[nodiscard]] Result<TraceOrder, std::string> read_trace_order(std::string_view body, WallTime now);
// Of /trace/remove, which needs no time.
[[nodiscard]] Result<TraceSink, std::string> read_trace_sink(std::string_view body);

// {"id","address","timestamp","checksum","membershipStatusCounts"}
[[nodiscard]] std::string trace_report(std::string_view self, WallTime now, std::uint32_t checksum,
                                       const View&);

}  // namespace ringside::api
