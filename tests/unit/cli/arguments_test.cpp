#include "daemon/cli/arguments.hpp"

#include <array>
#include <catch2/catch.hpp>

#include "daemon/cli/api_client.hpp"

using namespace ringside;
using namespace ringside::cli;

namespace {

constexpr std::array flags{Flag{"--owners", 'n', "N", ""}, Flag{"--explain", 0, "", ""},
                           Flag{"--header", 'H', "FIELD", ""}};
constexpr Verb verb{"lookup", "KEY", "", "", flags, 1, 2};
constexpr Verb open_verb{"config", "show", "", "", flags, 0, 0, true};

// "word word | flag=value flag | rest", or the error.
std::string parsed(const Verb& of, const std::vector<const char*>& args) {
  const auto result = parse_arguments(of, args);
  if (!result) return result.error();
  std::string out;
  for (const auto& word : result->words) out += word + " ";
  out += "|";
  for (const auto& [name, value] : result->flags) out += " " + std::string(name) + "=" + value;
  out += " |";
  for (const auto& word : result->rest) out += " " + word;
  return out;
}

}  // namespace

TEST_CASE("flags come with their value behind, glued or with an equals sign, in any place") {
  const std::vector<std::pair<std::vector<const char*>, std::string>> table{
      {{"k"}, "k | |"},
      {{"k", "-n", "3"}, "k | --owners=3 |"},
      {{"-n3", "k"}, "k | --owners=3 |"},
      {{"--owners=3", "k", "--explain"}, "k | --owners=3 --explain= |"},
      {{"--owners", "3", "k", "l"}, "k l | --owners=3 |"},
      {{"k", "--header", "a: b", "-H", "c"}, "k | --header=a: b --header=c |"},
      {{"--header=", "k"}, "k | --header= |"},
      {{"--", "-n"}, "-n | |"},
      {{"-", "k"}, "- k | |"},
      {{"", "k"}, " k | |"},
      {{"-o", "json", "k"}, "k | --output=json |"},
      {{"-h"}, "| --help= |"},
      {{"--addr", "-n", "k"}, "k | --addr=-n |"},
  };
  for (const auto& [args, expected] : table) {
    CAPTURE(expected);
    CHECK(parsed(verb, args) == expected);
  }
}

TEST_CASE("what does not fit the verb is named, with what was probably meant") {
  const std::vector<std::pair<std::vector<const char*>, std::string>> table{
      {{}, "something is missing: ringside lookup KEY"},
      {{"a", "b", "c"}, "'c' is one word too many: ringside lookup KEY"},
      {{"k", "--explian"},
       "ringside lookup does not know --explian; did you mean --explain? (`ringside lookup --help` lists its "
       "flags)"},
      {{"k", "--zzzzz"}, "ringside lookup does not know --zzzzz (`ringside lookup --help` lists its flags)"},
      {{"k", "-x"}, "ringside lookup does not know -x (`ringside lookup --help` lists its flags)"},
      {{"k", "-n"}, "--owners needs a value: -n N"},
      {{"k", "--explain=yes"}, "--explain takes no value"},
      {{"k", "-o", "xml"}, "--output is table, json or jsonl, not 'xml'"},
  };
  for (const auto& [args, expected] : table) CHECK(parsed(verb, args) == expected);
}

TEST_CASE("a verb that passes on keeps what is not its own, in order") {
  CHECK(parsed(open_verb, {"show", "-c", "f.yaml", "--explain", "--name=a", "-o", "json"}) ==
        "| --explain= --output=json | show -c f.yaml --name=a");
}

TEST_CASE("API addresses are taken in all the forms that people write") {
  const std::vector<std::pair<std::string, std::string>> table{
      {"127.0.0.1:7600", "127.0.0.1:7600"},
      {"http://127.0.0.1:7600", "127.0.0.1:7600"},
      {"http://localhost:80/", "localhost:80"},
      {"localhost", "localhost:7600"},
      {"http://[::1]:7600", "[::1]:7600"},
      {"https://[::1]:7600/", "https://[::1]:7600"},
      {"https://ring-a", "https://ring-a:7600"},
      {"unix:/run/ringside/api.sock", "unix:/run/ringside/api.sock"},
      {"unix:///run/ringside/api.sock", "unix:/run/ringside/api.sock"},
  };
  for (const auto& [text, expected] : table) {
    CAPTURE(text);
    const auto address = parse_api_address(text);
    REQUIRE(address.has_value());
    CHECK(address->to_string() == expected);
  }
  for (const char* text :
       {"", "https://a:1/v1", "https://unix:/x", "http://a:1/v1", "a:99999", "unix:relative"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_api_address(text).has_value());
  }
}
