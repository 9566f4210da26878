#include "proto/tchannel/checksum.hpp"

#include <boost/crc.hpp>
#include <catch2/catch.hpp>
#include <string>

using namespace ringside::tchannel;

namespace {

// The second opinion: Boost's CRCs, bit by bit from the polynomial.
template <class Crc>
std::uint32_t boost_crc(std::string_view bytes) {
  Crc crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}
using BoostCrc32 = boost::crc_32_type;
using BoostCrc32c = boost::crc_optimal<32, 0x1edc6f41, 0xffffffff, 0xffffffff, true, true>;

std::uint32_t running(ChecksumType type, std::initializer_list<std::string_view> pieces) {
  RunningChecksum sum(type);
  for (const auto piece : pieces) sum.add(piece);
  return sum.value();
}

}  // namespace

TEST_CASE("the checksums give the published check values") {
  CHECK(running(ChecksumType::crc32, {"123456789"}) == 0xcbf43926);
  CHECK(running(ChecksumType::crc32c, {"123456789"}) == 0xe3069283);
  CHECK(crc32c_by_table(0, "123456789") == 0xe3069283);
}

TEST_CASE("both CRC-32C ways and Boost's agree at every length and every split") {
  std::string bytes;
  for (int i = 0; i < 100; ++i) {
    const std::string_view all = bytes;
    const auto expected = boost_crc<BoostCrc32c>(all);
    CHECK(crc32c_by_table(0, all) == expected);
    CHECK(boost_crc<BoostCrc32>(all) == running(ChecksumType::crc32, {all}));
    for (std::size_t at = 0; at <= all.size(); ++at) {
      CHECK(running(ChecksumType::crc32c, {all.substr(0, at), all.substr(at)}) == expected);
    }
    bytes.push_back(static_cast<char>(i * 37 + 11));
  }
}

TEST_CASE("nothing added changes nothing, even from a null pointer") {
  for (const auto type : {ChecksumType::crc32, ChecksumType::crc32c}) {
    CHECK(running(type, {"abc", std::string_view(), "def"}) == running(type, {"abcdef"}));
  }
}

TEST_CASE("the types that are not computed accept any value") {
  for (const auto type : {ChecksumType::none, ChecksumType::farmhash}) {
    RunningChecksum sum(type);
    sum.add("something");
    CHECK(sum.value() == 0);
    CHECK(sum.accepts(0x12345678));
  }
  RunningChecksum sum(ChecksumType::crc32c);
  sum.add("123456789");
  CHECK(sum.accepts(0xe3069283));
  CHECK_FALSE(sum.accepts(0xe3069282));
}
