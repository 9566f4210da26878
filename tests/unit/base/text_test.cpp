// Durations, sizes and near words: tables of what people write and what they are told.
#include "daemon/base/text.hpp"

#include <catch2/catch.hpp>

using namespace ringside;

TEST_CASE("durations are read exactly and printed in the largest unit that fits") {
  const auto row = GENERATE(table<const char*, std::int64_t, const char*>({{"0", 0, "0s"},
                                                                           {"0s", 0, "0s"},
                                                                           {"1ms", 1, "1ms"},
                                                                           {"200ms", 200, "200ms"},
                                                                           {"1.5s", 1500, "1.5s"},
                                                                           {"1500ms", 1500, "1.5s"},
                                                                           {"1.25s", 1250, "1.25s"},
                                                                           {"0.001s", 1, "1ms"},
                                                                           {"1.010s", 1010, "1.01s"},
                                                                           {"90s", 90'000, "90s"},
                                                                           {"60s", 60'000, "1m"},
                                                                           {"5m", 300'000, "5m"},
                                                                           {"0.5m", 30'000, "30s"},
                                                                           {"1h", 3'600'000, "1h"},
                                                                           {"1.5h", 5'400'000, "90m"},
                                                                           {"168h", 604'800'000, "168h"}}));
  const auto& [text, ms, printed] = row;
  CAPTURE(text);
  const auto value = parse_duration(text);
  REQUIRE(value);
  CHECK(value->count() == ms);
  CHECK(print_duration(*value) == printed);
  CHECK(parse_duration(print_duration(*value)) == value);
}

TEST_CASE("what is no duration is refused with the reason") {
  const auto& [text, message] = GENERATE(table<const char*, const char*>(
      {{"", "'' is not a duration, e.g. 200ms, 1.5s, 5m or 1h"},
       {"soon", "'soon' is not a duration, e.g. 200ms, 1.5s, 5m or 1h"},
       {"-1s", "'-1s' is not a duration, e.g. 200ms, 1.5s, 5m or 1h"},
       {"5 s", "'5 s' is not a duration, e.g. 200ms, 1.5s, 5m or 1h"},
       {"5d", "'5d' is not a duration, e.g. 200ms, 1.5s, 5m or 1h"},
       {"1h30m", "'1h30m' is not a duration, e.g. 200ms, 1.5s, 5m or 1h"},
       {"5", "'5' needs a unit, e.g. 5ms or 5s"},
       {"1.5ms", "'1.5ms' is not a whole number of milliseconds"},
       {"1.0005s", "'1.0005s' is not a whole number of milliseconds"},
       {"1.s", "'1.s' is not a whole number of milliseconds"},
       {"1.2.3s", "'1.2.3s' is not a whole number of milliseconds"},
       {"9999999999999999999h", "'9999999999999999999h' is not a whole number of milliseconds"},
       {"9223372036854775807h", "'9223372036854775807h' is not a whole number of milliseconds"}}));
  CAPTURE(text);
  const auto value = parse_duration(text);
  REQUIRE_FALSE(value);
  CHECK(value.error() == message);
}

TEST_CASE("sizes are binary, exact and printed back") {
  const auto& [text, bytes, printed] =
      GENERATE(table<const char*, std::int64_t, const char*>({{"0", 0, "0B"},
                                                              {"1000", 1000, "1000B"},
                                                              {"17B", 17, "17B"},
                                                              {"64KiB", 65536, "64KiB"},
                                                              {"1.5KiB", 1536, "1536B"},
                                                              {"10MiB", 10 << 20, "10MiB"},
                                                              {"64GiB", std::int64_t{64} << 30, "64GiB"},
                                                              {"1024GiB", std::int64_t{1} << 40, "1TiB"}}));
  CAPTURE(text);
  const auto value = parse_size(text);
  REQUIRE(value);
  CHECK(*value == bytes);
  CHECK(print_size(*value) == printed);
  CHECK(parse_size(print_size(*value)) == value);
}

TEST_CASE("what is no size is refused with the reason") {
  const auto& [text, message] = GENERATE(table<const char*, const char*>(
      {{"", "'' is not a size, e.g. 64KiB, 10MiB, 64GiB or 1000 (bytes)"},
       {"64GB", "'64GB' is not a size, e.g. 64KiB, 10MiB, 64GiB or 1000 (bytes)"},
       {"-1", "'-1' is not a size, e.g. 64KiB, 10MiB, 64GiB or 1000 (bytes)"},
       {"1.5", "'1.5' is not a whole number of bytes that fits 63 bits"},
       {"8388608TiB", "'8388608TiB' is not a whole number of bytes that fits 63 bits"}}));
  CAPTURE(text);
  const auto value = parse_size(text);
  REQUIRE_FALSE(value);
  CHECK(value.error() == message);
}

TEST_CASE("the edit distance counts insertions, deletions, replacements and swaps") {
  const auto& [a, b, distance] =
      GENERATE(table<const char*, const char*, std::size_t>({{"", "", 0},
                                                             {"", "abc", 3},
                                                             {"abc", "", 3},
                                                             {"abc", "abc", 0},
                                                             {"abc", "abd", 1},
                                                             {"abc", "acb", 1},
                                                             {"timeot", "timeout", 1},
                                                             {"kitten", "sitting", 3},
                                                             {"ca", "abc", 3}}));
  CAPTURE(a, b);
  CHECK(edit_distance(a, b) == distance);
  CHECK(edit_distance(b, a) == distance);
}

TEST_CASE("a near word is suggested, a far one is not") {
  const std::vector<std::string> known = {"name", "labels", "suspect_timeout", "ping_timeout"};
  CHECK(closest("nmae", known) == "name");
  CHECK(closest("suspect_timeot", known) == "suspect_timeout");
  CHECK(closest("pingtimeout", known) == "ping_timeout");
  CHECK(closest("xyz", known).empty());
  CHECK(closest("", known).empty());
}

TEST_CASE("split keeps empty parts and wrap keeps words") {
  CHECK(split("", ',').empty());
  CHECK(split("a,,b", ',') == std::vector<std::string>{"a", "", "b"});
  CHECK(split("a,", ',') == std::vector<std::string>{"a", ""});
  CHECK(wrap("one two three", 7) == std::vector<std::string>{"one two", "three"});
  CHECK(wrap("incomprehensible it is", 5) == std::vector<std::string>{"incomprehensible", "it is"});
}

TEST_CASE("base64 comes back as it was, with or without padding; what is none is refused") {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    const std::string encoded = encode_base64(bytes);
    CHECK(decode_base64(encoded) == bytes);
    CHECK(decode_base64(encoded + std::string((4 - encoded.size() % 4) % 4, '=')) == bytes);
    bytes += static_cast<char>(i);
  }
  CHECK(encode_base64("f") == "Zg");  // RFC 4648 section 10
  CHECK(encode_base64("foobar") == "Zm9vYmFy");
  for (const char* bad : {"Z", "Zg=", "Zg===", "=Zg=", "Zg ", "Z-9_", "Zg==Zg=="}) {
    INFO(bad);
    CHECK_FALSE(decode_base64(bad));
  }
}

TEST_CASE("measured times are shown in milliseconds, from a second on in seconds") {
  using namespace std::chrono_literals;
  const std::vector<std::pair<std::chrono::nanoseconds, std::string>> table{
      {0ns, "0ms"},        {499ns, "0ms"},          {500ns, "0ms"}, {1us, "0.001ms"}, {412us, "0.412ms"},
      {12300us, "12.3ms"}, {999999us, "999.999ms"}, {1s, "1s"},     {1500ms, "1.5s"}, {61s, "61s"}};
  for (const auto& [time, text] : table) CHECK(print_measured(time) == text);
}
