#include "daemon/control/tracer.hpp"

#include <utility>

#include "daemon/base/limits.hpp"
#include "daemon/obs/log.hpp"

namespace ringside::control {

void Tracer::on_view(WallTime now, const api::View& view) {
  if (std::exchange(checksum_, view.membership_checksum) == view.membership_checksum || store_.empty())
    return;
  const auto report = api::trace_report(self_, now, checksum_, view);
  for (const auto& order : store_.current(now)) tell(order.sink, report);
}

void Tracer::tell(const api::TraceSink& sink, const std::string& report) {
  switch (sink.kind) {
    case api::TraceSink::Kind::log:
      return obs::log(sink.level, "trace", {{"message", sink.message}, {"report", report}});
    case api::TraceSink::Kind::tchannel: {
      tchannel::CallRequest request;
      request.service = sink.service;
      request.headers = {{"as", "raw"}, {"cn", "ringpop"}};
      request.arg1 = sink.endpoint;
      request.arg3 = report;
      // Not repeated: the next change says more than this one again would.
      return peers_.call(sink.address, std::move(request), Clock::now() + limits::trace_call_time,
                         [address = sink.address](const net::CallResult& result) {
                           if (!result)
                             obs::log(obs::Level::debug, "trace_failed",
                                      {{"peer", address}, {"cause", result.error().message}});
                         });
    }
  }
}

}  // namespace ringside::control
