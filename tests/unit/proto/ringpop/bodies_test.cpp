// Bodies as peers send them: a table of what is accepted and refused (proto/vectors/ringpop/bodies.json), and
// every body that live nodes were seen to send (proto/vectors/tchannel), read by a second parser to compare.
#include <fstream>
#include <nlohmann/json.hpp>

#include "proto/ringpop/codec.hpp"
#include "tests/unit/proto/wire/printers.hpp"

using namespace ringside;
using namespace ringside::ringpop;
using nlohmann::json;
using wire::WireErrc;

namespace {

json load(const std::string& name) {
  std::ifstream file(std::string(RINGSIDE_SOURCE_DIR) + "/proto/vectors/" + name);
  return json::parse(file);
}

struct Outcome {
  std::string encoded;  // what we make of it, or
  std::string error;
  std::size_t left_out = 0;
};

std::string name_of(WireErrc code) {
  switch (code) {
    case WireErrc::truncated: return "truncated";
    case WireErrc::bad_value: return "bad_value";
    case WireErrc::duplicate: return "duplicate";
    case WireErrc::unexpected: return "unexpected";
    case WireErrc::trailing_bytes: return "trailing_bytes";
    case WireErrc::too_large: return "too_large";
    case WireErrc::too_many: return "too_many";
    case WireErrc::bad_length:
    case WireErrc::bad_checksum: break;
  }
  return "no error of a body";
}

template <class T>
Outcome outcome(const Parsed<T>& parsed, std::size_t body_size, std::size_t left_out) {
  if (parsed) return {encode(*parsed), {}, left_out};
  CHECK(parsed.error().offset <= body_size + 1);  // the end itself counts as one read
  return {{}, name_of(parsed.error().code)};
}

Outcome read(const std::string& endpoint, const std::string& kind, const std::string& body) {
  std::size_t left_out = 0;
  if (kind == "request") {
    const auto parsed = decode_request(endpoint, body, {}, &left_out);
    return outcome(parsed, body.size(), left_out);
  }
  const auto parsed = decode_response(endpoint, kind == "refusal", body, {}, &left_out);
  return outcome(parsed, body.size(), left_out);
}

// A change as our writer would put it: without what only the other implementations send, with what they leave
// out.
json in_our_shape(json change) {
  change.erase("id");
  change.erase("timestamp");
  if (!change.value("tombstone", false)) change.erase("tombstone");
  change.emplace("source", "");
  change.emplace("sourceIncarnationNumber", 0);
  return change;
}

json in_our_shape(json body, const std::string& endpoint, const std::string& kind) {
  if (kind == "refusal") return {{"type", body.value("type", "")}, {"message", body.value("message", "")}};
  for (const char* list : {"changes", "membership"}) {
    if (!body.contains(list)) continue;
    for (json& change : body[list]) change = in_our_shape(change);
  }
  body.erase("timeout");
  if (endpoint == ping_endpoint && kind == "answer") {
    body.erase("app");
    body.emplace("checksum", 0);
    body.emplace("source", "");
    body.emplace("sourceIncarnationNumber", 0);
  }
  return body;
}

struct Body {
  std::string what, endpoint, kind, text;
};

std::vector<Body> captured_bodies() {
  std::vector<Body> bodies;
  for (const json& exchange : load("tchannel/captured-frames.json")) {
    const std::string endpoint = exchange["req"].value("arg1", "");
    if (!endpoint.starts_with("/protocol/")) continue;
    const bool refused = exchange["res"]["code"] != 0;
    const std::string what = exchange["what"];
    bodies.push_back({what, endpoint, "request", exchange["req"]["arg3"]});
    bodies.push_back({what, endpoint, refused ? "refusal" : "answer", exchange["res"]["arg3"]});
  }
  return bodies;
}

}  // namespace

TEST_CASE("every body in the table is read, or refused, as it says") {
  const json table = load("ringpop/bodies.json");
  CHECK(table.size() > 70);
  for (const json& row : table) {
    INFO(row["what"].get<std::string>() << ": " << row["body"].get<std::string>());
    const Outcome got = read(row["endpoint"], row["kind"], row["body"]);
    CHECK(got.encoded == row.value("encoded", ""));
    CHECK(got.error == row.value("error", ""));
    CHECK(got.left_out == row.value("left_out", 0U));
  }
}

TEST_CASE("what we encode we read back as the same bytes") {
  for (const json& row : load("ringpop/bodies.json")) {
    if (!row.contains("encoded")) continue;
    const std::string encoded = row["encoded"];
    INFO(encoded);
    CHECK(read(row["endpoint"], row["kind"], encoded).encoded == encoded);
  }
}

TEST_CASE("every body of live nodes means to us what a second parser reads in it") {
  const auto bodies = captured_bodies();
  CHECK(bodies.size() == 84);
  for (const Body& body : bodies) {
    INFO(body.what << ", " << body.kind << ": " << body.text);
    const Outcome got = read(body.endpoint, body.kind, body.text);
    REQUIRE(got.error == "");
    CHECK(json::parse(got.encoded) == in_our_shape(json::parse(body.text), body.endpoint, body.kind));
  }
}

TEST_CASE("a body of ringpop-go without its own extras is written as ringpop-go writes it, byte for byte") {
  int compared = 0;
  for (const Body& body : captured_bodies()) {
    const bool is_ours = body.text.ends_with('\n') && body.text.find("timestamp") == std::string::npos &&
                         body.text.find("timeout") == std::string::npos &&
                         body.text.find("\"app\":\"\"") == std::string::npos;
    if (!is_ours) continue;
    CHECK(read(body.endpoint, body.kind, body.text).encoded + "\n" == body.text);
    ++compared;
  }
  CHECK(compared >= 8);
}

TEST_CASE("a captured body cut anywhere is an error, and changed anywhere never more than that") {
  for (const Body& body : captured_bodies()) {
    INFO(body.what << ", " << body.kind);
    if (body.kind == "refusal") continue;  // a refusal is one whatever its body
    const std::size_t end = body.text.find_last_of('}');
    for (std::size_t size = 0; size <= end; ++size) {
      REQUIRE(read(body.endpoint, body.kind, body.text.substr(0, size)).error == "truncated");
    }
    for (std::size_t at = 0; at < body.text.size(); ++at) {
      for (const int mask : {0x01, 0x10, 0x80}) {
        std::string changed = body.text;
        changed[at] = static_cast<char>(changed[at] ^ mask);
        const Outcome got = read(body.endpoint, body.kind, changed);
        // These bodies are ASCII, and no byte above it alone is UTF-8.
        if (mask == 0x80) REQUIRE(got.error != "");
        if (got.error.empty()) REQUIRE(read(body.endpoint, body.kind, got.encoded).encoded == got.encoded);
      }
    }
  }
}
