// Path templates, exhaustively where that is possible: what matches is what the app gets to see.
#include "daemon/routes/path.hpp"

#include <catch2/catch.hpp>

#include "daemon/base/rng.hpp"

using namespace ringside;
using namespace ringside::routes;
using Catch::Matchers::Contains;

namespace {

Path parsed(std::string_view text) {
  auto path = Path::parse(text);
  if (!path) FAIL(path.error());
  return std::move(*path);
}

// The values in their order, or "no".
std::string matched(std::string_view text, std::string_view path) {
  const Path compiled = parsed(text);
  Values values{};
  if (!compiled.match(path, values)) return "no";
  std::string all;
  for (std::size_t i = 0; i < compiled.variables().size(); ++i)
    all += (i == 0 ? "" : "|") + std::string(values[i]);
  return "yes " + all;
}

std::string fault(std::string_view text) {
  const auto path = Path::parse(text);
  return path ? "" : path.error();
}

}  // namespace

TEST_CASE("a path template takes the paths it says, byte by byte") {
  struct Row {
    std::string text, path, result;
  };
  const auto row = GENERATE(values<Row>({
      {"/", "/", "yes "},
      {"/", "", "no"},
      {"/", "//", "no"},
      {"/", "/a", "no"},
      {"/a", "/a", "yes "},
      {"/a", "/A", "no"},
      {"/a", "/a/", "no"},
      {"/a", "/a/b", "no"},
      {"/a", "/ab", "no"},
      {"/a", "a", "no"},
      {"/a/", "/a/", "yes "},
      {"/a/", "/a", "no"},
      {"/a//b", "/a//b", "yes "},
      {"/a//b", "/a/b", "no"},
      {"/a/b", "/a//b", "no"},
      {"/a%2Fb", "/a%2Fb", "yes "},
      {"/a%2Fb", "/a%2fb", "no"},
      {"/a%2Fb", "/a/b", "no"},
      {"/{id}", "/42", "yes 42"},
      {"/{id}", "/", "no"},
      {"/{id}", "/42/", "no"},
      {"/{id}/", "/42/", "yes 42"},
      {"/{id}", "/a%2Fb", "yes a%2Fb"},
      {"/{id}", "/..", "yes .."},
      {"/users/{id}/cart", "/users/42/cart", "yes 42"},
      {"/users/{id}/cart", "/users//cart", "no"},
      {"/users/{id}/cart", "/users/42/carts", "no"},
      {"/users/{id}/cart", "/users/1/2/cart", "no"},
      {"/{a}/{b}", "/x/y", "yes x|y"},
      {"/{a}/{b}", "/x/", "no"},
      {"/{a}/*/{b}", "/x/-/y", "yes x|y"},
      {"/*", "/x", "yes "},
      {"/*", "/", "no"},
      {"/*/b", "/a/b", "yes "},
      {"/**", "/", "yes "},
      {"/**", "//", "yes "},
      {"/**", "/a/b", "yes "},
      {"/**", "*", "no"},
      {"/**", "", "no"},
      {"/a/**", "/a", "yes "},
      {"/a/**", "/a/", "yes "},
      {"/a/**", "/a//../b", "yes "},
      {"/a/**", "/ab", "no"},
      {"/users/{id}/**", "/users/42", "yes 42"},
      {"/users/{id}/**", "/users/42/a/b", "yes 42"},
      {"/users/{id}/**", "/users/", "no"},
      {"/users/{id}/**", "/users//a", "no"},
      {"/users/{id}/**", "/users/../admin", "yes .."},
  }));
  INFO(row.text << " and " << row.path);
  CHECK(matched(row.text, row.path) == row.result);
}

TEST_CASE("what is no path template is refused with its reason") {
  struct Row {
    std::string text, reason;
  };
  const auto row = GENERATE(values<Row>({
      {"", "does not start with a slash"},
      {"users/{id}", "does not start with a slash"},
      {"/a?b=c", "holds a query; only paths are matched, and {query:name} in the key reads it"},
      {"/a b", "holds a byte that no request's path can have; write it percent-encoded"},
      {"/a#b", "percent-encoded"},
      {"/caf\xc3\xa9", "percent-encoded"},
      {"/**/b", "** takes the rest of the path, so nothing can stand behind it"},
      {"/**/", "nothing can stand behind it"},
      {"/a*", "'a*': a * stands for a whole segment"},
      {"/***", "a * stands for a whole segment"},
      {"/a{id}", "'a{id}': a variable is a whole segment, e.g. /users/{id}/cart"},
      {"/{id}.json", "a variable is a whole segment"},
      {"/{a}{b}", "a variable is a whole segment"},
      {"/{id", "a variable is a whole segment"},
      {"/id}", "a variable is a whole segment"},
      {"/{}", "'' is not a variable's name"},
      {"/{1a}", "'1a' is not a variable's name: letters, digits and _, not first a digit"},
      {"/{a-b}", "is not a variable's name"},
      {"/{id}/{id}", "the variable 'id' stands twice"},
      {"/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}", "more than 8 variables"},
  }));
  INFO(row.text);
  CHECK_THAT(fault(row.text), Contains(row.reason));
}

TEST_CASE("a path template is bounded") {
  CHECK(fault("/" + std::string(limits::route_text_bytes - 1, 'a')).empty());
  CHECK_THAT(fault("/" + std::string(limits::route_text_bytes, 'a')), Contains("the limit is"));
  CHECK(fault("/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}").empty());
}

// All paths of up to four segments over a small alphabet, against a second matcher that is written from the
// sentence in path.hpp and nothing else.
namespace {

std::vector<std::string> segments_of(const std::string& path) {
  std::vector<std::string> segments;
  for (std::size_t at = 1; at <= path.size();) {
    const auto slash = std::min(path.find('/', at), path.size());
    segments.push_back(path.substr(at, slash - at));
    at = slash + 1;
  }
  return segments;
}

bool plainly_matches(const std::string& text, const std::string& path) {
  auto wanted = segments_of(text);
  const auto given = segments_of(path);
  const bool rest = wanted.back() == "**";
  if (rest) wanted.pop_back();
  if (rest ? given.size() < wanted.size() : given.size() != wanted.size()) return false;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const bool any = wanted[i] == "*" || wanted[i].starts_with('{');
    if (any ? given[i].empty() : given[i] != wanted[i]) return false;
  }
  return true;
}

std::vector<std::string> all_paths(const std::vector<std::string>& segments, int most) {
  std::vector<std::string> all, last{""};
  for (int count = 1; count <= most; ++count) {
    std::vector<std::string> longer;
    for (const auto& path : last)
      for (const auto& segment : segments) longer.push_back(path + "/" + segment);
    all.insert(all.end(), longer.begin(), longer.end());
    last = std::move(longer);
  }
  return all;
}

}  // namespace

TEST_CASE("every small template takes exactly the small paths that its sentence says") {
  std::vector<std::string> texts = all_paths({"", "a", "b", "*", "{v}"}, 3);
  std::erase_if(texts, [](const auto& text) { return text.find("{v}") != text.rfind("{v}"); });
  const auto without_rest = texts;
  for (const auto& text : without_rest) texts.push_back(text + "/**");
  texts.emplace_back("/**");
  const auto paths = all_paths({"", "a", "b", ".."}, 4);
  std::size_t wrong = 0, matches = 0;
  for (const auto& text : texts) {
    const Path compiled = parsed(text);
    for (const auto& path : paths) {
      Values values{};
      const bool does = compiled.match(path, values);
      matches += does ? 1 : 0;
      if (does != plainly_matches(text, path)) {
        if (++wrong == 1) UNSCOPED_INFO(text << " and " << path);
      }
    }
  }
  CHECK(wrong == 0);
  CHECK(matches > 1000);
}

TEST_CASE("a template covers another one exactly when it takes all of its paths") {
  std::vector<std::string> texts = all_paths({"", "a", "*", "{v}"}, 2);
  std::erase_if(texts, [](const auto& text) { return text.find("{v}") != text.rfind("{v}"); });
  const auto without_rest = texts;
  for (const auto& text : without_rest) texts.push_back(text + "/**");
  texts.emplace_back("/**");
  const auto paths = all_paths({"", "a", "c"}, 4);
  for (const auto& one : texts)
    for (const auto& other : texts) {
      const Path first = parsed(one), second = parsed(other);
      const bool all = std::ranges::all_of(paths, [&](const auto& path) {
        Values values{};
        return !second.match(path, values) || first.match(path, values);
      });
      INFO(one << " and " << other);
      REQUIRE(first.covers(second) == all);
    }
}

TEST_CASE("whatever a variable took, the path is put together from it again") {
  Rng rng(4);
  const std::string bytes = "abz09-._~%2F:@!$&'()*+,;=";
  const Path path = parsed("/x/{a}/y/{b}/**");
  for (int round = 0; round < 2000; ++round) {
    const auto some = [&](std::size_t least) {
      std::string text;
      const auto length = least + rng.below(6);
      while (text.size() < length) text += bytes[rng.below(bytes.size())];
      return text;
    };
    const auto a = some(1), b = some(1), rest = some(0);
    const std::string target = "/x/" + a + "/y/" + b + "/" + rest;
    Values values{};
    INFO(target);
    REQUIRE(path.match(target, values));
    REQUIRE(values[0] == a);
    REQUIRE(values[1] == b);
  }
}
