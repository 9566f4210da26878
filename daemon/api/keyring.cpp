#include "daemon/api/keyring.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

#include "daemon/api/json_body.hpp"
#include "daemon/api/json_depth.hpp"
#include "daemon/api/reads.hpp"
#include "daemon/base/limits.hpp"

namespace ringside::api {
namespace {

using Json = nlohmann::ordered_json;
using Kind = KeyringVerb::Kind;

constexpr std::array<std::string_view, 4> verb_names = {"list", "install", "use", "remove"};  // as Kind
constexpr std::size_t id_digits = 8;
constexpr std::size_t key_digits = 64;

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json parse(std::string_view text) {
  return nests_too_deep(text) ? Json() : Json::parse(text, nullptr, false);
}

std::string text_at(const Json& json, const char* name) {
  return json.is_object() && json.contains(name) && json[name].is_string() ? json[name].get<std::string>()
                                                                           : "";
}

bool is_id(std::string_view text) {
  return text.size() == id_digits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool has(const MemberKeys& member, std::string_view id) {
  return std::ranges::find(member.ids, id) != member.ids.end();
}

Response order(KeyringVerb verb) {
  Response response;
  response.order = Order{.kind = Order::Kind::keyring, .keyring = std::move(verb)};
  return response;
}

Response bad_id(std::string_view found) {
  return problem(Code::bad_request, "'" + std::string(found) +
                                        "' is no id of a key: 8 hex digits, as `ringside keys list` shows");
}

// The only text in a body like {"key": "..."}. Nothing of the body is repeated: it may be a key.
Result<std::string, Response> only_text(const Call& call, const char* name, std::string_view like) {
  auto read = json_body(call, "one key, or its id");
  if (!read) return std::move(read).error();
  const Json body = std::move(*read);
  if (!body.is_object() || body.size() != 1 || !body.contains(name) || !body[name].is_string())
    return problem(Code::bad_request, "the body is not like " + std::string(like));
  return body[name].get<std::string>();
}

}  // namespace

Response order_keyring_list(const Call&) {
  return order({});
}

Response order_keyring_install(const Call& call) {
  auto key = only_text(call, "key", R"({"key": "64 hex digits"})");
  if (!key) return key.error();
  if (key->size() != key_digits || key->find_first_not_of("0123456789abcdefABCDEF") != std::string::npos)
    return problem(Code::bad_request, "the key is none of 64 hex digits; `ringside keygen` makes one");
  return order({.kind = Kind::install, .key = std::move(*key)});
}

Response order_keyring_use(const Call& call) {
  auto id = only_text(call, "id", R"({"id": "1a2b3c4d"})");
  if (!id) return id.error();
  if (!is_id(*id)) return bad_id(*id);
  return order({.kind = Kind::use, .id = std::move(*id)});
}

Response order_keyring_remove(const Call& call) {
  if (!is_id(call.rest)) return bad_id(call.rest);
  return order({.kind = Kind::remove, .id = std::string(call.rest)});
}

std::vector<std::string> objections(const KeyringVerb& verb, std::span<const MemberKeys> members) {
  std::vector<std::string> all;
  if (verb.kind != Kind::use && verb.kind != Kind::remove) return all;
  std::set<std::string_view> dialled;
  for (const MemberKeys& member : members)
    if (!member.ids.empty()) dialled.insert(member.ids.front());
  const bool known = std::ranges::any_of(members, [&](const auto& member) { return has(member, verb.id); });
  if (!known) all.push_back("no member has the key " + verb.id);
  for (const MemberKeys& member : members) {
    if (!member.ringside) continue;
    if (!member.reason.empty()) {
      all.push_back(member.name + ": nobody knows which keys it has, " + member.reason);
    } else if (verb.kind == Kind::use) {
      if (known && !has(member, verb.id)) all.push_back(member.name + " lacks it; install it again");
    } else if (member.ids.front() == verb.id) {
      all.push_back(member.name + " dials with it; use another one first");
    } else {
      for (const std::string_view id : dialled)
        if (id != verb.id && !has(member, id))
          all.push_back(member.name + " lacks the key " + std::string(id) +
                        ", which others dial with; install that first");
    }
  }
  return all;
}

Response keyring_answer(std::span<const MemberKeys> members) {
  std::vector<MemberKeys> sorted(members.begin(), members.end());
  std::ranges::sort(sorted, {}, [](const auto& member) { return std::pair(member.name, member.address); });
  Json rows = Json::array();
  bool all = true;
  for (const MemberKeys& member : sorted) {
    Json row{{"name", member.name}, {"address", member.address}, {"ok", member.reason.empty()}};
    if (member.reason.empty()) {
      row["primary"] = member.ids.front();
      row["keys"] = member.ids;
    } else {
      row["reason"] = member.reason;
      all = false;
    }
    rows.push_back(std::move(row));
  }
  Response response;
  response.status = all ? 200 : 207;
  response.body = dump({{"nodes", std::move(rows)}}) + "\n";
  return response;
}

Response keyring_refusal(std::string detail, std::vector<std::string> errors) {
  return render({.code = Code::keys_refused, .detail = std::move(detail), .errors = std::move(errors)});
}

std::string to_json(const KeyringVerb& verb) {
  Json body{{"verb", verb_names[static_cast<std::size_t>(verb.kind)]}};
  if (!verb.id.empty()) body["id"] = verb.id;
  if (!verb.key.empty()) body["key"] = verb.key;
  return dump(body);
}

Result<KeyringVerb, std::string> read_keyring_verb(std::string_view json) {
  const Json body = parse(json);
  const auto name = std::ranges::find(verb_names, text_at(body, "verb"));
  if (name == verb_names.end()) return std::string("this version of ringside does not know that verb");
  KeyringVerb verb{.kind = static_cast<Kind>(name - verb_names.begin()),
                   .id = text_at(body, "id"),
                   .key = text_at(body, "key")};
  const bool names_key = verb.kind == Kind::use || verb.kind == Kind::remove;
  if (names_key ? !is_id(verb.id) : verb.kind == Kind::install && verb.key.empty())
    return std::string("the body names no key");
  return verb;
}

std::string ids_to_json(std::span<const std::string> ids) {
  Json all = Json::array();
  for (const std::string& id : ids) all.push_back(id);
  return dump({{"keys", std::move(all)}});
}

Result<std::vector<std::string>, std::string> read_ids(std::string_view json) {
  const Json body = parse(json);
  std::vector<std::string> ids;
  if (body.is_object() && body.contains("keys") && body["keys"].is_array())
    for (const Json& id : body["keys"])
      if (id.is_string() && is_id(id.get<std::string>())) ids.push_back(id.get<std::string>());
  if (ids.empty() || ids.size() > limits::cluster_keys)
    return std::string("its answer is none that this version of ringside understands");
  return ids;
}

std::string read_refusal(std::string_view json) {
  const auto message = text_at(parse(json), "message");
  return message.empty() ? "it refused and did not say why" : message;
}

}  // namespace ringside::api
