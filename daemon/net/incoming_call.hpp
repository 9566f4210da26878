// A call that came in whole, and how it is answered, whichever thread owns the connection.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "daemon/base/time.hpp"
#include "proto/tchannel/message.hpp"

namespace ringside::net {

// The service of what only ringsides say to each other, beside Ringpop's own.
inline constexpr std::string_view ringside_service = "ringside";

// What shares a connection with gossip goes behind it, piece by piece, so that no body delays a ping.
enum class Lane : std::uint8_t { gossip, app };

// What a call is answered with.
struct CallAnswer {
  std::uint8_t code = 0;  // 0: ok; else application error
  std::string arg2;
  std::string arg3;
  Lane lane = Lane::gossip;
};
using CallOutcome = std::variant<CallAnswer, tchannel::Error>;

// Answers one incoming call, at most once. Harmless when the caller has gone, cancelled or waited too long.
class CallResponder {
 public:
  using Send = std::function<void(CallOutcome)>;
  explicit CallResponder(Send send) : send_(std::move(send)) {}
  void answer(std::uint8_t code, std::string arg3) const {
    send_(CallAnswer{code, {}, std::move(arg3), Lane::gossip});
  }
  void answer_app(std::uint8_t code, std::string arg2, std::string arg3) const {
    send_(CallAnswer{code, std::move(arg2), std::move(arg3), Lane::app});
  }
  void fail(tchannel::ErrorCode code, std::string message) const {
    send_(tchannel::Error{code, {}, std::move(message)});
  }

 private:
  Send send_;
};

struct IncomingCall {
  tchannel::CallRequest request;
  CallResponder responder;
  std::string peer;  // the caller's address as it announced it; empty when it does not listen
  Instant deadline{};
  bool local = false;                     // came in on listen.tchannel or from the app: not from a peer
  bool secured = false;                   // over TLS, so from somebody that has proved itself
  std::vector<std::string> peer_names{};  // in the caller's certificate; empty without one
};

// What of a request its answer takes over: checksum type, `as` and tracing (spec A.3, A.4).
struct AnswerStyle {
  explicit AnswerStyle(const tchannel::CallRequest&);
  tchannel::ChecksumType checksum;
  tchannel::Tracing tracing;
  std::string as;
};
void write_outcome(std::string& out, std::uint32_t id, const AnswerStyle&, CallOutcome);

}  // namespace ringside::net
