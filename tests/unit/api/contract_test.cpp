// proto/openapi.yaml against the daemon: real answers fit the document, and what the document promises really
// comes.
#include <catch2/catch.hpp>
#include <optional>
#include <set>

#include "daemon/api/app_orders.hpp"
#include "daemon/api/cluster_orders.hpp"
#include "daemon/api/faults.hpp"
#include "daemon/api/keyring.hpp"
#include "daemon/api/owners.hpp"
#include "daemon/api/self_orders.hpp"
#include "daemon/api/settings_orders.hpp"
#include "daemon/api/stats.hpp"
#include "daemon/base/limits.hpp"
#include "tests/support/api_call.hpp"
#include "tests/support/schema.hpp"
#include "tests/support/view.hpp"

using namespace ringside;
using test::Json;

namespace {

const Json& document() {
  static const Json parsed = Json::parse(api::openapi_json());
  return parsed;
}

struct Sample {
  std::string path;  // as the document writes it
  std::string method;
  std::string target;
  int status;
  std::string body = {};
  api::View view = test::sample_view();
  test::Said said = {};
  std::optional<api::Response> by_control = {};  // of a page that gives an order: what control may answer
};

const api::Stats& stats() {
  static const api::Stats some{
      {{"127.0.0.1:7601", 3}, {"127.0.0.1:7603", 1}, {"127.0.0.1:9999", 1}},
      {{"user:42", 7, 5, 1}, {"\xFF", 1, 2, 0}, {std::string(limits::hot_key_bytes, 'k'), 4096, 1, 1}},
      10};
  return some;
}

std::vector<Sample> samples() {
  const auto joining = test::joining_view();
  auto warned = test::sample_view();
  warned.warnings = {{"ringpop_node_peer", "the two disagree"}};
  auto sick = test::sample_view();
  sick.members[2].status = ringpop::Status::leave;
  sick.members[2].app = api::MemberApp::down;
  sick.app.state = api::AppState::down;
  sick.app.reason = "Connection refused";
  auto without = test::sample_view();
  without.app_settings.address.clear();
  const auto usual = test::sample_view();
  const test::Said full{.full = true};
  const std::string too_much(2 << 20, ' ');
  auto leaving = test::sample_view();
  leaving.drain = {api::DrainState::finishing, true, leaving.started, leaving.started + Millis{30'000}};
  const obs::Metrics metrics;
  const auto going = api::drain_answer({leaving, metrics, leaving.started + Millis{1'000}}, 202);
  const std::string peers = R"({"peers":["127.0.0.1:1","b"]})";
  const std::string key = R"({"key":")" + std::string(64, 'c') + R"("})", id = R"({"id":"11111111"})";
  const std::vector<api::MemberKeys> keys{
      {.name = "a", .address = "127.0.0.1:1", .ids = {"11111111", "22222222"}},
      {.name = "r", .address = "127.0.0.1:2", .reason = "not a ringside", .ringside = false}};
  const auto all_keys = api::keyring_answer(std::span(keys).first(1)), some_keys = api::keyring_answer(keys);
  const auto keys_refused = api::keyring_refusal("the key cannot be used yet", {"b lacks it"});
  auto dev = test::sample_view();
  dev.dev = true;
  Faults some_faults{{{"127.0.0.1:7603", {.drop = true}}}, Fault{.delay = Millis{200}}};
  dev.faults = std::make_shared<const Faults>(some_faults);
  const auto changed = api::self_answer({.view = usual, .metrics = metrics, .now = test::sample_now()});
  const auto registered = [&](int status) {
    return api::app_answer({.view = usual, .metrics = metrics, .now = test::sample_now()}, status);
  };
  const auto owners =
      api::owners_answer(usual, "k",
                         std::vector<api::ToldOwner>{
                             {"laptop-1", "127.0.0.1:7601",
                              R"({"dest":"127.0.0.1:7603","ring":{"version":4,"checksum":"0x0000002a"}})"},
                             {"laptop-2", "127.0.0.1:7603", R"({"dest":"127.0.0.1:7601"})"},
                             {"laptop-3", "127.0.0.1:7605", std::nullopt}});
  const std::string entry =
      R"({"id":"shop","address":"127.0.0.1:5000","protocol":"h2c","health":{"fail":2,"required":true}})";
  const std::string patch = R"({"labels":{"zone":"eu","rack":null},"weight":2})";
  const auto unfit = api::render({.code = api::Code::conflict, .detail = "this node is leaving"});
  return {
      {"/v1/lookup/{key}", "GET", "/v1/lookup/k", 200},
      {"/v1/lookup/{key}", "GET", "/v1/lookup/%FF?n=2&explain=true", 200},
      {"/v1/lookup/{key}", "GET", "/v1/lookup/%F", 400},
      {"/v1/lookup/{key}", "GET", "/v1/lookup/k", 503, "", joining},
      {"/v1/lookup", "GET", "/v1/lookup?key=k", 200},
      {"/v1/lookup", "GET", "/v1/lookup", 400},
      {"/v1/lookup", "GET", "/v1/lookup?key=k", 503, "", test::empty_ring_view()},
      {"/v1/lookup", "POST", "/v1/lookup", 200, R"({"keys":["a","b"],"n":2})"},
      {"/v1/lookup", "POST", "/v1/lookup", 200, R"({"keys":["%FF"],"key_encoding":"percent"})"},
      {"/v1/lookup", "POST", "/v1/lookup", 400, "{"},
      {"/v1/lookup", "POST", "/v1/lookup", 413, too_much},
      {"/v1/lookup", "POST", "/v1/lookup", 503, R"({"keys":["a"]})", joining},
      {"/v1/owners/{key}", "GET", "/v1/owners/k", 200, "", usual, {}, owners},
      {"/v1/owners/{key}", "GET", "/v1/owners/%FF", 400},
      {"/v1/owners/{key}", "GET", "/v1/owners/k", 503, "", joining},
      {"/v1/owners", "GET", "/v1/owners?key=k", 200, "", usual, {}, owners},
      {"/v1/owners", "GET", "/v1/owners", 400},
      {"/v1/owners", "GET", "/v1/owners?key=k", 503, "", joining},
      {"/v1/ring", "GET", "/v1/ring", 200},
      {"/v1/ring", "GET", "/v1/ring?points=true", 200},
      {"/v1/ring", "GET", "/v1/ring", 200, "", joining},
      {"/v1/ring", "GET", "/v1/ring?points=%", 400},
      {"/v1/members", "GET", "/v1/members", 200},
      {"/v1/members", "GET", "/v1/members?status=x", 400},
      {"/v1/members/{name}", "GET", "/v1/members/laptop-3", 200},
      {"/v1/members/{name}", "GET", "/v1/members/%", 400},
      {"/v1/members/{name}", "GET", "/v1/members/x", 404},
      {"/v1/self", "GET", "/v1/self", 200},
      {"/v1/self", "GET", "/v1/self", 200, "", warned},
      {"/v1/self", "GET", "/v1/self", 200, "", joining},
      {"/v1/self", "PATCH", "/v1/self", 200, patch, usual, {}, changed},
      {"/v1/self", "PATCH", "/v1/self", 400, "[]"},
      {"/v1/self", "PATCH", "/v1/self", 409, patch, usual, {}, unfit},
      {"/v1/self", "PATCH", "/v1/self", 413, too_much},
      {"/v1/self", "PATCH", "/v1/self", 422, R"({"labels":{"__app":"down"}})"},
      {"/v1/app", "PUT", "/v1/app", 200, entry, usual, {}, registered(200)},
      {"/v1/app", "PUT", "/v1/app", 201, entry, usual, {}, registered(201)},
      {"/v1/app", "PUT", "/v1/app", 400, R"({"protocol":"http1"})"},
      {"/v1/app", "PUT", "/v1/app", 409, entry, usual, {}, unfit},
      {"/v1/app", "PUT", "/v1/app", 413, too_much},
      {"/v1/app", "PUT", "/v1/app", 422, entry, usual, {}, api::bad_app_answer({"app.address: no"})},
      {"/v1/app", "DELETE", "/v1/app", 204, "", usual, {}, api::no_content()},
      {"/v1/faults", "GET", "/v1/faults", 200, "", dev},
      {"/v1/faults", "GET", "/v1/faults", 403},
      {"/v1/faults/{peer}",
       "PUT",
       "/v1/faults/laptop-2",
       200,
       R"({"drop":true})",
       dev,
       {},
       api::faults_answer(dev.faults)},
      {"/v1/faults/{peer}", "PUT", "/v1/faults/*", 400, "{}", dev},
      {"/v1/faults/{peer}", "PUT", "/v1/faults/*", 403, R"({"drop":true})"},
      {"/v1/faults/{peer}", "PUT", "/v1/faults/x", 404, R"({"drop":true})", dev},
      {"/v1/faults/{peer}", "PUT", "/v1/faults/laptop-1", 409, R"({"drop":true})", dev},
      {"/v1/faults/{peer}", "PUT", "/v1/faults/*", 413, too_much, dev},
      {"/v1/faults/{peer}", "PUT", "/v1/faults/*", 422, R"({"delay":"2h"})", dev},
      {"/v1/faults/{peer}", "DELETE", "/v1/faults/*", 200, "", dev, {}, api::faults_answer(nullptr)},
      {"/v1/faults/{peer}", "DELETE", "/v1/faults/%", 400, "", dev},
      {"/v1/faults/{peer}", "DELETE", "/v1/faults/*", 403},
      {"/v1/faults/{peer}", "DELETE", "/v1/faults/x", 404, "", dev},
      {"/v1/faults/{peer}", "DELETE", "/v1/faults/laptop-1", 409, "", dev},
      {"/v1/logs", "GET", "/v1/logs", 200},
      {"/v1/logs", "GET", "/v1/logs?follow=true&level=debug", 200},
      {"/v1/logs", "GET", "/v1/logs?level=loud", 400},
      {"/v1/logs", "GET", "/v1/logs?follow=true", 503, "", usual, full},
      {"/v1/app", "GET", "/v1/app", 200},
      {"/v1/app", "GET", "/v1/app", 200, "", without},
      {"/v1/members", "GET", "/v1/members", 200, "", sick},
      {"/v1/self", "GET", "/v1/self", 200, "", sick},
      {"/v1/app", "GET", "/v1/app", 200, "", sick},
      {"/v1/readyz", "GET", "/v1/readyz", 503, "", sick},
      {"/v1/ring", "GET", "/v1/ring?index=17", 503, "", usual, full},
      {"/v1/ring/ranges", "GET", "/v1/ring/ranges", 200},
      {"/v1/ring/ranges", "GET", "/v1/ring/ranges?node=laptop-3", 200},
      {"/v1/ring/ranges", "GET", "/v1/ring/ranges?node=x", 404},
      {"/v1/ring/ranges", "GET", "/v1/ring/ranges?index=x", 400},
      {"/v1/ring/ranges", "GET", "/v1/ring/ranges?index=17", 503, "", usual, full},
      {"/v1/ring/plan", "POST", "/v1/ring/plan", 200,
       R"({"add":[{"name":"d","weight":2}],"remove":["laptop-2"]})"},
      {"/v1/ring/plan", "POST", "/v1/ring/plan", 200, R"({"add":[{"name":"d"}]})", joining},
      {"/v1/ring/plan", "POST", "/v1/ring/plan", 200, R"({"remove":["laptop-1","laptop-2"]})"},
      {"/v1/ring/plan", "POST", "/v1/ring/plan", 400, R"({"remove":["laptop-3"]})"},
      {"/v1/members", "GET", "/v1/members?index=17", 503, "", usual, full},
      {"/v1/members/{name}", "GET", "/v1/members/laptop-3?index=17", 503, "", usual, full},
      {"/v1/self", "GET", "/v1/self?index=-1", 400},
      {"/v1/self", "GET", "/v1/self?index=17", 503, "", usual, full},
      {"/v1/app", "GET", "/v1/app?index=0&wait=1", 400},
      {"/v1/app", "GET", "/v1/app?index=17", 503, "", usual, full},
      {"/v1/events", "GET", "/v1/events?follow=false", 200},
      {"/v1/events", "GET", "/v1/events", 200},
      {"/v1/events", "GET", "/v1/events?types=x", 400},
      {"/v1/events", "GET", "/v1/events", 503, "", usual, full},
      {"/v1/stats", "GET", "/v1/stats", 200, "", usual, {.stats = &stats()}},
      {"/v1/stats", "GET", "/v1/stats", 200, "", joining, {.stats = &stats()}},
      {"/v1/livez", "GET", "/v1/livez", 204},
      {"/livez", "GET", "/livez", 204},
      {"/v1/readyz", "GET", "/v1/readyz", 204},
      {"/v1/readyz", "GET", "/v1/readyz", 503, "", joining},
      {"/readyz", "GET", "/readyz", 204},
      {"/readyz", "GET", "/readyz", 503, "", joining},
      {"/v1/outboundz", "GET", "/v1/outboundz", 204},
      {"/v1/outboundz", "GET", "/v1/outboundz", 503, "", joining},
      {"/outboundz", "GET", "/outboundz", 204},
      {"/outboundz", "GET", "/outboundz", 503, "", joining},
      {"/v1/drain", "GET", "/v1/drain", 200},
      {"/v1/drain", "GET", "/v1/drain?index=x", 400},
      {"/v1/drain", "GET", "/v1/drain?index=17", 503, "", usual, full},
      {"/v1/drain", "GET", "/v1/drain", 200, "", leaving},
      {"/v1/drain", "POST", "/v1/drain", 202, "", leaving, {}, going},
      {"/v1/drain", "POST", "/v1/drain", 202, R"({"timeout":"5s"})", leaving, {}, going},
      {"/v1/drain", "POST", "/v1/drain", 400, R"({"timeout":5})"},
      {"/v1/drain", "POST", "/v1/drain", 409, "{}", leaving, {}, unfit},
      {"/v1/drain", "POST", "/v1/drain", 413, too_much},
      {"/v1/drain", "DELETE", "/v1/drain", 204, "", leaving, {}, api::no_content()},
      {"/v1/drain", "DELETE", "/v1/drain", 409, "", leaving, {}, unfit},
      {"/v1/leave", "POST", "/v1/leave?wait=5s", 202, "", leaving, {}, going},
      {"/v1/leave", "POST", "/v1/leave?wait=5", 400},
      {"/v1/members/{name}",
       "DELETE",
       "/v1/members/laptop-3?force=true",
       202,
       "",
       sick,
       {},
       api::evicted_answer("127.0.0.1:7605")},
      {"/v1/members/{name}", "DELETE", "/v1/members/%", 400},
      {"/v1/members/{name}", "DELETE", "/v1/members/x", 404},
      {"/v1/members/{name}", "DELETE", "/v1/members/laptop-1", 409},
      {"/v1/reap", "POST", "/v1/reap", 202, "", sick, {}, api::reaped_answer(2)},
      {"/v1/heal",
       "POST",
       "/v1/heal",
       202,
       "",
       sick,
       {},
       api::healed_answer(std::vector<std::string>{"127.0.0.1:1"})},
      {"/v1/heal", "POST", "/v1/heal", 409, "", sick, {}, unfit},
      {"/v1/heal", "POST", "/v1/heal", 503, "", joining, {}, api::render({.code = api::Code::not_joined})},
      {"/v1/join",
       "POST",
       "/v1/join",
       200,
       peers,
       sick,
       {},
       api::joined_answer(std::vector<api::JoinedPeer>{{"127.0.0.1:1", ""}, {"b", "no such host"}})},
      {"/v1/join", "POST", "/v1/join", 400, R"({"peers":[]})"},
      {"/v1/join", "POST", "/v1/join", 409, peers, sick, {}, unfit},
      {"/v1/join", "POST", "/v1/join", 413, too_much},
      {"/v1/join",
       "POST",
       "/v1/join",
       503,
       peers,
       sick,
       {},
       api::joined_answer(std::vector<api::JoinedPeer>{{"b", "no such host"}})},
      {"/v1/partitions",
       "GET",
       "/v1/partitions",
       200,
       "",
       sick,
       {},
       api::partitions_answer(std::vector<api::AskedMember>{
           {"a", "127.0.0.1:1", 1}, {"b", "127.0.0.1:2", 2}, {"c", "127.0.0.1:3", std::nullopt}})},
      {"/v1/config", "GET", "/v1/config", 200},
      {"/v1/reload",
       "POST",
       "/v1/reload",
       200,
       "",
       usual,
       {},
       api::reloaded_answer(std::vector<api::SettingChange>{{"a.b", "1", "2", "r.yaml:1"}}, {})},
      {"/v1/reload", "POST", "/v1/reload", 422, "", usual, {}, api::not_reloaded_answer({"r.yaml:1:1: no"})},
      {"/v1/log-level",
       "PUT",
       "/v1/log-level",
       200,
       R"({"level":"debug"})",
       usual,
       {},
       api::log_level_answer(obs::Level::debug, obs::Level::info)},
      {"/v1/log-level", "PUT", "/v1/log-level", 400, "{}"},
      {"/v1/log-level", "PUT", "/v1/log-level", 413, too_much},
      {"/v1/log-level", "PUT", "/v1/log-level", 422, R"({"level":"loud"})"},
      {"/v1/keyring", "GET", "/v1/keyring", 200, "", usual, {}, all_keys},
      {"/v1/keyring", "GET", "/v1/keyring", 207, "", usual, {}, some_keys},
      {"/v1/keyring", "GET", "/v1/keyring", 409, "", usual, {}, keys_refused},
      {"/v1/keyring", "POST", "/v1/keyring", 200, key, usual, {}, all_keys},
      {"/v1/keyring", "POST", "/v1/keyring", 207, key, usual, {}, some_keys},
      {"/v1/keyring", "POST", "/v1/keyring", 400, "{}"},
      {"/v1/keyring", "POST", "/v1/keyring", 409, key, usual, {}, keys_refused},
      {"/v1/keyring", "POST", "/v1/keyring", 413, too_much},
      {"/v1/keyring/primary", "PUT", "/v1/keyring/primary", 200, id, usual, {}, all_keys},
      {"/v1/keyring/primary", "PUT", "/v1/keyring/primary", 207, id, usual, {}, some_keys},
      {"/v1/keyring/primary", "PUT", "/v1/keyring/primary", 400, "{}"},
      {"/v1/keyring/primary", "PUT", "/v1/keyring/primary", 409, id, usual, {}, keys_refused},
      {"/v1/keyring/primary", "PUT", "/v1/keyring/primary", 413, too_much},
      {"/v1/keyring/{id}", "DELETE", "/v1/keyring/11111111", 200, "", usual, {}, all_keys},
      {"/v1/keyring/{id}", "DELETE", "/v1/keyring/11111111", 207, "", usual, {}, some_keys},
      {"/v1/keyring/{id}", "DELETE", "/v1/keyring/all", 400},
      {"/v1/keyring/{id}", "DELETE", "/v1/keyring/11111111", 409, "", usual, {}, keys_refused},
      {"/metrics", "GET", "/metrics", 200},
      {"/openapi.json", "GET", "/openapi.json", 200},
      {"/", "GET", "/", 200},
  };
}

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

// Served by the workers, which need sockets: here only what the document says of them is checked.
bool is_forwarding(const std::string& path) {
  return path.find("{path}") != std::string::npos;
}

void check_body(const test::SchemaChecker& checker, const Json& documented, const api::Response& response) {
  const std::string type = response.content_type.substr(0, response.content_type.find(';'));
  if (response.status == 204) {
    CHECK(response.body.empty());
    return;
  }
  REQUIRE(documented["content"].contains(type));
  const Json value = type.ends_with("json") ? Json::parse(response.body) : Json(response.body);
  for (const std::string& fault : checker.check(documented["content"][type]["schema"], value))
    FAIL_CHECK(fault);
}

}  // namespace

TEST_CASE("every answer fits the document: status, type, body and header fields") {
  const test::SchemaChecker checker(document());
  for (const Sample& sample : samples()) {
    CAPTURE(sample.method, sample.target, sample.status);
    auto response = test::call_api(sample.view, sample.method, sample.target, sample.body, sample.said);
    REQUIRE(response.order.has_value() == sample.by_control.has_value());
    if (sample.by_control) response = *sample.by_control;
    REQUIRE(response.status == sample.status);
    const Json& responses = document()["paths"].at(sample.path).at(lower(sample.method)).at("responses");
    REQUIRE(responses.contains(std::to_string(response.status)));
    const Json& documented = checker.resolve(responses[std::to_string(response.status)]);
    check_body(checker, documented, response);
    for (const auto& [name, value] : response.headers) {
      CAPTURE(name, value);
      CHECK((documented.contains("headers") && documented["headers"].contains(name)));
    }
  }
}

TEST_CASE("every status that the document promises for a read is produced by a sample") {
  std::set<std::string> produced;
  for (const Sample& sample : samples())
    produced.insert(lower(sample.method) + " " + sample.path + " " + std::to_string(sample.status));
  for (const auto& [path, item] : document()["paths"].items()) {
    if (is_forwarding(path)) continue;
    for (const auto& [method, operation] : item.items())
      for (const auto& [status, response] : operation["responses"].items()) {
        const std::string promise = method + " " + path + " " + status;
        CAPTURE(promise);
        CHECK(produced.contains(promise));
      }
  }
}

TEST_CASE("the codes in the document are those of the table, and each fits the schema of a problem") {
  const test::SchemaChecker checker(document());
  const Json& schemas = document()["components"]["schemas"];
  const Json& codes = schemas["Code"]["enum"];
  REQUIRE(codes.size() == static_cast<std::size_t>(api::Code::internal) + 1);
  for (std::size_t i = 0; i < codes.size(); ++i) {
    const auto code = static_cast<api::Code>(i);
    CHECK(codes[i] == api::row(code).name);
    const api::Problem full{
        .code = code, .detail = "d", .key = "\xFF", .owner = "o", .attempts = 2, .request_id = "r"};
    for (const api::Problem& problem : {full, api::Problem{.code = code}})
      for (const std::string& fault : checker.check(schemas["Problem"], Json::parse(api::to_json(problem))))
        FAIL_CHECK(fault);
  }
}

TEST_CASE("the forwarding paths promise the statuses of the codes, and Retry-After where codes have one") {
  const test::SchemaChecker checker(document());
  std::set<int> known;
  std::set<int> waiting;
  for (int i = 0; i <= static_cast<int>(api::Code::internal); ++i) {
    const auto& row = api::row(static_cast<api::Code>(i));
    known.insert(row.status);
    if (row.retry_after_s > 0) waiting.insert(row.status);
  }
  int forwarding = 0;
  for (const auto& [path, item] : document()["paths"].items()) {
    if (!is_forwarding(path)) continue;
    for (const char* method : {"get", "head", "post", "put", "patch", "delete", "options"}) {
      CAPTURE(path, method);
      const Json& responses = item.at(method).at("responses");
      CHECK(responses.contains("default"));
      for (const auto& [status, response] : responses.items()) {
        if (status == "default") continue;
        CAPTURE(status);
        CHECK(known.contains(std::stoi(status)));
        const bool says = checker.resolve(response)["headers"].contains("Retry-After");
        if (path != "/v1/local/{path}") CHECK(says == waiting.contains(std::stoi(status)));
      }
    }
    ++forwarding;
  }
  CHECK(forwarding == 4);
}

TEST_CASE("the schema checker finds what does not fit") {
  const Json doc =
      Json::parse(R"({"s": {"A": {"type": "object", "required": ["x"], "additionalProperties": false,
    "properties": {"x": {"type": "integer", "minimum": 1}, "y": {"type": "string", "nullable": true, "pattern": "^a"},
                   "z": {"type": "array", "items": {"$ref": "#/s/A"}}, "e": {"enum": ["p"]}}}}})");
  const test::SchemaChecker checker(doc);
  const std::vector<std::pair<std::string, bool>> table{
      {R"({"x":1})", true},
      {R"({})", false},
      {R"({"x":0})", false},
      {R"({"x":1.5})", false},
      {R"({"x":"1"})", false},
      {R"({"x":1,"y":null})", true},
      {R"({"x":1,"y":"b"})", false},
      {R"({"x":1,"w":1})", false},
      {R"({"x":1,"z":[{"x":2}]})", true},
      {R"({"x":1,"z":[{}]})", false},
      {R"({"x":1,"e":"q"})", false},
      {R"([])", false},
  };
  for (const auto& [text, fits] : table) {
    CAPTURE(text);
    CHECK(checker.check(doc["s"]["A"], Json::parse(text)).empty() == fits);
  }
}
