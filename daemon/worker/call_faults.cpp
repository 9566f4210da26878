// A fault on the way to another member (/v1/faults, only with --dev): the try arrives late, or is lost as
// where no packet comes through, which a connection notices after limits::peer_connect_time.
#include <algorithm>

#include "daemon/base/limits.hpp"
#include "daemon/worker/call.hpp"

namespace ringside::worker {

void Call::meet_fault(const Fault& fault, std::string_view address) {
  state_ = State::faulted;
  faulted_to_ = address;
  lost_ = fault.drop;
  const Duration wait = fault.drop ? Duration(limits::peer_connect_time) : Duration(fault.delay);
  timer_.at(std::min(deadline_, Clock::now() + wait));
}

void Call::leave_fault() {
  state_ = State::trying;
  if (Clock::now() >= deadline_) return answer(problem(api::Code::timeout, "late on purpose (/v1/faults)"));
  if (lost_) return failed(forward::Outcome::not_executed, "lost on purpose (/v1/faults)");
  send_to(faulted_to_);
}

}  // namespace ringside::worker
