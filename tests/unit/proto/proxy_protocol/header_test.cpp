// What load balancers say of their clients, and what is none of it. Each header comes whole and byte by byte.
#include "proto/proxy_protocol/header.hpp"

#include <catch2/catch.hpp>

using namespace ringside::proxy_protocol;
using Catch::Contains;

namespace {

std::string binary(unsigned version_and_command, unsigned family, const std::string& rest) {
  std::string bytes("\r\n\r\n\0\r\nQUIT\n", 12);
  bytes += static_cast<char>(version_and_command);
  bytes += static_cast<char>(family);
  bytes += static_cast<char>(rest.size() >> 8);
  bytes += static_cast<char>(rest.size() & 0xff);
  return bytes + rest;
}

const std::string v4("\xcb\x00\x71\x09\x0a\x00\x00\x01\x30\x39\x01\xbb", 12);
const std::string v6 = std::string("\x20\x01\x0d\xb8", 4) + std::string(11, '\0') + "\x01" +
                       std::string(16, '\0') + std::string("\x30\x39\x01\xbb", 4);

using From = Header::From;

std::string source_of(const std::string& header, From from = From::client) {
  const std::string request = header + "GET / HTTP/1.1\r\n";
  const auto step = read_header(request);
  REQUIRE(std::holds_alternative<Header>(step));
  CHECK(std::get<Header>(step).length == header.size());
  CHECK(std::get<Header>(step).from == from);
  for (std::size_t size = 0; size < header.size(); ++size) {
    CAPTURE(size);
    CHECK(std::holds_alternative<NeedMore>(read_header(request.substr(0, size))));
  }
  return std::get<Header>(step).source;
}

std::string refusal_of(const std::string& bytes) {
  const auto step = read_header(bytes);
  REQUIRE(std::holds_alternative<Refusal>(step));
  return std::string(std::get<Refusal>(step).reason);
}

}  // namespace

TEST_CASE("the client's address is read from both versions, and only that") {
  CHECK(source_of("PROXY TCP4 203.0.113.9 10.0.0.1 12345 443\r\n") == "203.0.113.9");
  CHECK(source_of("PROXY TCP6 2001:DB8:0::1 ::1 12345 443\r\n") == "2001:db8::1");
  CHECK(source_of(binary(0x21, 0x11, v4)) == "203.0.113.9");
  CHECK(source_of(binary(0x21, 0x12, v4)) == "203.0.113.9");
  CHECK(source_of(binary(0x21, 0x21, v6)) == "2001:db8::1");
  CHECK(source_of("PROXY TCP6 ::ffff:203.0.113.9 ::1 12345 443\r\n") == "203.0.113.9");
  CHECK(source_of(binary(0x21, 0x11, v4 + std::string("\x04\x00\x02hi", 5))) == "203.0.113.9");
}

TEST_CASE("a load balancer that speaks for itself, or of no address, names nobody") {
  CHECK(source_of("PROXY UNKNOWN\r\n", From::unknown).empty());
  CHECK(source_of("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", From::unknown).empty());
  CHECK(source_of(binary(0x21, 0x00, ""), From::unknown).empty());
  CHECK(source_of(binary(0x21, 0x31, std::string(216, 'x')), From::unknown).empty());
  CHECK(source_of(binary(0x20, 0x11, v4), From::balancer).empty());
  CHECK(source_of(binary(0x20, 0x00, ""), From::balancer).empty());
}

TEST_CASE("what is no header is refused as soon as it shows") {
  for (const char* bytes :
       {"GET / HTTP/1.1\r\n", "G", "PROXI", "\r\n\r\nX", "\x16\x03\x01", "PRI * HTTP/2.0"})
    CHECK_THAT(refusal_of(bytes), Contains("does not begin with"));
  CHECK_THAT(refusal_of("PROXY " + std::string(101, 'x')), Contains("longer than 107"));
  CHECK_THAT(refusal_of("PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n"), Contains("no protocol"));
  CHECK_THAT(refusal_of("PROXY TCP4 a.example 1.2.3.4 1 2\r\n"), Contains("no address"));
  CHECK_THAT(refusal_of("PROXY TCP4 ::1 ::1 1 2\r\n"), Contains("no address"));
  CHECK_THAT(refusal_of("PROXY TCP4\r\n"), Contains("no address"));
  CHECK_THAT(refusal_of(binary(0x11, 0x11, v4)), Contains("version"));
  CHECK_THAT(refusal_of(binary(0x22, 0x11, v4)), Contains("command"));
  CHECK_THAT(refusal_of(binary(0x21, 0x11, v4.substr(1))), Contains("too short"));
  CHECK_THAT(refusal_of(binary(0x21, 0x21, v6.substr(1))), Contains("too short"));
  CHECK_THAT(refusal_of(binary(0x21, 0x11, std::string(header_bytes_max, 'x')).substr(0, 16)),
             Contains("too long"));
}
