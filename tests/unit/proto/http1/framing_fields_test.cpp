// The framing fields on their own: llhttp refuses much of this as well, and neither gate is to lean on the
// other.
#include "proto/http1/framing_fields.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace ringside::test {
namespace {

using http1::FramingFields;
using Verdict = FramingFields::Verdict;

}  // namespace

TEST_CASE("Content-Length and Transfer-Encoding together have one meaning or none", "[http1]") {
  struct Row {
    std::vector<std::string> lengths, codings;
    Verdict wanted;
  };
  for (const Row& row : std::vector<Row>{
           {{}, {}, Verdict::absent},
           {{"5"}, {}, Verdict::length},
           {{"5", "5"}, {}, Verdict::malformed},
           {{"5", "6"}, {}, Verdict::malformed},
           {{"x", "5"}, {}, Verdict::malformed},
           {{"5, 5"}, {}, Verdict::malformed},
           {{""}, {}, Verdict::malformed},
           {{}, {"chunked"}, Verdict::chunked},
           {{}, {"CHUNKED"}, Verdict::chunked},
           {{}, {"gzip, chunked"}, Verdict::unknown_coding},
           {{}, {"gzip", "chunked"}, Verdict::unknown_coding},
           {{}, {"gzip"}, Verdict::unknown_coding},
           {{}, {"chunked, gzip"}, Verdict::malformed},
           {{}, {"chunked", "gzip"}, Verdict::malformed},
           {{}, {"chunked", "chunked"}, Verdict::malformed},
           {{}, {"chunked,"}, Verdict::malformed},
           {{}, {",chunked"}, Verdict::malformed},
           {{}, {""}, Verdict::malformed},
           {{}, {"identity"}, Verdict::malformed},
           {{}, {"identity, chunked"}, Verdict::malformed},
           {{"5"}, {"chunked"}, Verdict::malformed},
           {{"0"}, {"chunked"}, Verdict::malformed},
       }) {
    FramingFields fields;
    for (const auto& value : row.lengths) fields.content_length(value);
    for (const auto& value : row.codings) fields.transfer_encoding(value);
    INFO((row.lengths.empty() ? "" : row.lengths[0]) << " / " << (row.codings.empty() ? "" : row.codings[0]));
    CHECK(static_cast<int>(fields.verdict()) == static_cast<int>(row.wanted));
    CHECK(fields.has_transfer_encoding() == !row.codings.empty());
  }
}

TEST_CASE("a length is digits that fit", "[http1]") {
  CHECK(http1::parse_length("0") == 0);
  CHECK(http1::parse_length("00000000000000000000000000005") == 5);
  CHECK(http1::parse_length("9999999999999999999") == 9999999999999999999U);
  for (const std::string_view wrong :
       {"", "10000000000000000000", "18446744073709551621", "+5", "-5", " 5", "5 ", "0x5", "1_0"}) {
    CHECK_FALSE(http1::parse_length(wrong));
  }
}

}  // namespace ringside::test
