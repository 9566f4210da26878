// The file of the API's tokens, and whose a token is.
#include "daemon/security/tokens.hpp"

#include <catch2/catch.hpp>

#include "daemon/base/limits.hpp"

namespace ringside::security::test {
namespace {

std::string token(char c, std::size_t size = 20) {
  return std::string(size, c);
}

TEST_CASE("a token has the role before it on its line, or app") {
  const auto tokens = Tokens::parse("# comment\n\n" + token('a') + "\r\n app  " + token('b') + "\nread\t" +
                                    token('r') + "\nops " + token('o'));
  REQUIRE(tokens.has_value());
  CHECK(tokens->role_of(token('a')) == Role::app);
  CHECK(tokens->role_of(token('b')) == Role::app);
  CHECK(tokens->role_of(token('r')) == Role::read);
  CHECK(tokens->role_of(token('o')) == Role::ops);
  for (const auto& other : {token('x'), token('a', 19), token('a', 21), std::string(), "ops " + token('o')})
    CHECK(tokens->role_of(other) == Role::none);
}

TEST_CASE("what is no token file is refused by its line, without showing a token") {
  const auto [text, says] = GENERATE(table<std::string, std::string>({
      {"", "no token in it"},
      {"admin " + token('a'), "line 1 begins with no role"},
      {"# x\nops " + token('a') + " more", "line 2 holds what no token may hold"},
      {"ops " + token('a', 15), "line 1 has a token of 15 bytes"},
      {token('a', limits::api_token_bytes + 1), "line 1 has a token of 257 bytes"},
      {token('a') + "\n" + token('a'), "line 2 repeats a token"},
      {token('a') + "\nops " + token('a'), "line 2 repeats a token"},
      {token('a') + "\n" + token('b') + "\n" + token('c'), "line 3 is one token too many"},
  }));
  const auto tokens = Tokens::parse(text);
  REQUIRE_FALSE(tokens.has_value());
  CHECK_THAT(tokens.error(), Catch::StartsWith(says) || Catch::Contains(says));
  CHECK_THAT(tokens.error(), !Catch::Contains("aaaa"));
}

TEST_CASE("two tokens of each role are good at once") {
  std::string text;
  for (const char* role : {"read ", "app ", "ops "})
    for (std::size_t i = 0; i < limits::api_tokens_per_role; ++i) text += role + new_token() + "\n";
  CHECK(Tokens::parse(text).has_value());
}

TEST_CASE("the command line takes the token that may do most") {
  CHECK(strongest_token(token('a') + "\nops " + token('o') + "\nread " + token('r')) == token('o'));
  CHECK(strongest_token("read " + token('r')) == token('r'));
  CHECK(strongest_token("# none\n") == std::nullopt);
}

TEST_CASE("the app's token is one line of its own, as long as others, and no error repeats it") {
  const auto good = parse_app_token("# for the app\n\n  " + token('a') + "\r\n");
  REQUIRE(good.has_value());
  CHECK(**good == token('a'));
  struct Row {
    std::string text, says;
  };
  for (const auto& [text, says] :
       std::vector<Row>{{"", "there are 0 tokens in it"},
                        {"# nothing\n", "there are 0 tokens in it"},
                        {token('a') + "\n" + token('b'), "there are 2 tokens in it"},
                        {"app " + token('a'), "no token may hold"},
                        {"secret\xff" + token('a'), "no token may hold"},
                        {"secret", "has 6 bytes"},
                        {std::string(257, 's'), "has 257 bytes"}}) {
    INFO(says);
    const auto bad = parse_app_token(text);
    REQUIRE_FALSE(bad.has_value());
    CHECK_THAT(bad.error(), Catch::Contains(says) && Catch::Contains("ringside token new"));
    CHECK_THAT(bad.error(), !Catch::Contains("secret") && !Catch::Contains(token('a')));
  }
}

}  // namespace
}  // namespace ringside::security::test
