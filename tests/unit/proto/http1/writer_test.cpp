// What the writer writes, and that it is read back as what it was.
#include "proto/http1/writer.hpp"

#include <catch2/catch.hpp>

#include "daemon/base/rng.hpp"
#include "exchange_reader.hpp"

namespace ringside::test {
namespace {

using Kind = http::BodyKind;

std::string written(const http::RequestHead& head) {
  std::string out;
  http1::write(out, head);
  return out;
}

std::string written(const http::ResponseHead& head, bool to_http10 = false) {
  std::string out;
  http1::write(out, head, to_http10);
  return out;
}

http::ResponseHead reply(int status, http::Framing framing, bool keep_alive = true) {
  http::ResponseHead head;
  head.status = status;
  head.framing = framing;
  head.keep_alive = keep_alive;
  return head;
}

}  // namespace

TEST_CASE("a request is written with Host first and one framing field", "[http1]") {
  http::RequestHead head;
  head.method = "POST";
  head.target = "/a?b";
  head.authority = "h:1";
  head.fields = {{"X", "1"}, {"y", ""}};
  head.framing = {Kind::length, 5};
  CHECK(written(head) == "POST /a?b HTTP/1.1\r\nHost: h:1\r\nX: 1\r\ny: \r\nContent-Length: 5\r\n\r\n");
  head.fields.clear();
  head.framing = {Kind::chunked, 0};
  head.keep_alive = false;
  CHECK(written(head) ==
        "POST /a?b HTTP/1.1\r\nHost: h:1\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
  head.framing = {};
  head.keep_alive = true;
  CHECK(written(head) == "POST /a?b HTTP/1.1\r\nHost: h:1\r\nContent-Length: 0\r\n\r\n");
  head.method = "GET";
  head.authority = "";
  CHECK(written(head) == "GET /a?b HTTP/1.1\r\nHost: \r\n\r\n");
}

TEST_CASE("a reply is framed for the client that reads it", "[http1]") {
  struct Row {
    http::ResponseHead head;
    bool to_http10;
    std::string wanted;
  };
  for (const Row& row : {
           Row{reply(200, {Kind::length, 5}), false, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"},
           Row{reply(200, {Kind::length, 5}), true,
               "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n"},
           Row{reply(200, {Kind::chunked, 0}), false,
               "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
           Row{reply(200, {Kind::chunked, 0}), true, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"},
           Row{reply(200, {Kind::until_close, 0}), false, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"},
           Row{reply(404, {}), false, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"},
           Row{reply(404, {}, false), false,
               "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"},
           Row{reply(200, {Kind::none, 10}), false, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"},
           Row{reply(200, {Kind::none, http::length_unknown}), false, "HTTP/1.1 200 OK\r\n\r\n"},
           Row{reply(204, {}), false, "HTTP/1.1 204 No Content\r\n\r\n"},
           Row{reply(304, {}), false, "HTTP/1.1 304 Not Modified\r\n\r\n"},
           Row{reply(100, {}, false), false, "HTTP/1.1 100 Continue\r\n\r\n"},
           Row{reply(299, {}), false, "HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n"},
       }) {
    CHECK(written(row.head, row.to_http10) == row.wanted);
  }
}

TEST_CASE("any head that is written is read back the same", "[http1]") {
  Rng rng(7);
  const auto text = [&](std::string_view alphabet, std::size_t least, std::size_t most) {
    std::string out(least + rng.below(most - least + 1), ' ');
    for (char& c : out) c = alphabet[rng.below(alphabet.size())];
    return out;
  };
  constexpr std::string_view tokens = "ABCxyz019!#$%&'*+-.^`|~";
  constexpr std::string_view values = "abc,;=:\"'()/\\\x80\xe9\xff<>@{}";
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::pair<std::string, std::string>> fields;
    for (std::size_t i = rng.below(8); i > 0; --i)
      fields.emplace_back("x-" + text(tokens, 1, 12), text(values, 0, 20));
    const std::string method = text(tokens, 1, 10);
    const std::string target = "/" + text("abc%/?&=.~{}|\"<>", 0, 30);
    http::RequestHead head;
    head.method = method;
    head.target = target;
    head.authority = "h:80";
    for (const auto& [name, value] : fields) head.fields.push_back({name, value});
    head.framing = rng.chance(1, 2) ? http::Framing{Kind::length, rng.below(50)} : http::Framing{};
    head.keep_alive = rng.chance(3, 4);
    const std::string body(head.framing.kind == Kind::length ? head.framing.length : 0, 'b');

    const auto read = read_requests(written(head) + body);
    INFO(written(head));
    REQUIRE(read.messages.size() == 1);
    const auto& message = read.messages[0];
    CHECK(message.method == method);
    CHECK(message.target == target);
    CHECK(message.keep_alive == head.keep_alive);
    CHECK(message.body == body);
    auto kept = message.fields;
    std::erase_if(kept, [](const auto& f) { return f.first == "Content-Length" || f.first == "Connection"; });
    CHECK(kept == fields);
  }
}

}  // namespace ringside::test
