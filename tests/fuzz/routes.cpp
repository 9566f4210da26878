// Routes and requests: what takes a request, what its key is, and what the app gets to see. Templates are
// matched here a second time, in the plainest way.
//
// The payload: a line for each route, "MATCH KEY MISSING METHOD,...", of which all but the first may be
// missing; an empty line; the request's head, with plain line ends. Flag 0: the listener answers for the
// hosts a and *.b alone.
#include "daemon/base/text.hpp"
#include "daemon/routes/decide.hpp"
#include "daemon/worker/route.hpp"
#include "proto/http/syntax.hpp"
#include "proto/http1/parser.hpp"
#include "tests/fuzz/carried.hpp"
#include "tests/fuzz/targets.hpp"

namespace ringside::fuzz {
namespace {

using routes::Rule;
using routes::Rules;

Rule rule_of(const std::string& line) {
  const auto words = split(line, ' ');
  Rule rule;
  if (!words.empty()) rule.match = words[0];
  if (words.size() > 1) rule.key = words[1];
  if (words.size() > 2)
    for (std::size_t i = 0; i < routes::missing_words.size(); ++i)
      if (words[2] == routes::missing_words[i]) rule.missing = static_cast<routes::Missing>(i);
  if (words.size() > 3) rule.methods = split(words[3], ',');
  return rule;
}

// Behind the first slash, the parts between slashes.
std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> parts{""};
  for (const char c : path.substr(1)) {
    if (c == '/')
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

bool takes(const Rule& rule, std::string_view method, std::string_view path) {
  const auto allowed = std::ranges::any_of(rule.methods, [&](const auto& each) { return each == method; });
  if ((!rule.methods.empty() && !allowed) || !path.starts_with('/')) return false;
  auto wanted = parts_of(rule.match);
  auto there = parts_of(path);
  if (wanted.back() == "**") {
    wanted.pop_back();
    if (there.size() > wanted.size()) there.resize(wanted.size());
  }
  return std::equal(wanted.begin(), wanted.end(), there.begin(), there.end(),
                    [](const std::string& want, const std::string& part) {
                      const bool any = want == "*" || want.starts_with('{');
                      return any ? !part.empty() : want == part;
                    });
}

// From 1; 0: none.
std::size_t first_that_takes(const Rules& rules, const http::RequestHead& head) {
  for (std::size_t i = 0; i < rules.size(); ++i)
    if (takes(rules[i], head.method, routes::path_of(head.target))) return i + 1;
  return 0;
}

// A route is called useless only if no request is its own.
void check_faults(const std::vector<routes::Fault>& faults, const Rules& rules,
                  const http::RequestHead* head) {
  require(!faults.empty(), "refused without a fault");
  bool well_formed = true;
  for (const auto& fault : faults) {
    require(fault.number >= 1 && fault.number <= rules.size() + 1 && !fault.text.empty(),
            "a fault of no route, or without a text");
    well_formed = well_formed && fault.field.empty();
  }
  if (head == nullptr || !well_formed || rules.size() > limits::routes) return;
  for (const auto& fault : faults)
    require(first_that_takes(rules, *head) != fault.number, "a useless route takes a request");
}

void check_key(const std::string& key) {
  require(!key.empty() && key.size() <= limits::key_bytes, "a key that is none");
  std::string field;
  worker::encode_key(key, field);
  require(http::all_of(field, http::value_byte) && http::trim(field) == field,
          "a key that no field can hold");
  require(http::percent_decode(field) == key, "a key is another one behind a field");
}

void check_target(const http::RequestHead& head, const worker::Route& route) {
  using Kind = worker::Route::Kind;
  if (route.kind == Kind::key) check_key(route.key);
  if (route.kind == Kind::refused) require(!route.problem.detail.empty(), "a refusal without a reason");
  if (route.kind == Kind::refused || route.kind == Kind::api) return;
  auto sent = head;
  sent.target = route.target;
  sent.framing = {};
  check_carried(sent);
}

// The decision, the explanation of `ringside route` (each route asked in turn) and the plain reading agree.
void check_decision(const http::RequestHead& head, const Rules& rules, const routes::Table& table,
                    const std::vector<std::string>& hosts) {
  routes::Decision decision;
  routes::decide(head, hosts, table, decision);
  const auto plain = first_that_takes(rules, head);
  std::size_t explained = 0;
  routes::Values values;
  for (const auto& entry : table.entries()) {
    const auto miss = entry.match(head.method, routes::path_of(head.target), values);
    if (miss != routes::Entry::Miss::none) continue;
    explained = entry.number;
    break;
  }
  require(explained == plain, "a route matches in one way and not in the other");
  const bool wrong_host = decision.kind == routes::Decision::Kind::wrong_host;
  const auto decided = decision.entry == nullptr ? 0 : decision.entry->number;
  require(wrong_host ? decided == 0 : decided == plain, "the decision is not what is explained");
  const bool refused = wrong_host || decision.kind == routes::Decision::Kind::missing_key ||
                       decision.kind == routes::Decision::Kind::bad_key;
  require(!refused || !decision.text.empty(), "a refusal without a reason");
  if (decision.kind == routes::Decision::Kind::key) check_key(decision.text);
}

}  // namespace

void routes(const Input& input) {
  const auto payload = input.payload();
  const auto middle = std::min(payload.find("\n\n"), payload.size());
  Rules rules;
  for (const auto& line : split(payload.substr(0, middle), '\n')) rules.push_back(rule_of(line));
  std::string request;
  for (const char c : payload.substr(std::min(middle + 2, payload.size())))
    request += c == '\n' ? "\r\n" : std::string(1, c);
  request += "\r\n\r\n";
  http1::RequestParser parser;
  const auto step = parser.next(request);
  const auto* read = std::get_if<http1::Complete<http::RequestHead>>(&step);
  const auto* head = read == nullptr ? nullptr : read->head;

  const auto table = routes::Table::compile(rules);
  if (!table) check_faults(table.error(), rules, head);
  if (head == nullptr) return;
  worker::Route route;
  worker::api_route(*head, route);
  check_target(*head, route);
  if (!table) return;
  config::Config config;
  if (input.flag(0)) config.ingress.hosts = {"a", "*.b"};
  check_decision(*head, rules, *table, config.ingress.hosts);
  worker::ingress_route(*head, config, *table, route);
  check_target(*head, route);
}

}  // namespace ringside::fuzz
