// Which hashes a member owns, and what would move if others were in the ring.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "daemon/api/json_depth.hpp"
#include "daemon/api/reads.hpp"
#include "daemon/base/limits.hpp"
#include "proto/http/message.hpp"

namespace ringside::api {
namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

double fraction(std::uint64_t hashes) {
  return static_cast<double>(hashes) / static_cast<double>(ring::hash_space);
}

struct Wish {
  std::vector<ring::Server> added;
  std::vector<MemberId> removed;
};

// One entry of "add", or what is wrong with it.
Result<ring::Server, std::string> read_newcomer(const View& view, const Json& entry,
                                                const std::string& where) {
  if (!entry.is_object()) return where + R"( is not like {"name": "d", "weight": 2})";
  ring::Server newcomer;
  for (const auto& [key, value] : entry.items()) {
    if (key == "name" && value.is_string()) {
      newcomer.name = value.get<std::string>();
    } else if (key == "address" && value.is_string()) {
      newcomer.address = value.get<std::string>();
    } else if (key == "weight" && value.is_number_integer()) {
      const auto weight = value.get<std::int64_t>();
      if (weight < 1 || weight > limits::weight)
        return where + ": weight is a number from 1 to " + std::to_string(limits::weight);
      newcomer.weight = static_cast<int>(weight);
    } else {
      return where + ": '" + key +
             "' is no field of it, or has another type than name, address (texts) and " + "weight (a number)";
    }
  }
  const std::string& name = newcomer.name;
  std::string& address = newcomer.address;
  if (name.empty()) return where + " has no name";
  if (name.size() > limits::host_name_bytes || address.size() > limits::host_name_bytes)
    return where + ": a name or address has at most " + std::to_string(limits::host_name_bytes) + " bytes";
  if (view.identity == "address") address = name;  // what is hashed is the address, as it stands
  if (view.ring->find_name(name)) return where + ": '" + name + "' is in the ring already";
  return newcomer;
}

Result<Wish, std::string> read_wish(const View& view, std::string_view text) {
  if (nests_too_deep(text)) return std::string("the body nests too deeply");
  const Json body = Json::parse(text, nullptr, false);
  if (!body.is_object())
    return std::string(R"(the body is not like {"add": [{"name": "d"}], "remove": ["b"]})");
  Wish wish;
  int weight = 0;
  for (const auto& [key, list] : body.items()) {
    if ((key != "add" && key != "remove") || !list.is_array())
      return "'" + key + "' is neither the list add nor the list remove";
    if (list.size() > limits::plan_changes)
      return key + " has " + std::to_string(list.size()) + " entries, at most " +
             std::to_string(limits::plan_changes) + " are taken";
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string where = key + "[" + std::to_string(i) + "]";
      if (key == "add") {
        auto newcomer = read_newcomer(view, list[i], where);
        if (!newcomer) return std::move(newcomer).error();
        if (std::ranges::any_of(wish.added, [&](const auto& other) { return other.name == newcomer->name; }))
          return where + " is there twice";
        weight += newcomer->weight;
        if (weight > limits::plan_weight)
          return "the weights of add come to more than " + std::to_string(limits::plan_weight);
        wish.added.push_back(std::move(*newcomer));
      } else {
        if (!list[i].is_string()) return where + " is no name";
        const auto name = list[i].get<std::string>();
        const MemberView* member = find_member(view, name);
        const auto id = member == nullptr ? std::nullopt : server_at(*view.ring, member->address);
        if (!id) return where + ": '" + name + "' is not in the ring";
        if (std::ranges::find(wish.removed, *id) == wish.removed.end()) wish.removed.push_back(*id);
      }
    }
  }
  return wish;
}

Json plan_json(const View& view, const ring::Plan& plan) {
  const auto name = [&](std::optional<std::size_t> place) {
    return place ? Json(plan.shares[*place].server.name) : Json();
  };
  std::uint64_t moved = 0;
  Json moves = Json::array();
  for (const ring::Move& move : plan.moves) {
    moved += move.hashes;
    moves.push_back({{"from", name(move.from)},
                     {"to", name(move.to)},
                     {"hashes", move.hashes},
                     {"fraction", fraction(move.hashes)}});
  }
  Json members = Json::array();
  for (const ring::Share& share : plan.shares)
    members.push_back(
        {{"name", share.server.name}, {"before", fraction(share.before)}, {"after", fraction(share.after)}});
  Json body;
  body["version"] = view.ring->version();
  body["checksum"] = hex32(view.ring->checksum());
  body["moved"] = {{"hashes", moved}, {"fraction", fraction(moved)}};
  body["moves"] = std::move(moves);
  body["members"] = std::move(members);
  return body;
}

}  // namespace

Response ranges_page(const Call& call) {
  const View& view = call.context.view;
  const std::string_view asked = call.query.get("node").value_or("self");
  const MemberView* member = asked == "self" ? member_at(view, view.address) : find_member(view, asked);
  if (member == nullptr && asked != "self")
    return problem(Code::unknown_node, "no member is called '" + std::string(asked) + "'");
  const std::string& address = member == nullptr ? view.address : member->address;
  const auto ranges = ranges_at(*view.ring, address);
  Json body;
  body["node"] = member == nullptr ? view.name : member->name;
  body["address"] = address;
  body["version"] = view.ring->version();
  body["checksum"] = hex32(view.ring->checksum());
  body["hashes"] = ring::hashes_in(ranges);
  body["share"] = fraction(ring::hashes_in(ranges));
  body["ranges"] = ranges_json<Json>(ranges);
  return json_answer(call.context, dump(body));
}

Response plan_page(const Call& call) {
  const View& view = call.context.view;
  const auto wish = read_wish(view, call.request.body);
  if (!wish) return problem(Code::bad_request, wish.error());
  const auto plan =
      ring::plan(*view.ring, wish->added, wish->removed, static_cast<std::uint32_t>(view.points));
  return json_answer(call.context, dump(plan_json(view, plan)));
}

}  // namespace ringside::api
