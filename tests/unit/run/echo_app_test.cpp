// The app behind `ringside echo`, connection by connection.
#include "daemon/run/echo_app.hpp"

#include <catch2/catch.hpp>

using namespace ringside;
using Catch::Contains;
using Catch::EndsWith;
using Catch::StartsWith;
using run::EchoConnection;

TEST_CASE("the answer says what reached whom") {
  EchoConnection connection("a");
  connection.receive("GET /cart?x=1 HTTP/1.1\r\nHost: h\r\nRingside-Key: k\r\n\r\n");
  CHECK_THAT(connection.output(), StartsWith("HTTP/1.1 200 OK\r\n"));
  CHECK_THAT(
      connection.output(),
      EndsWith(
          "{\"app\":\"a\",\"method\":\"GET\",\"path\":\"/cart?x=1\",\"headers\":{\"Ringside-Key\":\"k\"},"
          "\"body_bytes\":0}\n"));
  CHECK(!connection.closing());
}

TEST_CASE("requests come in any pieces, one behind the other") {
  const std::string requests =
      "POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
      "POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
  EchoConnection whole("a");
  whole.receive(requests);
  EchoConnection pieces("a");
  for (const char c : requests) pieces.receive(std::string_view(&c, 1));
  CHECK(whole.output() == pieces.output());
  CHECK_THAT(whole.output(),
             Contains(R"("path":"/a","headers":{"Content-Length":"5"},"body_bytes":5})") &&
                 Contains(R"("path":"/b","headers":{"Transfer-Encoding":"chunked"},"body_bytes":3})"));
}

TEST_CASE("HEAD gets no body, a client that waits is told to go on, and who says close is closed") {
  EchoConnection connection("a");
  connection.receive("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK_THAT(connection.output(), EndsWith("\r\n\r\n"));
  connection.sent(connection.output().size());
  connection.receive(
      "PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\nConnection: close\r\n\r\n");
  CHECK(connection.output() == "HTTP/1.1 100 Continue\r\n\r\n");
  connection.receive("x");
  CHECK_THAT(connection.output(), Contains("\"body_bytes\":1"));
  CHECK(connection.closing());
}

TEST_CASE("what is no request is refused and ends the connection") {
  EchoConnection connection("a");
  connection.receive("hello\r\n\r\n");
  CHECK_THAT(connection.output(), StartsWith("HTTP/1.1 400 "));
  CHECK(connection.closing());
}
