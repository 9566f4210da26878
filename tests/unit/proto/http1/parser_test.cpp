// Limits, early refusal and what the parsers promise beyond the case list.
#include "proto/http1/parser.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "exchange_reader.hpp"

namespace ringside::test {
namespace {

using http1::Refusal;

const std::string host = "Host: a\r\n";

// The status a request is refused with, or 0; -1: more bytes are needed.
int verdict(std::string_view bytes, const http1::Limits& limits = {}) {
  http1::RequestParser parser(limits);
  const auto step = parser.next(bytes);
  if (const auto* refusal = std::get_if<Refusal>(&step)) return refusal->status;
  return std::holds_alternative<http1::NeedMore>(step) ? -1 : 0;
}

std::string request_line(std::string_view target) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

}  // namespace

TEST_CASE("each limit lets its own size through and refuses one more", "[http1]") {
  const http1::Limits limits;
  const std::string line_rest = " HTTP/1.1";
  const auto sized_target = [&](std::size_t line) {
    return "/" + std::string(line - line_rest.size() - std::string("GET /").size(), 'a');
  };
  CHECK(verdict(request_line(sized_target(limits.request_line))) == 0);
  CHECK(verdict(request_line(sized_target(limits.request_line + 1))) == 414);

  const auto with_method = [](std::size_t size) {
    return std::string(size, 'M') + " / HTTP/1.1\r\nHost: a\r\n\r\n";
  };
  CHECK(verdict(with_method(limits.method)) == 0);
  CHECK(verdict(with_method(limits.method + 1)) == 400);

  const auto with_line = [](std::size_t size) {
    return "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(size - 3, 'v') + "\r\n\r\n";
  };
  CHECK(verdict(with_line(limits.field_line)) == 0);
  CHECK(verdict(with_line(limits.field_line + 1)) == 431);

  const auto with_fields = [](std::size_t count) {
    std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\n";
    for (std::size_t i = 1; i < count; ++i) bytes += "X: 1\r\n";
    return bytes + "\r\n";
  };
  CHECK(verdict(with_fields(limits.fields)) == 0);
  CHECK(verdict(with_fields(limits.fields + 1)) == 431);

  const auto with_head = [](std::size_t size) {
    std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\n";
    while (bytes.size() + 2 < size) {
      const std::size_t line = std::min<std::size_t>(size - 2 - bytes.size(), 8000);
      bytes += "X:" + std::string(std::max<std::size_t>(line, 4) - 4, 'v') + "\r\n";
    }
    return bytes + "\r\n";
  };
  REQUIRE(with_head(limits.head).size() == limits.head);
  CHECK(verdict(with_head(limits.head)) == 0);
  CHECK(verdict(with_head(limits.head + 1)) == 431);

  CHECK(verdict("\r\n\r\n\r\n\r\n" + request_line("/")) == 0);
  CHECK(verdict("\r\n\r\n\r\n\r\n\r\n" + request_line("/")) == 400);
}

TEST_CASE("a hopeless head is refused at its first wrong byte, not at its end", "[http1]") {
  for (const std::string_view bytes :
       {"\x16", "\n", " ", "\r\r", "GET /\r", "GET  ", "GET / HTTP/1.1\n", "GET / HTTP/1.1\rH",
        "GET / HTTP/1.1\r\nA ", "GET / HTTP/1.1\r\n ", "GET / HTTP/1.1\r\nA: \x01",
        "GET / HTTP/1.1\r\nA: b\r\n\t", "GET / HTTP/x", "GET / HTTP/1.1\r\n\r\r", "GET /#"}) {
    INFO(bytes);
    CHECK(verdict(bytes.substr(0, bytes.size() - 1)) == -1);
    CHECK(verdict(bytes) == 400);
  }
  CHECK(verdict("GET / HTTP/3.0\r\n") == 505);
}

TEST_CASE("the authority of Host and of an absolute form is checked", "[http1]") {
  for (const std::string good :
       {"a", "a:80", "a:", "127.0.0.1:7600", "[::1]", "[::1]:7600", "a-b_c.d~e", "a%2Fb"}) {
    INFO(good);
    CHECK(verdict("GET / HTTP/1.1\r\nHost: " + good + "\r\n\r\n") == 0);
    CHECK(verdict(request_line("http://" + good + "/")) == 0);
  }
  for (const std::string wrong : {"a:b", "a:65536", "a:123456", "::1", "[::1", "[]", "[x]", "[::1]a", "u@a",
                                  "a,b", "a b", "a%2", "a%zz", ":80", "a\\b"}) {
    INFO(wrong);
    CHECK(verdict("GET / HTTP/1.1\r\nHost: " + wrong + "\r\n\r\n") == 400);
    CHECK(verdict(request_line("http://" + wrong + "/")) == 400);
  }
}

TEST_CASE("an absolute form is taken apart", "[http1]") {
  struct Row {
    std::string method, target, authority, origin_form;
  };
  for (const Row& row : {Row{"GET", "http://h:1/p?q", "h:1", "/p?q"}, Row{"GET", "HTTP://h", "h", "/"},
                         Row{"GET", "http://h?q=/", "h", "/?q=/"}, Row{"OPTIONS", "http://h", "h", "*"},
                         Row{"OPTIONS", "http://h/", "h", "/"}}) {
    INFO(row.target);
    const auto read = read_requests(row.method + " " + row.target + " HTTP/1.1\r\nHost: other\r\n\r\n");
    REQUIRE(read.messages.size() == 1);
    CHECK(read.messages[0].target == row.origin_form);
    CHECK(read.messages[0].authority == row.authority);
  }
  for (const std::string wrong : {"https://a/", "http:/a", "http:///p", "a/b", "a:80"}) {
    INFO(wrong);
    CHECK(verdict(request_line(wrong)) == 400);
  }
}

TEST_CASE("HTTP/1.0 and Connection decide whether the connection lives on", "[http1]") {
  struct Row {
    std::string version, connection;
    bool keep_alive;
  };
  for (const Row& row : {Row{"1.1", "", true}, Row{"1.1", "close", false}, Row{"1.1", "x, CLOSE", false},
                         Row{"1.1", "keep-alive", true}, Row{"1.0", "", false},
                         Row{"1.0", "Keep-Alive", true}, Row{"1.0", "keep-alive, close", false}}) {
    INFO(row.version << " " << row.connection);
    const auto field = row.connection.empty() ? "" : "Connection: " + row.connection + "\r\n";
    const auto read = read_requests("GET / HTTP/" + row.version + "\r\n" + host + field + "\r\n");
    REQUIRE(read.messages.size() == 1);
    CHECK(read.messages[0].keep_alive == row.keep_alive);
  }
}

TEST_CASE("an expectation counts only where a body is to come", "[http1]") {
  const auto expects = [](const std::string& rest, const std::string& body = "") {
    const auto read = read_requests("POST / HTTP/1." + rest + "\r\n\r\n" + body);
    REQUIRE(read.messages.size() == 1);
    return read.messages[0].expect_continue;
  };
  CHECK(expects("1\r\nHost: a\r\nContent-Length: 0\r\nExpect: 100-Continue") == false);
  CHECK(expects("0\r\nHost: a\r\nExpect: 100-continue") == false);
  for (const char* list :
       {"100-continue,", ", 100-continue", "100-Continue, 100-continue"})  // RFC 9110 5.6.1.2
    CHECK(expects("1\r\nHost: a\r\nContent-Length: 2\r\nExpect: " + std::string(list), "ok"));
  CHECK(expects("1\r\nHost: a\r\nContent-Length: 0\r\nExpect: ") == false);
  CHECK(expects("0\r\nHost: a\r\nExpect: something") == false);  // RFC 9110 10.1.1: ignored from 1.0
}

TEST_CASE("an upgrade is wanted when both fields say so", "[http1]") {
  http1::RequestParser parser;
  const auto upgrade = [&](std::string_view fields) {
    const std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
    const auto step = parser.next(bytes);
    REQUIRE(std::holds_alternative<http1::Complete<http::RequestHead>>(step));
    return std::string(std::get<http1::Complete<http::RequestHead>>(step).head->upgrade);
  };
  CHECK(upgrade("Connection: Upgrade\r\nUpgrade: websocket\r\n") == "websocket");
  CHECK(upgrade("Connection: keep-alive, upgrade\r\nUpgrade: a/1, b\r\n") == "a/1, b");
  CHECK(upgrade("Upgrade: websocket\r\n").empty());
  CHECK(upgrade("Connection: upgrade\r\n").empty());
  CHECK(upgrade("Connection: upgrade\r\nUpgrade: a\r\nUpgrade: b\r\n").empty());
  CHECK(upgrade("Connection: upgrade\r\nUpgrade: a\r\nContent-Length: 0\r\n") == "a");
  CHECK(upgrade("Connection: upgrade\r\nUpgrade: a\r\nContent-Length: 1\r\n").empty());
}

TEST_CASE("a switch of protocols counts when both fields say to what", "[http1]") {
  http1::ResponseParser parser;
  const auto switched = [&](std::string_view start, std::string_view fields) {
    const std::string bytes = std::string(start) + "\r\n" + std::string(fields) + "\r\n";
    const auto step = parser.next(bytes, false);
    REQUIRE(std::holds_alternative<http1::Complete<http::ResponseHead>>(step));
    return std::string(std::get<http1::Complete<http::ResponseHead>>(step).head->upgrade);
  };
  const auto to_a = "Connection: Upgrade\r\nUpgrade: a\r\n";
  CHECK(switched("HTTP/1.1 101 Switching Protocols", to_a) == "a");
  CHECK(switched("HTTP/1.1 426 Upgrade Required", to_a).empty());
  CHECK(switched("HTTP/1.0 101 Switching Protocols", to_a).empty());
  CHECK(switched("HTTP/1.1 101 Switching Protocols", "Upgrade: a\r\n").empty());
  CHECK(switched("HTTP/1.1 101 Switching Protocols", "Connection: Upgrade\r\n").empty());
  CHECK(switched("HTTP/1.1 101 Switching Protocols", "Connection: upgrade\r\nUpgrade: a\r\nUpgrade: a\r\n")
            .empty());
}

TEST_CASE("fields keep their order and lose Host, surrounding white space and reserved twins", "[http1]") {
  const auto read = read_requests(
      "GET / HTTP/1.1\r\nB:  two words\t \r\nhOsT: a\r\nTransfer_Encoding: chunked\r\nRingside_Key: k\r\n"
      "A:\r\nx_y: kept\r\nB: again\r\n\r\n");
  REQUIRE(read.messages.size() == 1);
  const std::vector<std::pair<std::string, std::string>> wanted = {
      {"B", "two words"}, {"A", ""}, {"x_y", "kept"}, {"B", "again"}};
  CHECK(read.messages[0].fields == wanted);
}

TEST_CASE("a head counts as under way from its first real byte to its end", "[http1]") {
  http1::RequestParser parser;
  CHECK_FALSE(parser.mid_head());
  std::string bytes = "\r\n";
  CHECK(std::holds_alternative<http1::NeedMore>(parser.next(bytes)));
  CHECK_FALSE(parser.mid_head());
  bytes += "G";
  CHECK(std::holds_alternative<http1::NeedMore>(parser.next(bytes)));
  CHECK(parser.mid_head());
  bytes += "ET / HTTP/1.1\r\nHost: a\r\n\r\nG";
  CHECK(std::holds_alternative<http1::Complete<http::RequestHead>>(parser.next(bytes)));
  CHECK_FALSE(parser.mid_head());
}

TEST_CASE("replies are framed by status, method and fields", "[http1]") {
  struct Row {
    std::string line, fields;
    bool to_head;
    http::Framing framing;
    bool keep_alive;
  };
  using Kind = http::BodyKind;
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  for (const Row& row : {
           Row{"HTTP/1.1 200 OK", "Content-Length: 5\r\n", false, {Kind::length, 5}, true},
           Row{"HTTP/1.1 200", "Content-Length: 5\r\n", false, {Kind::length, 5}, true},
           Row{"HTTP/1.1 200 ", chunked, false, {Kind::chunked, 0}, true},
           Row{"HTTP/1.1 200 OK", "", false, {Kind::until_close, 0}, false},
           Row{"HTTP/1.0 200 OK", "Content-Length: 0\r\n", false, {Kind::length, 0}, false},
           Row{"HTTP/1.0 200 OK",
               "Content-Length: 0\r\nConnection: keep-alive\r\n",
               false,
               {Kind::length, 0},
               true},
           Row{"HTTP/1.1 200 OK", "Content-Length: 5\r\n", true, {Kind::none, 5}, true},
           Row{"HTTP/1.1 200 OK", "Content-Length: 0\r\n", true, {Kind::none, 0}, true},
           Row{"HTTP/1.1 200 OK", chunked, true, {Kind::none, http::length_unknown}, true},
           Row{"HTTP/1.1 200 OK", "", true, {Kind::none, http::length_unknown}, true},
           Row{"HTTP/1.1 204 No Content", "", false, {}, true},
           Row{"HTTP/1.1 304 Not Modified", "Content-Length: 5\r\n", false, {}, true},
           Row{"HTTP/1.1 100 Continue", "", false, {}, true},
           Row{"HTTP/1.1 599 x",
               "Content-Length: 1\r\nConnection: close\r\n",
               false,
               {Kind::length, 1},
               false},
       }) {
    INFO(row.line << " " << row.fields << row.to_head);
    http1::ResponseParser parser;
    const std::string bytes = row.line + "\r\n" + row.fields + "\r\n";
    const auto step = parser.next(bytes, row.to_head);
    REQUIRE(std::holds_alternative<http1::Complete<http::ResponseHead>>(step));
    const auto& head = *std::get<http1::Complete<http::ResponseHead>>(step).head;
    CHECK(head.framing == row.framing);
    CHECK(head.keep_alive == row.keep_alive);
  }
}

TEST_CASE("broken replies are all the app's fault", "[http1]") {
  for (const std::string bytes :
       {"HTTP/1.1 600 x\r\n\r\n", "HTTP/1.1 099 x\r\n\r\n", "HTTP/1.1 20 x\r\n\r\n",
        "HTTP/1.1  200 x\r\n\r\n", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1-200\r\n",
        "\r\nHTTP/1.1 200 OK\r\n\r\n", "<html>", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 204 OK\r\nContent-Length: x\r\n\r\n", "HTTP/1.1 200 O\x01K\r\n"}) {
    INFO(bytes);
    http1::ResponseParser parser;
    const auto step = parser.next(bytes, false);
    REQUIRE(std::holds_alternative<Refusal>(step));
    CHECK(std::get<Refusal>(step).status == 502);
  }
}

}  // namespace ringside::test
