// route: which route of the ingress listener takes a request, what its key is and who owns it. The settings
// are read as `ringside agent` reads them and the decision is the workers' own (routes::decide); a daemon is
// asked only for the owner.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/api/key_text.hpp"
#include "daemon/base/text.hpp"
#include "daemon/cli/api_client.hpp"
#include "daemon/cli/output.hpp"
#include "daemon/cli/verb.hpp"
#include "daemon/config/load.hpp"
#include "daemon/config/show.hpp"
#include "daemon/routes/decide.hpp"
#include "proto/http/message.hpp"
#include "proto/http/syntax.hpp"

namespace ringside::cli {
namespace {

using Json = nlohmann::ordered_json;
using Kind = routes::Decision::Kind;

// A request as it would stand in front of the listener; its head's views are into it.
struct Asked {
  std::string method, target, authority;
  std::vector<std::pair<std::string, std::string>> fields;

  [[nodiscard]] http::RequestHead head() const {
    http::RequestHead head;
    head.method = method;
    head.target = target;
    head.authority = authority;
    for (const auto& [name, value] : fields) head.fields.push_back({name, value});
    return head;
  }
};

// The error is one sentence.
Result<Asked, std::string> read_request(const std::string& method, std::string url,
                                        const std::vector<std::string>& fields) {
  Asked asked;
  asked.method = method;
  if (const auto scheme = url.find("://"); scheme != url.npos && !url.starts_with('/')) {
    const auto slash = std::min(url.find_first_of("/?", scheme + 3), url.size());
    asked.authority = url.substr(scheme + 3, slash - scheme - 3);
    url.erase(0, slash);
    if (!url.starts_with('/')) url.insert(0, "/");
  }
  if (!url.starts_with('/') && url != "*")
    return "'" + url + "' is not a URL: http://host/path?query, or /path?query";
  asked.target = url.substr(0, url.find('#'));
  if (!http::all_of(asked.target, http::target_byte))
    return "'" + url + "' holds a blank, or a byte that is not ASCII; write it as % and two hex digits";
  for (const auto& text : fields) {
    const auto colon = text.find(':');
    if (colon == text.npos || colon == 0) return "-H is written 'Name: value', not '" + text + "'";
    const std::string value(http::trim(std::string_view(text).substr(colon + 1)));
    const auto name = text.substr(0, colon);
    if (http::equals_ignore_case(name, "host"))
      asked.authority = value;
    else
      asked.fields.emplace_back(name, value);
  }
  return asked;
}

std::string shown_route(const routes::Rule& rule) {
  std::string methods;
  for (const auto& method : rule.methods) methods += (methods.empty() ? "" : ",") + method;
  return methods.empty() ? rule.match : methods + " " + rule.match;
}

// Each route that was looked at, up to the one that took the request.
Json tried(const http::RequestHead& head, const routes::Table& table) {
  Json all = Json::array();
  routes::Values values;
  for (const auto& entry : table.entries()) {
    const auto miss = entry.match(head.method, routes::path_of(head.target), values);
    Json one{{"route", entry.number}, {"match", shown_route(entry.rule)}};
    one["taken"] = miss == routes::Entry::Miss::none;
    if (miss == routes::Entry::Miss::path) one["why_not"] = "the path does not match";
    if (miss == routes::Entry::Miss::method) one["why_not"] = "the method is not among its methods";
    all.push_back(one);
    if (miss == routes::Entry::Miss::none) break;
  }
  return all;
}

std::string place_of(Kind kind) {
  switch (kind) {
    case Kind::key: return "the owner of the key";
    case Kind::local: return "this node's app";
    case Kind::random: return "any node's app";
    case Kind::server: return "no app: ringside answers 204";
    case Kind::wrong_host: return "nobody: 421 wrong_host";
    case Kind::missing_key: return "nobody: 400 missing_key";
    case Kind::bad_key: return "nobody: 400 bad_key";
  }
  return {};
}

std::string source_of(const routes::Decision& decision) {
  return decision.entry == nullptr ? "the header Ringside-Key" : decision.entry->rule.key;
}

Json limits_of(const routes::Decision& decision, const config::Config& config) {
  const routes::Rule general{};
  const auto& rule = decision.entry == nullptr ? general : decision.entry->rule;
  Json limits;
  limits["timeout"] = print_duration(rule.timeout.value_or(config.forward.timeout));
  limits["retry"] = rule.retry.value_or(config.forward.retry.max);
  if (rule.upgrade) limits["upgrade"] = true;
  if (rule.concurrency) limits["concurrency"] = *rule.concurrency;
  return limits;
}

Json explained(const Asked& asked, const config::Config& config, const routes::Table& table,
               std::string& key) {
  const auto head = asked.head();
  routes::Decision decision;
  routes::decide(head, config.ingress.hosts, table, decision);
  Json out;
  out["method"] = asked.method;
  out["target"] = asked.target;
  out["routes"] = decision.kind == Kind::wrong_host ? Json::array() : tried(head, table);
  out["goes_to"] = place_of(decision.kind);
  switch (decision.kind) {
    case Kind::key: {
      const auto text = api::key_text(decision.text);
      out["key"] = text.text;
      if (text.percent) out["key_encoding"] = "percent";
      out["key_from"] = source_of(decision);
      key = decision.text;
      break;
    }
    case Kind::wrong_host:
    case Kind::missing_key:
    case Kind::bad_key: out["refused"] = decision.text; return out;
    case Kind::server: return out;
    case Kind::local:
    case Kind::random: break;
  }
  out["limits"] = limits_of(decision, config);
  return out;
}

void add_owner(const Terminal& terminal, const Endpoint& address, const std::string& key, Json& out) {
  const auto request = request_for(terminal, "/v1/lookup?key=" + http::percent_encode(key));
  const auto response = fetch(address, request, ask_timeout);
  if (!response) {
    out["owner"] = nullptr;
    out["owner_unknown"] = response.error().text;
    return;
  }
  const auto body = Json::parse(response->body, nullptr, false);
  if (response->status != 200 || !body.is_object()) {
    out["owner"] = nullptr;
    out["owner_unknown"] = problem_text(*response);
    return;
  }
  out["owner"] = body["owner"]["name"];
}

std::string text_of(const Json& value) {
  return value.is_string() ? value.get<std::string>()
                           : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string render(const Json& out, bool explain) {
  std::string text;
  const auto row = [&text](std::string name, const std::string& value) {
    name.resize(std::max<std::size_t>(name.size() + 1, 10), ' ');
    text += name + value + "\n";
  };
  if (explain) {
    row("request", text_of(out["method"]) + " " + text_of(out["target"]));
    std::size_t width = 0;
    for (const auto& route : out["routes"]) width = std::max(width, text_of(route["match"]).size());
    for (const auto& route : out["routes"]) {
      std::string match = text_of(route["match"]);
      match.resize(width + 2, ' ');
      row("route " + text_of(route["route"]),
          match + (route["taken"].get<bool>() ? "takes it" : "no: " + text_of(route["why_not"])));
    }
    if (out["routes"].empty() || !out["routes"].back()["taken"].get<bool>()) row("route", "none takes it");
  }
  row("goes to", text_of(out["goes_to"]));
  if (out.contains("refused")) row("because", text_of(out["refused"]));
  if (out.contains("key"))
    row("key", text_of(out["key"]) + (explain ? "  from " + text_of(out["key_from"]) : ""));
  if (out.contains("owner"))
    row("owner",
        out["owner"].is_null() ? "not known: " + text_of(out["owner_unknown"]) : text_of(out["owner"]));
  if (explain && out.contains("limits")) {
    std::string limits;
    for (const auto& [name, value] : out["limits"].items())
      limits += (limits.empty() ? "" : ", ") + name + " " + text_of(value);
    row("limits", limits);
  }
  return text;
}

}  // namespace

int route(Terminal& terminal, const Arguments& arguments) {
  if (arguments.rest.size() < 2 || arguments.rest[0].starts_with('-') || arguments.rest[1].starts_with('-'))
    return fail(terminal, usage, "something is missing: ringside route [--explain] METHOD URL -c FILE");
  const auto address = api_address(terminal, arguments);
  if (!address) return fail(terminal, usage, address.error());
  const auto asked = read_request(arguments.rest[0], arguments.rest[1], arguments.all("--header"));
  if (!asked) return fail(terminal, usage, asked.error());
  const auto loaded =
      config::load(std::span(arguments.rest).subspan(2), terminal.environment, config::read_file);
  if (!loaded) {
    terminal.err << config::render_problems(loaded.error());
    return usage;
  }
  const auto table = *routes::Table::compile(loaded->config.routes);
  std::string key;
  Json out = explained(*asked, loaded->config, table, key);
  if (!key.empty()) add_owner(terminal, *address, key, out);
  print(terminal, arguments, out.dump(2, ' ', false, Json::error_handler_t::replace), "",
        [&](const std::string&) { return render(out, arguments.has("--explain")); });
  return out.contains("refused") ? failed : ok;
}

}  // namespace ringside::cli
