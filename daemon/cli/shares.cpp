// ranges, plan, dist: who owns how much, and what would move.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "daemon/base/limits.hpp"
#include "daemon/base/text.hpp"
#include "daemon/cli/api_client.hpp"
#include "daemon/cli/output.hpp"
#include "daemon/cli/render.hpp"
#include "daemon/cli/verb.hpp"
#include "proto/http/message.hpp"

namespace ringside::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string percent(double share) {
  const long hundredths = std::lround(share * 10'000);
  const std::string rest = std::to_string(hundredths % 100);
  return std::to_string(hundredths / 100) + "." + (rest.size() < 2 ? "0" : "") + rest + "%";
}

std::string name_of(const Json& json) {
  return json.is_null() ? "(nobody)" : json.get<std::string>();
}

std::string render_ranges(const std::string& body) {
  const Json json = Json::parse(body);
  const Json& owned = json.at("ranges");
  std::vector<std::vector<std::string>> rows{{"FROM", "TO"}};
  for (const Json& range : owned) rows.push_back({name_of(range.at("from")), name_of(range.at("to"))});
  return name_of(json.at("node")) + " owns " + percent(json.at("share").get<double>()) +
         " of the hash space in " + std::to_string(owned.size()) +
         (owned.size() == 1 ? " range" : " ranges") + "\n\n" + table(rows);
}

std::string render_plan(const std::string& body) {
  const Json json = Json::parse(body);
  std::vector<std::vector<std::string>> moves{{"FROM", "TO", "KEYS"}};
  for (const Json& move : json.at("moves"))
    moves.push_back(
        {name_of(move.at("from")), name_of(move.at("to")), percent(move.at("fraction").get<double>())});
  std::vector<std::vector<std::string>> members{{"NAME", "BEFORE", "AFTER"}};
  for (const Json& member : json.at("members"))
    members.push_back({name_of(member.at("name")), percent(member.at("before").get<double>()),
                       percent(member.at("after").get<double>())});
  const std::string moved =
      percent(json.at("moved").at("fraction").get<double>()) + " of the keys would move\n";
  return (moves.size() > 1 ? table(moves) + "\n" : "") + table(members) + "\n" + moved;
}

// "d", "d:2" (its weight), or host:port where the last number is no weight but the port: then "host:port:2".
struct Newcomer {
  std::string name;
  std::int64_t weight = 1;
};
Result<Newcomer, std::string> newcomer(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return Newcomer{text};
  const auto weight = parse_integer(text.substr(colon + 1));
  if (!weight) return "--add is NAME or NAME:WEIGHT, not '" + text + "'";
  if (*weight > limits::plan_weight) return Newcomer{text};
  return Newcomer{text.substr(0, colon), *weight};
}

struct Spread {
  std::string name;
  double share = 0;
};

// How evenly a cluster is loaded, in one line: the fullest against the mean, and the spread.
std::string evenness(const std::vector<Spread>& spread) {
  if (spread.empty()) return "nobody is in the ring\n";
  const double mean = 1.0 / static_cast<double>(spread.size());
  double most = 0, squares = 0;
  for (const Spread& one : spread) {
    most = std::max(most, one.share);
    squares += (one.share - mean) * (one.share - mean);
  }
  const double deviation = std::sqrt(squares / static_cast<double>(spread.size()));
  return "the fullest has " + percent(most / mean) + " of the mean, the standard deviation is " +
         percent(deviation / mean) + " of it\n";
}

// Who owns each key of a file, one a line, as many in a question as the API takes.
Result<std::map<std::string, std::uint64_t>, Exit> count_keys(Terminal& terminal, const Endpoint& address,
                                                              std::istream& keys) {
  std::map<std::string, std::uint64_t> counts;
  const auto ask_for = [&](Json& batch) -> Exit {
    HttpRequest request{.method = "POST", .target = "/v1/lookup", .fields = {}, .body = {}, .has_body = true};
    request.body = Json{{"keys", std::move(batch)}, {"key_encoding", "percent"}}.dump();
    batch = Json::array();
    const auto body = ask(terminal, address, request);
    if (!body) return body.error();
    const Json answer = Json::parse(*body);
    for (const auto& [owner, owned] : answer.at("by_owner").items()) counts[owner] += owned.size();
    return ok;
  };
  constexpr std::size_t bytes_max = limits::api_body_bytes / 2;
  Json batch = Json::array();
  std::size_t bytes = 0;
  for (std::string key; std::getline(keys, key);) {
    if (key.ends_with('\r')) key.pop_back();
    if (key.empty()) continue;
    std::string shown = http::percent_encode(key);
    bytes += shown.size() + 3;
    batch.push_back(std::move(shown));
    if (batch.size() < limits::lookup_keys && bytes < bytes_max) continue;
    bytes = 0;
    if (const Exit exit = ask_for(batch); exit != ok) return exit;
  }
  if (!batch.empty())
    if (const Exit exit = ask_for(batch); exit != ok) return exit;
  return counts;
}

}  // namespace

int ranges(Terminal& terminal, const Arguments& arguments) {
  const std::string node = arguments.words.empty() ? "self" : arguments.words[0];
  const auto body = ask(terminal, arguments, "/v1/ring/ranges?node=" + http::percent_encode(node));
  if (!body) return body.error();
  print(terminal, arguments, *body, "ranges", render_ranges);
  return ok;
}

int plan(Terminal& terminal, const Arguments& arguments) {
  const auto address = api_address(terminal, arguments);
  if (!address) return fail(terminal, usage, address.error());
  Json add = Json::array();
  for (const std::string& text : arguments.all("--add")) {
    const auto one = newcomer(text);
    if (!one) return fail(terminal, usage, one.error());
    add.push_back({{"name", one->name}, {"weight", one->weight}});
  }
  const auto remove = arguments.all("--remove");
  if (add.empty() && remove.empty())
    return fail(terminal, usage, "say who comes or goes: --add NAME, --remove NAME");
  HttpRequest request{
      .method = "POST", .target = "/v1/ring/plan", .fields = {}, .body = {}, .has_body = true};
  request.body = Json{{"add", std::move(add)}, {"remove", remove}}.dump();
  const auto body = ask(terminal, *address, request);
  if (!body) return body.error();
  print(terminal, arguments, *body, "moves", render_plan);
  return ok;
}

int dist(Terminal& terminal, const Arguments& arguments) {
  const auto address = api_address(terminal, arguments);
  if (!address) return fail(terminal, usage, address.error());
  const auto ring = ask(terminal, *address, "/v1/ring");
  if (!ring) return ring.error();
  std::map<std::string, std::uint64_t> counts;
  const auto file = arguments.get("--keys");
  if (file) {
    std::ifstream opened;
    if (*file != "-") opened.open(*file);
    if (*file != "-" && !opened)
      return fail(terminal, failed, "cannot read " + *file + ", the file of --keys");
    auto counted = count_keys(terminal, *address, *file == "-" ? terminal.in : opened);
    if (!counted) return counted.error();
    counts = std::move(*counted);
  }
  std::uint64_t all = 0;
  for (const auto& [name, count] : counts) all += count;

  std::vector<Spread> spread;
  Json members = Json::array();
  std::vector<std::vector<std::string>> rows{{"NAME", "HASHES"}};
  if (file) rows[0].insert(rows[0].end(), {"KEYS", "SHARE"});
  const Json answer = Json::parse(*ring);
  for (const Json& member : answer.at("members")) {
    const auto name = member.at("name").get<std::string>();
    const std::uint64_t keys = counts[name];
    const double share = member.at("share").get<double>();
    const double of_keys = all == 0 ? 0 : static_cast<double>(keys) / static_cast<double>(all);
    spread.push_back({name, file ? of_keys : share});
    rows.push_back({name, percent(share)});
    Json row{{"name", name}, {"share", share}};
    if (file) {
      rows.back().insert(rows.back().end(), {std::to_string(keys), percent(of_keys)});
      row["keys"] = keys;
      row["share_of_keys"] = of_keys;
    }
    members.push_back(std::move(row));
  }
  print(terminal, arguments, Json{{"members", std::move(members)}, {"keys", all}}.dump(), "members",
        [&](const std::string&) { return table(rows) + "\n" + evenness(spread); });
  return ok;
}

}  // namespace ringside::cli
