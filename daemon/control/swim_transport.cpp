#include "daemon/control/swim_transport.hpp"

#include <utility>
#include <variant>

#include "daemon/base/limits.hpp"
#include "daemon/obs/log.hpp"
#include "proto/ringpop/codec.hpp"

namespace ringside::control {
namespace {

constexpr ringpop::DecodeLimits decode_limits{.changes_max = limits::members};
constexpr std::uint8_t ok = 0;
constexpr std::uint8_t application_error = 1;

std::string text_of(const wire::WireError& error) {
  return std::string(wire::describe(error.code)) + " at byte " + std::to_string(error.offset);
}

}  // namespace

std::string rejection_body(const std::string& type, const std::string& message) {
  return ringpop::encode(ringpop::Response(ringpop::Rejection{type, message}));
}

SwimTransport::SwimTransport(net::TchannelPeers& peers, obs::ControlMetrics& metrics, OnRequest on_request,
                             OnResponse on_response, NameOf name_of, OnMisbehaved on_misbehaved)
    : peers_(peers),
      metrics_(metrics),
      on_request_(std::move(on_request)),
      on_response_(std::move(on_response)),
      name_of_(std::move(name_of)),
      on_misbehaved_(std::move(on_misbehaved)) {}

bool SwimTransport::serves(std::string_view endpoint) noexcept {
  return endpoint == ringpop::join_endpoint || endpoint == ringpop::ping_endpoint ||
         endpoint == ringpop::ping_req_endpoint;
}

void SwimTransport::send(swim::Send&& send) {
  if (std::holds_alternative<ringpop::Ping>(send.body)) metrics_.pings_sent.add();
  if (std::holds_alternative<ringpop::PingReq>(send.body)) metrics_.ping_reqs_sent.add();
  tchannel::CallRequest request;
  request.service = ringpop::service;
  request.headers = {{"as", "json"}, {"cn", std::string(ringpop::service)}};
  const auto endpoint = ringpop::endpoint(send.body);
  request.arg1 = endpoint;
  request.arg2 = "{}";
  request.arg3 = ringpop::encode(send.body);
  peers_.call(send.to, std::move(request), send.deadline,
              [this, call = send.call, to = send.to, endpoint](net::CallResult result) {
                on_answer(call, to, endpoint, std::move(result));
              });
}

void SwimTransport::on_answer(CallId call, const std::string& to, std::string_view endpoint,
                              net::CallResult result) {
  if (!result) {
    obs::log(obs::Level::debug, "call_failed",
             {{"peer", to}, {"endpoint", endpoint}, {"cause", result.error().message}});
    return on_response_(call, make_error_code(result.error().code));
  }
  std::size_t left_out = 0;
  auto response =
      ringpop::decode_response(endpoint, result->code != ok, result->arg3, decode_limits, &left_out);
  metrics_.refused_malformed.add(left_out);
  if (response) {
    const auto fault = false_source({to, peers_.peer_names(to)}, *response);
    if (fault.empty()) return on_response_(call, std::move(*response));
    on_misbehaved_(to, fault);
    return on_response_(call, make_error_code(Errc::bad_message));
  }
  metrics_.gossip_errors.add();
  obs::log(obs::Level::warn, "bad_answer",
           {{"peer", to}, {"endpoint", endpoint}, {"cause", text_of(response.error())}});
  on_response_(call, make_error_code(Errc::bad_message));
}

void SwimTransport::receive(net::IncomingCall&& call) {
  std::size_t left_out = 0;
  const auto request =
      ringpop::decode_request(call.request.arg1, call.request.arg3, decode_limits, &left_out);
  metrics_.refused_malformed.add(left_out);
  if (!request) {
    metrics_.gossip_errors.add();
    obs::log(obs::Level::debug, "bad_request",
             {{"endpoint", call.request.arg1}, {"cause", text_of(request.error())}});
    return call.responder.answer(
        application_error,
        rejection_body("ringside.bad-request", "cannot read the body: " + text_of(request.error())));
  }
  if (const auto fault = false_source({call.peer, call.peer_names}, *request, name_of_); !fault.empty()) {
    on_misbehaved_(call.peer, fault);
    return call.responder.answer(application_error, rejection_body("ringside.not-its-name", fault));
  }
  if (std::holds_alternative<ringpop::Join>(*request)) metrics_.joins_received.add();
  if (std::holds_alternative<ringpop::Ping>(*request)) metrics_.pings_received.add();
  if (std::holds_alternative<ringpop::PingReq>(*request)) metrics_.ping_reqs_received.add();
  const ReplyId id{next_reply_++};
  waiting_.emplace(id, std::move(call.responder));
  on_request_(id, *request);
}

void SwimTransport::reply(swim::Reply&& reply) {
  const auto entry = waiting_.extract(reply.to);
  if (entry.empty()) return;
  const bool rejected = std::holds_alternative<ringpop::Rejection>(reply.body);
  entry.mapped().answer(rejected ? application_error : ok, ringpop::encode(reply.body));
}

}  // namespace ringside::control
