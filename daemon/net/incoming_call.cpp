#include "daemon/net/incoming_call.hpp"

namespace ringside::net {

AnswerStyle::AnswerStyle(const tchannel::CallRequest& request)
    : checksum(request.checksum), tracing(request.tracing), as(tchannel::find(request.headers, "as")) {
  if (as.empty()) as = "raw";
}

void write_outcome(std::string& out, std::uint32_t id, const AnswerStyle& style, CallOutcome outcome) {
  if (auto* error = std::get_if<tchannel::Error>(&outcome)) {
    error->tracing = style.tracing;
    return tchannel::write(out, id, *error);
  }
  auto& answer = std::get<CallAnswer>(outcome);
  tchannel::CallResponse response;
  response.code = answer.code;
  response.tracing = style.tracing;
  response.headers = {{"as", style.as}};
  response.checksum = style.checksum;  // the writer turns type 2 into none
  response.arg2 = std::move(answer.arg2);
  response.arg3 = std::move(answer.arg3);
  tchannel::write(out, id, response);
}

}  // namespace ringside::net
