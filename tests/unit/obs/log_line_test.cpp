// One event, one line: the exact text of both forms, and that no value can break out of its line.
#include "daemon/obs/log_line.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <nlohmann/json.hpp>

using namespace ringside;
using namespace ringside::obs;

namespace {

const WallTime some_time{Millis{1'795'364'400'123}};  // 2026-11-22T16:20:00.123Z

std::string line(LineFormat format, std::initializer_list<KeyValue> pairs) {
  return format_line(format, some_time, Level::info, "event_name", std::span(pairs.begin(), pairs.size()));
}

std::string text_of(const std::string& value) {
  const auto whole = line(LineFormat::text, {{"k", value}});
  return whole.substr(whole.find(" k=") + 3);
}

}  // namespace

TEST_CASE("a line has time, level, event and its pairs") {
  const std::initializer_list<KeyValue> pairs = {
      {"name", "a"},   {"text", "two words"}, {"n", -5}, {"big", std::uint64_t{18'446'744'073'709'551'615U}},
      {"share", 0.25}, {"ok", true}};
  CHECK(line(LineFormat::text, pairs) ==
        "2026-11-22T16:20:00.123Z info event_name name=a text=\"two words\" n=-5 big=18446744073709551615 "
        "share=0.25 ok=true");
  CHECK(
      line(LineFormat::json, pairs) ==
      R"({"ts":"2026-11-22T16:20:00.123Z","level":"info","event":"event_name","name":"a","text":"two words","n":-5,"big":18446744073709551615,"share":0.25,"ok":true})");
  CHECK(line(LineFormat::text, {}) == "2026-11-22T16:20:00.123Z info event_name");
  CHECK(line(LineFormat::json, {}) ==
        R"({"ts":"2026-11-22T16:20:00.123Z","level":"info","event":"event_name"})");
}

TEST_CASE("times before 1970 and with leading zeros are written in full") {
  const auto at = [](std::int64_t ms) {
    return format_line(LineFormat::text, WallTime{Millis{ms}}, Level::warn, "e", {});
  };
  CHECK(at(0) == "1970-01-01T00:00:00.000Z warn e");
  CHECK(at(-1) == "1969-12-31T23:59:59.999Z warn e");
  CHECK(at(951'782'400'007) == "2000-02-29T00:00:00.007Z warn e");
}

TEST_CASE("values are quoted and escaped when they could be misread") {
  const auto& [value, expected] = GENERATE(table<std::string, std::string>({
      {"127.0.0.1:7601", "127.0.0.1:7601"},
      {"", R"("")"},
      {"a b", R"("a b")"},
      {"a=b", R"("a=b")"},
      {R"(say "x")", R"("say \"x\"")"},
      {R"(a\b)", R"("a\\b")"},
      {"a\nb\r\tc", R"("a\nb\r\tc")"},
      {std::string("a\0b", 3), R"("a\u0000b")"},
      {"\x1b[31m", R"("\u001b[31m")"},
      {"\x7f", R"("\u007f")"},
      {"ma\xc3\xb1"
       "ana",
       "ma\xc3\xb1"
       "ana"},
      {"\xf0\x9f\x92\x8d", "\xf0\x9f\x92\x8d"},
      {"\xc2\x9b"
       "31m",
       R"("\u009b31m")"},  // a terminal's CSI in one character
      {"a\xe2\x80\xa8"
       "b",
       R"("a\u2028b")"},  // line separator
      {"\xe2\x80\xae"
       "txt",
       R"("\u202etxt")"},  // turns the direction of text
      {"\xff", R"("\\xff")"},
      {"a\xc3", R"("a\\xc3")"},         // cut off
      {"\xc0\xaf", R"("\\xc0\\xaf")"},  // overlong
      {"\xe0\x80\xaf", R"("\\xe0\\x80\\xaf")"},
      {"\xf0\x80\x80\xaf", R"("\\xf0\\x80\\x80\\xaf")"},
      {"\xed\xa0\x80", R"("\\xed\\xa0\\x80")"},           // a surrogate
      {"\xf4\x90\x80\x80", R"("\\xf4\\x90\\x80\\x80")"},  // above U+10FFFF
  }));
  CAPTURE(value);
  CHECK(text_of(value) == expected);
}

TEST_CASE("JSON lines hold no number that JSON has no word for") {
  const auto infinity = std::numeric_limits<double>::infinity();
  CHECK(line(LineFormat::json, {{"x", infinity}}).ends_with(R"("x":null})"));
  CHECK(line(LineFormat::text, {{"x", infinity}}).ends_with(" x=inf"));
}

TEST_CASE("whatever bytes a value holds, the line is one and JSON reads the value back") {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const std::string value = {static_cast<char>(first), static_cast<char>(second)};
      const auto text = text_of(value);
      for (const char c : text) REQUIRE((static_cast<unsigned char>(c) >= 0x20 && c != '\x7f'));
      const auto json = line(LineFormat::json, {{"k", value}});
      const auto parsed = nlohmann::json::parse(json, nullptr, false);
      REQUIRE_FALSE(parsed.is_discarded());
      if (first < 0x80 && second < 0x80) REQUIRE(parsed["k"] == value);
    }
  }
}
