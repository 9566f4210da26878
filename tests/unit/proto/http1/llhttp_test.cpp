// llhttp, which node reads HTTP with, against our scanner: whatever head we take it takes too, to the same
// byte, and finds the same method, target, status, fields and values in it.
#include <llhttp.h>

#include <catch2/catch.hpp>

#include "mutations.hpp"
#include "proto/http/syntax.hpp"
#include "proto/http1/scanner.hpp"

namespace ringside::test {
namespace {

using http1::HeadScanner;

struct Head {
  bool whole = false;  // it ended where the bytes ended
  std::string target, reason;
  int status = 0;
  std::vector<std::pair<std::string, std::string>> fields;
};

Head& of(llhttp_t* parser) {
  return *static_cast<Head*>(parser->data);
}

Head by_llhttp(std::string_view bytes, llhttp_type_t type) {
  static const llhttp_settings_t settings = [] {
    llhttp_settings_t s;
    llhttp_settings_init(&s);
    s.on_url = [](llhttp_t* p, const char* at, std::size_t n) { return of(p).target.append(at, n), 0; };
    s.on_status = [](llhttp_t* p, const char* at, std::size_t n) { return of(p).reason.append(at, n), 0; };
    s.on_header_field = [](llhttp_t* p, const char* at, std::size_t n) {
      of(p).fields.push_back({std::string(at, n), {}});
      return 0;
    };
    s.on_header_value = [](llhttp_t* p, const char* at, std::size_t n) {
      of(p).fields.back().second.append(at, n);
      return 0;
    };
    s.on_headers_complete = [](llhttp_t*) -> int { return HPE_PAUSED; };
    return s;
  }();
  Head head;
  llhttp_t parser;
  llhttp_init(&parser, type, &settings);
  parser.lenient_flags |= LENIENT_VERSION;  // it knows 1.0 and 1.1, we take every 1.x
  parser.data = &head;
  const auto code = llhttp_execute(&parser, bytes.data(), bytes.size());
  head.whole = code == HPE_PAUSED && llhttp_get_error_pos(&parser) >= bytes.data() + bytes.size() - 1;
  head.status = parser.status_code;
  for (auto& field : head.fields) field.second = std::string(http::trim(field.second));
  return head;
}

template <class Parser, class... More>
bool taken(std::string_view bytes, More... more) {
  const auto step = Parser().next(bytes, more...);
  return step.index() == 1;  // Complete
}

// True: we took a head, and it has been compared. llhttp knows a closed list of methods and one
// Content-Length rule: requests are shown to it as a POST, and what it says of framing is asked of the
// parsers elsewhere.
bool compare(std::string_view bytes, HeadScanner::Kind kind) {
  const bool request = kind == HeadScanner::Kind::request;
  if (request ? !taken<http1::RequestParser>(bytes) : !taken<http1::ResponseParser>(bytes, false))
    return false;
  HeadScanner scanner(kind, {});
  REQUIRE_FALSE(scanner.scan(bytes));
  REQUIRE(scanner.complete());
  std::vector<http::Field> fields;
  scanner.fields(bytes, fields);
  std::string shown(bytes.substr(scanner.begin(), scanner.length() - scanner.begin()));
  if (request) shown.replace(0, scanner.method(bytes).size(), "POST");
  for (const auto& field : fields) {  // its verdicts on these would hide how it reads the rest
    if (http::equals_ignore_case(field.name, "content-length") ||
        http::equals_ignore_case(field.name, "transfer-encoding"))
      return false;
  }
  const Head theirs = by_llhttp(shown, request ? HTTP_REQUEST : HTTP_RESPONSE);
  INFO(bytes);
  REQUIRE(theirs.whole);
  if (request) {
    REQUIRE(theirs.target == scanner.target(bytes));
  } else {
    REQUIRE(theirs.status == scanner.status());
    REQUIRE(theirs.reason == scanner.reason(bytes));
  }
  REQUIRE(theirs.fields.size() == fields.size());
  for (std::size_t i = 0; i < fields.size(); ++i) {
    REQUIRE(theirs.fields[i].first == fields[i].name);
    REQUIRE(theirs.fields[i].second == fields[i].value);
  }
  return true;
}

}  // namespace

TEST_CASE("llhttp finds in every head that we take what we find in it", "[http1]") {
  Rng rng(20261128);
  const std::vector<std::string> requests = {
      "GET /p?q=1 HTTP/1.1\r\nHost: a\r\nAccept:*/*\r\nX-Empty:\r\nX-Wide: \t a b \t\r\n\r\n",
      "\r\nOPTIONS * HTTP/1.0\r\nHost: a\r\nConnection: keep-alive, x\r\nUser-Agent: u\r\n\r\n",
      "PUT http://a/x HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nExpect: 100-continue\r\n\r\n"};
  const std::vector<std::string> replies = {
      "HTTP/1.1 200 OK\r\nServer: x\r\nSet-Cookie: a=b; c\r\nX:\r\n\r\n",
      "HTTP/1.0 404 Not  Found \r\nConnection: close\r\n\r\n",
  };
  int compared = 0;
  for (int round = 0; round < 40000; ++round) {
    if (compare(mutate(rng, requests[rng.below(requests.size())]), HeadScanner::Kind::request)) ++compared;
    if (compare(mutate(rng, replies[rng.below(replies.size())]), HeadScanner::Kind::response)) ++compared;
  }
  CHECK(compared > 10000);
}

}  // namespace ringside::test
