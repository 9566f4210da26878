#include "daemon/api/owners.hpp"

#include <nlohmann/json.hpp>
#include <set>

#include "daemon/api/json_depth.hpp"
#include "daemon/api/reads.hpp"
#include "daemon/base/limits.hpp"
#include "daemon/base/text.hpp"
#include "daemon/ring/hash.hpp"

namespace ringside::api {
namespace {

using Json = nlohmann::ordered_json;

std::string text_in(const Json& json, const char* name) {
  const auto at = json.find(name);
  return at != json.end() && at->is_string() ? at->get<std::string>() : "";
}

// What a member's answer means, as a row without its name: {"owner", ...} or {"error"}.
Json row_of(const View& view, const ToldOwner& told) {
  if (!told.answer) return {{"error", "no answer within " + print_duration(limits::member_ask_time)}};
  const Json answer = nests_too_deep(*told.answer) ? Json() : Json::parse(*told.answer, nullptr, false);
  const std::string owner = answer.is_object() ? text_in(answer, "dest") : "";
  if (owner.empty()) {
    const std::string why = answer.is_object() ? text_in(answer, "message") : "";
    return {{"error", why.empty() ? "its answer names no owner" : why}};
  }
  const MemberView* member = member_at(view, owner);
  Json row{{"owner", member == nullptr ? owner : member->name}, {"owner_address", owner}};
  const auto ring = answer.find("ring");
  if (ring == answer.end() || !ring->is_object()) return row;  // a Ringpop node
  if (ring->contains("version") && ring->at("version").is_number_unsigned())
    row["version"] = ring->at("version");
  if (auto checksum = text_in(*ring, "checksum"); !checksum.empty()) row["checksum"] = std::move(checksum);
  return row;
}

}  // namespace

std::optional<std::string> owners_question(std::string_view key) {
  try {
    return Json{{"key", key}, {"ring", true}}.dump();
  } catch (const Json::type_error&) {
    return std::nullopt;
  }
}

Response owners_answer(const View& view, std::string_view key, std::span<const ToldOwner> all) {
  std::set<std::string> owners;
  Json nodes = Json::array();
  for (const ToldOwner& told : all) {
    const Json row = row_of(view, told);
    if (row.contains("owner_address")) owners.insert(row["owner_address"].get<std::string>());
    Json node{{"name", told.name}, {"address", told.address}};
    node.update(row);
    nodes.push_back(std::move(node));
  }
  const Json body{{"key", key},
                  {"hash", hex32(ring::fingerprint32(key))},
                  {"agree", owners.size() <= 1},
                  {"nodes", std::move(nodes)}};
  Response response;
  response.body = body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  return response;
}

}  // namespace ringside::api
