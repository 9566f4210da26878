// Who owns a key. One key by path or query with `n` owners and `explain`; many keys by POST, grouped by
// owner.
#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "daemon/api/json_depth.hpp"
#include "daemon/api/key_text.hpp"
#include "daemon/api/owners.hpp"
#include "daemon/api/reads.hpp"
#include "daemon/base/limits.hpp"
#include "daemon/ring/hash.hpp"
#include "proto/http/message.hpp"

namespace ringside::api {
namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// What is wrong with a key, or nothing.
std::optional<std::string> key_fault(std::string_view key) {
  if (key.empty()) return "the key is empty";
  if (key.size() > limits::key_bytes)
    return "the key has " + std::to_string(key.size()) + " bytes, at most " +
           std::to_string(limits::key_bytes) + " are taken";
  return std::nullopt;
}

// Why this node cannot name an owner now, or nothing.
std::optional<Response> not_serving(const View& view, std::string_view key) {
  if (view.phase == Phase::joining)
    return problem(Code::not_joined,
                   view.phase_reason.empty() ? "no join round has ended yet" : view.phase_reason, key);
  if (view.ring->servers().empty())
    return problem(Code::no_owner,
                   "no member is in the ring, of " + std::to_string(view.members.size()) + " known", key);
  return std::nullopt;
}

Result<std::size_t, std::string> parse_count(std::string_view text, std::size_t max) {
  std::size_t n = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (ec != std::errc{} || end != text.data() + text.size() || n == 0 || n > max)
    return "n is a number from 1 to " + std::to_string(max) + ", not '" + std::string(text) + "'";
  return n;
}

std::vector<MemberId> owners_of(const ring::Snapshot& ring, std::string_view key, std::size_t n) {
  std::vector<MemberId> ids(std::min(n, ring.servers().size()));
  ids.resize(ring.owners(key, ids));
  return ids;
}

Json member_json(const View& view, const ring::Server& server) {
  Json json;
  json["name"] = server.name;
  json["address"] = server.address;
  Json labels = Json::object();
  if (const MemberView* member = member_at(view, server.address))
    for (const auto& [key, value] : member->labels) labels[key] = value;
  json["labels"] = std::move(labels);
  return json;
}

Json point_json(const ring::Snapshot& ring, std::size_t position) {
  const auto& point = ring.points()[position];
  return {{"position", position}, {"hash", hex32(point.hash)}, {"member", ring.server(point.server).name}};
}

// Two points before the key's and two behind it, as far as there are that many.
Json around_json(const ring::Snapshot& ring, std::size_t position) {
  const std::size_t count = ring.points().size();
  const std::size_t shown = std::min<std::size_t>(count, 5);
  Json around = Json::array();
  for (std::size_t i = 0; i < shown; ++i)
    around.push_back(point_json(ring, (position + count - shown / 2 + i) % count));
  return around;
}

// From the key on, the point at which each further server is met first.
Json walk_json(const ring::Snapshot& ring, std::size_t position, std::size_t servers) {
  const std::size_t count = ring.points().size();
  std::vector<bool> met(ring.servers().size());
  Json walk = Json::array();
  for (std::size_t i = 0; i < count && walk.size() < servers; ++i) {
    const std::size_t at = (position + i) % count;
    const MemberId id = ring.points()[at].server;
    if (met[id.value]) continue;
    met[id.value] = true;
    walk.push_back(point_json(ring, at));
  }
  return walk;
}

// Members that own nothing, and why.
Json absent_json(const View& view) {
  Json absent = Json::array();
  for (const auto& member : view.members) {
    if (std::ranges::any_of(view.ring->servers(), [&](const auto& s) { return s.address == member.address; }))
      continue;
    absent.push_back({{"name", member.name},
                      {"address", member.address},
                      {"status", to_string(shown_status(member))},
                      {"app", to_string(member.app)}});
  }
  return absent;
}

Json explain_json(const View& view, std::uint32_t hash, std::size_t n) {
  const ring::Snapshot& ring = *view.ring;
  const std::size_t position = ring.position(hash);
  const auto& point = ring.points()[position];
  Json shares = Json::object();
  for (std::uint32_t i = 0; i < ring.servers().size(); ++i)
    shares[ring.servers()[i].name] = ring.share_ppm(MemberId{i}) / 1e6;
  Json json;
  json["position"] = position;
  json["points"] = ring.points().size();
  json["why"] = "the first of " + std::to_string(ring.points().size()) + " points at or after " +
                hex32(hash) + " is " + hex32(point.hash) + " of " + ring.server(point.server).name;
  json["around"] = around_json(ring, position);
  json["walk"] = walk_json(ring, position, std::max<std::size_t>(n, 3));
  json["not_in_ring"] = absent_json(view);
  json["shares"] = std::move(shares);
  return json;
}

Response lookup_one(const Call& call, std::string_view key) {
  const View& view = call.context.view;
  if (auto fault = key_fault(key)) return problem(Code::bad_key, *fault, key.substr(0, limits::key_bytes));
  const auto n = parse_count(call.query.get("n").value_or("1"), limits::members);
  if (!n) return problem(Code::bad_request, n.error(), key);
  if (auto refusal = not_serving(view, key)) return *refusal;

  const ring::Snapshot& ring = *view.ring;
  const std::uint32_t hash = ring::fingerprint32(key);
  Json owners = Json::array();
  const auto ids = owners_of(ring, key, *n);
  for (const MemberId id : ids) owners.push_back(member_json(view, ring.server(id)));
  KeyText shown = key_text(key);
  Json body;
  body["key"] = std::move(shown.text);
  if (shown.percent) body["key_encoding"] = "percent";
  body["hash"] = hex32(hash);
  body["owner"] = owners.front();
  body["owners"] = std::move(owners);
  body["local"] = ring.server(ids.front()).address == view.address;
  body["version"] = ring.version();
  body["checksum"] = hex32(ring.checksum());
  if (call.query.flag("explain")) body["explain"] = explain_json(view, hash, *n);
  return json_answer(call.context, dump(body));
}

// What each member says. A key that this node cannot look up it cannot ask for either.
Response ask_all(const Call& call, std::string_view key) {
  if (auto fault = key_fault(key)) return problem(Code::bad_key, *fault, key.substr(0, limits::key_bytes));
  if (auto refusal = not_serving(call.context.view, key)) return *refusal;
  if (!owners_question(key))
    return problem(Code::bad_key, "the members are asked in JSON, which cannot hold a key that is no UTF-8");
  Response response;
  response.order = Order{.kind = Order::Kind::owners, .key = std::string(key)};
  return response;
}

Result<std::string, Response> key_in_path(const Call& call) {
  using Read = Result<std::string, Response>;
  if (call.rest.find('/') != std::string_view::npos)
    return problem(Code::bad_key, "a '/' that belongs to the key is written %2F", call.rest);
  auto key = http::percent_decode(call.rest);
  if (!key) return problem(Code::bad_key, "in the path, a % stands without two hex digits", call.rest);
  return Read(Read::in_place_value, std::move(*key));
}

Result<std::string, Response> key_in_query(const Call& call) {
  using Read = Result<std::string, Response>;
  const auto key = call.query.get("key");
  if (!key) return problem(Code::missing_key, "the key is neither in the path nor in ?key=");
  return Read(Read::in_place_value, *key);
}

struct Batch {
  std::vector<std::string> shown;  // as the caller wrote them
  std::vector<std::string> keys;   // as they are hashed
  std::size_t n = 1;
  bool percent = false;
};

Result<std::size_t, std::string> batch_count(const Json& body) {
  if (!body.contains("n")) return std::size_t{1};
  return parse_count(dump(body["n"]), limits::lookup_many_owners);
}

// One key of the list: its bytes, or what is wrong with it.
Result<std::string, Response> batch_key(const Json& item, std::size_t index, bool percent) {
  const std::string where = "keys[" + std::to_string(index) + "]";
  if (!item.is_string()) return problem(Code::bad_request, where + " is not a string");
  std::string text = item.get<std::string>();
  if (percent) {
    auto decoded = http::percent_decode(text);
    if (!decoded) return problem(Code::bad_key, where + " has a % without two hex digits", text);
    text = std::move(*decoded);
  }
  if (auto fault = key_fault(text)) return problem(Code::bad_key, where + ": " + *fault);
  return text;
}

Result<Batch, Response> parse_batch(std::string_view text) {
  if (nests_too_deep(text))
    return problem(Code::bad_request,
                   "the body nests deeper than " + std::to_string(json_depth_max) + " levels");
  Json body;
  try {
    body = Json::parse(text);
  } catch (const Json::parse_error& error) {
    return problem(Code::bad_request,
                   "the body is not JSON: the fault is at byte " + std::to_string(error.byte));
  } catch (const Json::out_of_range&) {
    return problem(Code::bad_request, "the body holds a number that no computer can");
  }
  if (!body.is_object() || !body.contains("keys") || !body["keys"].is_array())
    return problem(Code::bad_request, R"(the body is not like {"keys": ["user:42"], "n": 1})");
  if (body["keys"].size() > limits::lookup_keys)
    return problem(Code::body_too_large, std::to_string(body["keys"].size()) +
                                             " keys in one request, at most " +
                                             std::to_string(limits::lookup_keys) + " are taken");
  Batch batch;
  auto n = batch_count(body);
  if (!n) return problem(Code::bad_request, n.error());
  batch.n = *n;
  if (body.contains("key_encoding") && body["key_encoding"] != "percent")
    return problem(Code::bad_request, "the only key_encoding is \"percent\"");
  batch.percent = body.contains("key_encoding");
  for (const Json& item : body["keys"]) {
    auto key = batch_key(item, batch.keys.size(), batch.percent);
    if (!key) return std::move(key).error();
    batch.shown.push_back(item.get<std::string>());
    batch.keys.push_back(std::move(*key));
  }
  return batch;
}

}  // namespace

Response lookup_by_path(const Call& call) {
  const auto key = key_in_path(call);
  return key ? lookup_one(call, *key) : key.error();
}

Response lookup_by_query(const Call& call) {
  const auto key = key_in_query(call);
  return key ? lookup_one(call, *key) : key.error();
}

Response order_owners_by_path(const Call& call) {
  const auto key = key_in_path(call);
  return key ? ask_all(call, *key) : key.error();
}

Response order_owners_by_query(const Call& call) {
  const auto key = key_in_query(call);
  return key ? ask_all(call, *key) : key.error();
}

Response lookup_many(const Call& call) {
  const View& view = call.context.view;
  if (call.request.body.size() > limits::api_body_bytes)
    return problem(Code::body_too_large,
                   "a lookup takes at most " + std::to_string(limits::api_body_bytes) + " bytes");
  auto batch = parse_batch(call.request.body);
  if (!batch) return std::move(batch).error();
  if (auto refusal = not_serving(view, {})) return *refusal;

  const ring::Snapshot& ring = *view.ring;
  std::vector<std::vector<std::string>> by_server(ring.servers().size());
  for (std::size_t i = 0; i < batch->keys.size(); ++i)
    for (const MemberId id : owners_of(ring, batch->keys[i], batch->n))
      by_server[id.value].push_back(batch->shown[i]);
  Json by_owner = Json::object();
  for (std::size_t i = 0; i < by_server.size(); ++i)
    if (!by_server[i].empty()) by_owner[ring.servers()[i].name] = std::move(by_server[i]);
  Json body;
  body["by_owner"] = std::move(by_owner);
  if (batch->percent) body["key_encoding"] = "percent";
  body["version"] = ring.version();
  body["checksum"] = hex32(ring.checksum());
  return json_answer(call.context, dump(body));
}

}  // namespace ringside::api
