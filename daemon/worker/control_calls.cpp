#include "daemon/worker/control_calls.hpp"

#include <boost/asio/post.hpp>
#include <map>
#include <utility>

#include "daemon/base/limits.hpp"
#include "daemon/net/tchannel_handshake.hpp"

namespace ringside::worker {

using tchannel::Assembler;
using tchannel::ErrorCode;

struct ControlCalls::State : std::enable_shared_from_this<State> {
  State(Context& c, FrameSink& sink) : context(c), connection(sink) {}

  struct Open {
    std::uint64_t serial;                   // ids come back; this does not
    std::optional<net::AnswerStyle> style;  // once it is whole
  };

  void answer(std::uint32_t id, std::uint64_t serial, net::CallOutcome outcome) {
    const auto found = open.find(id);
    if (found == open.end() || found->second.serial != serial) return;
    net::write_outcome(connection.out(), id, *found->second.style, std::move(outcome));
    open.erase(found);
    connection.wants_flush();
  }

  void fail(std::uint32_t id, ErrorCode code, std::string message) {
    tchannel::write(connection.out(), id, tchannel::Error{code, {}, std::move(message)});
    open.erase(id);
    connection.wants_flush();
  }

  void dispatch(std::uint32_t id, tchannel::CallRequest request, bool local) {
    Open& call = open.at(id);
    call.style.emplace(request);
    net::CallResponder responder(
        [weak = weak_from_this(), &io = context.io, id, serial = call.serial](net::CallOutcome outcome) {
          boost::asio::post(io, [weak, id, serial, outcome = std::move(outcome)]() mutable {
            if (const auto self = weak.lock()) self->answer(id, serial, std::move(outcome));
          });
        });
    const Instant deadline = Clock::now() + Millis(request.ttl_ms);
    context.to_control({std::move(request), std::move(responder), {}, deadline, local});
  }

  Context& context;
  FrameSink& connection;
  Assembler assembler{
      {.message_bytes = limits::tchannel_message_bytes, .half_built = limits::tchannel_half_built}};
  std::map<std::uint32_t, Open> open;
  std::uint64_t next_serial = 1;
};

ControlCalls::ControlCalls(Context& context, FrameSink& connection)
    : state_(std::make_shared<State>(context, connection)) {}

ControlCalls::~ControlCalls() {
  state_->open.clear();
}

void ControlCalls::take(const tchannel::FrameView& frame, bool local) {
  auto& state = *state_;
  if (frame.type == tchannel::FrameType::call_req) {
    if (state.open.size() >= limits::tchannel_in_flight)
      return state.fail(frame.id, ErrorCode::busy, "too many open calls");
    state.open.emplace(frame.id, State::Open{state.next_serial++, std::nullopt});
  }
  auto result = state.assembler.take(frame);
  if (const auto* broken = std::get_if<Assembler::Broken>(&result)) {
    const std::string what = "malformed call: " + net::text_of(broken->error);
    if (broken->fatal) return state.connection.break_off(frame.id, what);
    return state.fail(frame.id, ErrorCode::bad_request, what);
  }
  if (auto* whole = std::get_if<std::pair<std::uint32_t, tchannel::CallRequest>>(&result))
    state.dispatch(frame.id, std::move(whole->second), local);
}

bool ControlCalls::contains(std::uint32_t id) const {
  return state_->open.contains(id);
}

void ControlCalls::cancel(std::uint32_t id) {
  state_->assembler.forget(id, true);
  state_->fail(id, ErrorCode::cancelled, "cancelled by the caller");
}

void ControlCalls::drop_all() {
  state_->open.clear();
}

bool ControlCalls::empty() const {
  return state_->open.empty();
}

}  // namespace ringside::worker
