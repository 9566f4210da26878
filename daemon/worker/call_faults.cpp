// A fault on the way to another member (/v1/faults, only with --dev): the try arrives late, or is lost.
#include <algorithm>

#include "daemon/worker/call.hpp"

namespace ringside::worker {

void Call::meet_fault(const Fault& fault, std::string_view address) {
  state_ = State::faulted;
  faulted_to_ = address;
  lost_ = fault.drop;
  timer_.at(std::min(deadline_, noticed_at(fault, Clock::now())));
}

void Call::leave_fault() {
  state_ = State::trying;
  if (Clock::now() >= deadline_) return answer(problem(api::Code::timeout, "late on purpose (/v1/faults)"));
  if (lost_) return failed(forward::Outcome::not_executed, "lost on purpose (/v1/faults)");
  send_to(faulted_to_);
}

}  // namespace ringside::worker
