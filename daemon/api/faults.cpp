// /v1/faults: what is lost or delayed on purpose, for tests. Only a daemon that was started with --dev has
// these pages; any other answers 403 to whoever asks.
#include "daemon/api/faults.hpp"

#include <nlohmann/json.hpp>
#include <optional>

#include "daemon/api/json_body.hpp"
#include "daemon/api/reads.hpp"
#include "daemon/base/limits.hpp"
#include "daemon/base/text.hpp"
#include "proto/http/message.hpp"

namespace ringside::api {
namespace {

using Json = nlohmann::ordered_json;

std::optional<Response> refused(const Call& call) {
  if (call.context.view.dev) return std::nullopt;
  return problem(Code::forbidden, "this node was not started with --dev, so nothing is broken on purpose");
}

// The address of the member that the path names, or * for all. The error is the answer.
Result<std::string, Response> peer_in(const Call& call) {
  if (call.rest == "*" || call.rest == "%2A" || call.rest == "%2a") return std::string("*");
  const auto member = member_in_path(call.context.view, call.rest);
  if (!member) return member.error();
  if ((*member)->self) return problem(Code::conflict, "this is the node itself");
  return (*member)->address;
}

}  // namespace

Response faults_page(const Call& call) {
  if (auto refusal = refused(call)) return *refusal;
  return faults_answer(call.context.view.faults);
}

Response order_fault(const Call& call) {
  if (auto refusal = refused(call)) return *refusal;
  auto read = json_body(call, "what goes wrong, in a word or two");
  if (!read) return std::move(read).error();
  const Json body = std::move(*read);
  const bool drop = body == Json{{"drop", true}};
  const bool delay =
      body.is_object() && body.size() == 1 && body.contains("delay") && body["delay"].is_string();
  if (!drop && !delay)
    return problem(Code::bad_request, R"(the body is not {"drop": true}, nor like {"delay": "200ms"})");
  auto peer = peer_in(call);
  if (!peer) return std::move(peer).error();
  Order order{.kind = Order::Kind::fault, .peer = std::move(*peer), .fault = {.drop = drop}};
  if (delay) {
    const auto time = parse_duration(body["delay"].get<std::string>());
    if (!time) return problem(Code::bad_setting, "delay: " + time.error());
    if (*time <= Millis{} || *time > Millis(limits::fault_delay_max))
      return problem(Code::bad_setting, "delay is more than nothing, and at most " +
                                            print_duration(Millis(limits::fault_delay_max)));
    order.fault.delay = *time;
  }
  Response response;
  response.order = std::move(order);
  return response;
}

Response order_no_fault(const Call& call) {
  if (auto refusal = refused(call)) return *refusal;
  auto peer = peer_in(call);
  if (!peer) return std::move(peer).error();
  Response response;
  response.order = Order{.kind = Order::Kind::no_fault, .peer = std::move(*peer)};
  return response;
}

Response faults_answer(const FaultsPtr& faults) {
  const auto one = [](std::string_view peer, const Fault& fault) {
    Json json{{"peer", peer}};
    if (fault.drop)
      json["drop"] = true;
    else
      json["delay"] = print_duration(fault.delay);
    return json;
  };
  Json list = Json::array();
  if (faults) {
    for (const auto& [address, fault] : faults->by_address) list.push_back(one(address, fault));
    if (faults->others) list.push_back(one("*", *faults->others));
  }
  Response response;
  response.body = Json{{"faults", std::move(list)}}.dump() + "\n";
  return response;
}

}  // namespace ringside::api
