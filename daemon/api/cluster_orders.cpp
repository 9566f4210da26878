// Orders about the cluster: forget a member, bring partitions together, see whether there are any.
#include "daemon/api/cluster_orders.hpp"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "daemon/api/json_body.hpp"
#include "daemon/api/json_depth.hpp"
#include "daemon/api/reads.hpp"
#include "daemon/base/limits.hpp"
#include "daemon/base/stable_sort.hpp"

namespace ringside::api {
namespace {

using Json = nlohmann::ordered_json;

Response json(int status, const Json& body) {
  Response response;
  response.status = status;
  response.body = body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  return response;
}

Response order(Order order) {
  Response response;
  response.order = std::move(order);
  return response;
}

Json list(std::span<const std::string> texts) {
  Json all = Json::array();
  for (const std::string& text : texts) all.push_back(text);
  return all;
}

bool is_list_of_peers(const Json& body) {
  if (!body.is_object() || body.size() != 1 || !body.contains("peers") || !body["peers"].is_array())
    return false;
  const Json& peers = body["peers"];
  return !peers.empty() &&
         std::ranges::all_of(peers, [](const Json& peer) { return peer.is_string() && !peer.empty(); });
}

}  // namespace

// Who lives would only come back: it is for those that nobody expects any more.
Response order_evict(const Call& call) {
  const auto found = member_in_path(call.context.view, call.rest);
  if (!found) return found.error();
  const MemberView& member = **found;
  if (member.self) return problem(Code::conflict, "this is the node itself; to take it away: POST /v1/leave");
  const auto status = shown_status(member);
  const bool lives = status == ringpop::Status::alive || status == ringpop::Status::suspect;
  if (lives && !call.query.flag("force"))
    return problem(Code::conflict, member.name + " is " + std::string(ringpop::to_string(status)) +
                                       "; ?force=true evicts it all the same, but if it lives it comes back");
  return order({.kind = Order::Kind::evict, .member = member.address});
}

Response order_reap(const Call&) {
  return order({.kind = Order::Kind::reap});
}

Response order_heal(const Call&) {
  return order({.kind = Order::Kind::heal});
}

Response order_join(const Call& call) {
  auto read = json_body(call, "a few peers");
  if (!read) return std::move(read).error();
  const Json body = std::move(*read);
  if (!is_list_of_peers(body))
    return problem(Code::bad_request, R"(the body is not like {"peers": ["10.0.0.5:7601"]})");
  auto peers = body["peers"].get<std::vector<std::string>>();
  if (peers.size() > limits::join_peers)
    return problem(Code::bad_request, "at most " + std::to_string(limits::join_peers) +
                                          " peers at once; the first one that is reached brings the others");
  return order({.kind = Order::Kind::join, .peers = std::move(peers)});
}

Response order_partitions(const Call&) {
  return order({.kind = Order::Kind::partitions});
}

Response evicted_answer(std::string_view address) {
  return json(202, {{"evicted", address}});
}

Response reaped_answer(std::size_t members) {
  return json(202, {{"reaped", members}});
}

Response healed_answer(std::span<const std::string> reached) {
  return json(202, {{"reached", list(reached)}});
}

Response joined_answer(std::span<const JoinedPeer> peers) {
  const bool any = std::ranges::any_of(peers, [](const JoinedPeer& peer) { return peer.error.empty(); });
  if (!any) {
    std::string why;
    for (const JoinedPeer& peer : peers) why += (why.empty() ? "" : "; ") + peer.peer + ": " + peer.error;
    return problem(Code::peer_unreachable, "none of the peers was reached: " + why);
  }
  Json all = Json::array();
  for (const JoinedPeer& peer : peers) {
    Json one{{"peer", peer.peer}, {"joined", peer.error.empty()}};
    if (!peer.error.empty()) one["error"] = peer.error;
    all.push_back(std::move(one));
  }
  return json(200, {{"peers", std::move(all)}});
}

Response partitions_answer(std::span<const AskedMember> members) {
  std::map<std::uint32_t, std::vector<std::string>> by_checksum;
  std::vector<std::string> silent;
  for (const AskedMember& member : members)
    (member.checksum ? by_checksum[*member.checksum] : silent).push_back(member.name);
  std::vector<std::pair<std::uint32_t, std::vector<std::string>>> groups(by_checksum.begin(),
                                                                         by_checksum.end());
  stable_sort(groups, [](const auto& a, const auto& b) { return a.second.size() > b.second.size(); });
  Json shown = Json::array();
  for (auto& [checksum, names] : groups) {
    std::ranges::sort(names);
    shown.push_back({{"checksum", hex32(checksum)}, {"members", list(names)}});
  }
  std::ranges::sort(silent);
  return json(200, {{"agree", groups.size() == 1}, {"groups", std::move(shown)}, {"silent", list(silent)}});
}

std::optional<std::uint32_t> membership_checksum_in(std::string_view stats) {
  if (nests_too_deep(stats)) return std::nullopt;
  const Json body = Json::parse(stats, nullptr, false);
  if (!body.is_object() || !body.contains("membership") || !body["membership"].is_object())
    return std::nullopt;
  const Json& membership = body["membership"];
  if (!membership.contains("checksum") || !membership["checksum"].is_number_unsigned()) return std::nullopt;
  return membership["checksum"].get<std::uint32_t>();
}

}  // namespace ringside::api
