#include <vector>

#include "proto/wire/reader.hpp"
#include "proto/wire/writer.hpp"
#include "tests/unit/proto/wire/printers.hpp"

using namespace ringside::wire;

namespace {

std::vector<std::uint8_t> bytes_of(const std::string& s) {
  return {s.begin(), s.end()};
}

}  // namespace

TEST_CASE("what the writer writes, the reader reads") {
  std::string out;
  Writer w(out);
  w.u8(0xfe);
  w.u16(0x0102);
  w.u32(0x03040506);
  w.u64(0x0708090a0b0c0d0e);
  w.text8("short");
  w.text16("");
  w.zeros(2);
  CHECK(out.substr(0, 15) == "\xfe\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e");

  const auto bytes = bytes_of(out);
  Reader r(bytes);
  CHECK(r.u8() == 0xfe);
  CHECK(r.u16() == 0x0102);
  CHECK(r.u32() == 0x03040506);
  CHECK(r.u64() == 0x0708090a0b0c0d0e);
  CHECK(r.text8() == "short");
  CHECK(r.text16().empty());
  CHECK(r.remaining() == 2);
  CHECK(r.u16() == 0);
  r.expect_end();
  CHECK(r.ok());
}

TEST_CASE("the writer patches lengths into what is written") {
  std::string out = "ab";
  Writer w(out);
  w.zeros(7);
  w.patch_u8(2, 0x11);
  w.patch_u16(3, 0x2233);
  w.patch_u32(5, 0x44556677);
  CHECK(out == "ab\x11\x22\x33\x44\x55\x66\x77");
}

TEST_CASE("a text over its length field is cut, never written with a wrong length") {
  std::string out;
  Writer w(out);
  w.text8(std::string(300, 'x'));
  CHECK(out.size() == 256);
  w.text8("abcdef", 4);
  CHECK(out.substr(256) ==
        "\x04"
        "abcd");
  out.clear();
  w.text16(std::string(70'000, 'x'));
  CHECK(out.size() == 2 + 65'535);
}

TEST_CASE("the first failure sticks, with its offset, and later reads give nothing") {
  const std::vector<std::uint8_t> bytes{0, 1, 0, 9, 'x', 'y'};
  Reader r(bytes);
  CHECK(r.u16() == 1);
  CHECK(r.text16().empty());  // nine bytes announced, two there
  REQUIRE_FALSE(r.ok());
  CHECK(r.error() == WireError{WireErrc::truncated, 4});
  CHECK(r.u8() == 0);
  CHECK(r.remaining() == 0);
  r.fail(WireErrc::bad_value);
  r.expect_end();
  CHECK(r.error() == WireError{WireErrc::truncated, 4});
}

TEST_CASE("bytes that are left over are an error") {
  const std::vector<std::uint8_t> bytes{1, 2, 3};
  Reader r(bytes);
  r.u16();
  r.expect_end();
  REQUIRE_FALSE(r.ok());
  CHECK(r.error() == WireError{WireErrc::trailing_bytes, 2});
}
