// What a table of texts cannot say: limits, depth, bytes that are no UTF-8, and whole messages there and
// back.
#include "proto/ringpop/codec.hpp"

#include <limits>

#include "tests/unit/proto/wire/printers.hpp"

using namespace ringside;
using namespace ringside::ringpop;
using wire::WireErrc;
using wire::WireError;

namespace {

const Change change{"127.0.0.1:3000", Status::suspect,   1'400'000'000'000,
                    "127.0.0.1:3001", 1'400'000'000'001, {{"__identity", "node-a"}, {"zone", "b"}}};

std::string ping_with(const std::string& changes) {
  return "{\"changes\":[" + changes + "]}";
}
std::string record(const std::string& labels) {
  return R"({"address":"127.0.0.1:3000","status":"alive","labels":{)" + labels + "}}";
}
std::string repeat(const std::string& text, std::size_t times, const std::string& between = "") {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += (i == 0 ? "" : between) + text;
  return out;
}

Parsed<Request> ping(const std::string& body, const DecodeLimits& limits = {}) {
  return decode_request(ping_endpoint, body, limits);
}
bool accepts(const std::string& body, const DecodeLimits& limits = {}) {
  return ping(body, limits).has_value();
}
WireErrc error_of(const std::string& body, const DecodeLimits& limits = {}) {
  const auto parsed = ping(body, limits);
  REQUIRE(parsed.has_error());
  return parsed.error().code;
}

}  // namespace

TEST_CASE("every message survives the way there and back") {
  std::vector<Change> changes;
  for (const Status status :
       {Status::alive, Status::suspect, Status::faulty, Status::leave, Status::tombstone}) {
    changes.push_back(change);
    changes.back().status = status;
  }
  changes.push_back({"127.0.0.1:3002", Status::alive, std::numeric_limits<std::int64_t>::max(), "", 0, {}});

  const Request requests[] = {
      Join{"app", "127.0.0.1:3000", 1},
      Ping{"app", "127.0.0.1:3000", 2, 0xffffffff, changes},
      Ping{"", "", 0, 0, {}},
      PingReq{"127.0.0.1:3000", 3, "127.0.0.1:3001", 4, changes},
  };
  for (const Request& request : requests) {
    const auto back = decode_request(endpoint(request), encode(request));
    REQUIRE(back.has_value());
    CHECK((*back == request));
  }
  const std::pair<std::string_view, Response> responses[] = {
      {join_endpoint, JoinResponse{"app", "127.0.0.1:3000", changes, 5}},
      {ping_endpoint, PingResponse{changes, 6, "127.0.0.1:3000", 7}},
      {ping_req_endpoint, PingReqResponse{changes, true, "127.0.0.1:3000"}},
      {ping_endpoint, Rejection{"ringpop.not-ready", "not \"ready\" yet"}},
  };
  for (const auto& [to, response] : responses) {
    const auto back = decode_response(to, std::holds_alternative<Rejection>(response), encode(response));
    REQUIRE(back.has_value());
    CHECK((*back == response));
  }
}

TEST_CASE("each request goes to its endpoint") {
  CHECK(endpoint(Join{}) == "/protocol/join");
  CHECK(endpoint(Ping{}) == "/protocol/ping");
  CHECK(endpoint(PingReq{}) == "/protocol/ping-req");
}

TEST_CASE("a body holds as many changes as the limit says, a change with more or longer labels is left out") {
  const DecodeLimits limits{.changes_max = 3, .labels_max = 2, .label_bytes_max = 4};
  CHECK(accepts(ping_with(repeat(record(""), 3, ",")), limits));
  CHECK(error_of(ping_with(repeat(record(""), 4, ",")), limits) == WireErrc::too_many);
  for (const auto& [labels, fits] : {std::pair{R"("a":"1","b":"2")", true},
                                     {R"("a":"1","b":"2","c":"3")", false},
                                     {R"("four":"four")", true},
                                     {R"("fives":"four")", false},
                                     {R"("four":"fives")", false}}) {
    INFO(labels);
    std::size_t left_out = 0;
    const auto parsed =
        decode_request(ping_endpoint, ping_with(record("") + "," + record(labels)), limits, &left_out);
    REQUIRE(parsed.has_value());
    CHECK(std::get<Ping>(*parsed).changes.size() == (fits ? 2U : 1U));
    CHECK(left_out == (fits ? 0U : 1U));
  }
}

TEST_CASE("a limit stops the reading where it is passed") {
  const std::string body = ping_with(repeat(record(""), 1'000'000, ","));
  const auto parsed = ping(body, {.changes_max = 10});
  REQUIRE(parsed.has_error());
  CHECK(parsed.error() == WireError{WireErrc::too_many, std::string(R"({"changes":[)").size() +
                                                            10 * (record("").size() + 1) + 1});
}

TEST_CASE("the offset of an error is where the reading stopped") {
  const auto parsed = ping(R"({"source":"s","checksum":-1,"changes":[]})");
  REQUIRE(parsed.has_error());
  CHECK(parsed.error().offset >= 25);  // the number
  CHECK(parsed.error().offset <= 28);
}

TEST_CASE("a text may be long, but not any length") {
  CHECK(accepts(R"({"source":")" + std::string(4096, 's') + "\"}"));
  CHECK(error_of(R"({"source":")" + std::string(4097, 's') + "\"}") == WireErrc::too_large);
}

TEST_CASE("deep nesting is refused, not followed") {
  for (const std::string open : {"[", "{\"a\":"}) {
    const std::string close = open == "[" ? "]" : "}";
    CHECK(accepts("{\"x\":" + repeat(open, 16) + "0" + repeat(close, 16) + "}"));
    CHECK(error_of("{\"x\":" + repeat(open, 17) + "0" + repeat(close, 17) + "}") == WireErrc::too_many);
    CHECK(error_of("{\"x\":" + repeat(open, 1'000'000)) == WireErrc::too_many);
    CHECK(error_of(ping_with("{\"x\":" + repeat(open, 1'000'000))) == WireErrc::too_many);
  }
  CHECK(error_of(repeat("[", 1'000'000)) == WireErrc::bad_value);
}

TEST_CASE("bytes that are no UTF-8 are an error when read and replaced when written") {
  for (const std::string bytes : {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xe2\x82", "\x80"}) {
    CHECK(error_of("{\"source\":\"" + bytes + "\"}") == WireErrc::bad_value);
    CHECK(error_of("{\"unknown\":\"" + bytes + "\"}") == WireErrc::bad_value);
    CHECK(error_of("{\"" + bytes + "\":1}") == WireErrc::bad_value);

    Ping request;
    request.source = bytes + "\"";
    const auto back = ping(encode(request));
    REQUIRE(back.has_value());
    CHECK(std::get<Ping>(*back).source.find("\xef\xbf\xbd") == 0);
    CHECK(std::get<Ping>(*back).source.back() == '"');
  }
}

TEST_CASE("a refusal with a message too long to keep is still a refusal") {
  const auto parsed =
      decode_response(ping_endpoint, true, R"({"type":"t","message":")" + std::string(5000, 'm') + "\"}");
  REQUIRE(parsed.has_value());
  CHECK((*parsed == Response(Rejection{})));
}
