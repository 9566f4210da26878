#include "daemon/cli/arguments.hpp"

#include <algorithm>
#include <array>

#include "daemon/base/text.hpp"
#include "daemon/cli/output.hpp"

namespace ringside::cli {
namespace {

constexpr std::array common{
    Flag{"--addr", 0, "ADDRESS",
         "the API to ask: host:port, https://host:port or unix:/path; or RINGSIDE_ADDR"},
    Flag{"--token-file", 0, "FILE",
         "a token of the API, if the node asks for one; or RINGSIDE_API_TOKEN_FILE"},
    Flag{"--ca-file", 0, "FILE", "the authority of the API's certificate, at https://; or RINGSIDE_CA_FILE"},
    Flag{"--output", 'o', "FORMAT",
         "table (default), json, or jsonl: a JSON object a line, of lists one for each row"},
    Flag{"--help", 'h', "", "this text"},
};

const Flag* find(const Verb& verb, const auto& matches) {
  for (const Flag& flag : verb.flags)
    if (matches(flag)) return &flag;
  for (const Flag& flag : common)
    if (matches(flag)) return &flag;
  return nullptr;
}

std::string unknown(const Verb& verb, const std::string& word) {
  std::vector<std::string> names;
  for (const Flag& flag : verb.flags) names.emplace_back(flag.name);
  for (const Flag& flag : common) names.emplace_back(flag.name);
  const std::string meant = closest(word, names);
  return "ringside " + std::string(verb.name) + " does not know " + word +
         (meant.empty() ? "" : "; did you mean " + meant + "?") + " (`ringside " + std::string(verb.name) +
         " --help` lists its flags)";
}

// A word of the command line that starts with a dash, split into its flag and the value that is glued to it.
struct Word {
  const Flag* flag = nullptr;
  std::string name;
  std::optional<std::string> value;
};

Word split_flag(const Verb& verb, const std::string& text) {
  Word word;
  if (text.starts_with("--")) {
    const auto equals = text.find('=');
    word.name = text.substr(0, equals);
    if (equals != std::string::npos) word.value = text.substr(equals + 1);
    word.flag = find(verb, [&](const Flag& f) { return f.name == word.name; });
  } else {
    word.name = text.substr(0, 2);
    if (text.size() > 2) word.value = text.substr(2);
    word.flag = find(verb, [&](const Flag& f) { return f.letter == text[1]; });
  }
  return word;
}

// How many words the verb wants, or nothing when it got as many.
std::optional<std::string> count_fault(const Verb& verb, const Arguments& arguments) {
  const std::size_t count = arguments.words.size();
  if (verb.passes_on || arguments.has("--help")) return std::nullopt;
  if (count >= verb.words_min && count <= verb.words_max) return std::nullopt;
  const std::string form =
      "ringside " + std::string(verb.name) + (verb.words.empty() ? "" : " ") + std::string(verb.words);
  if (count < verb.words_min) return "something is missing: " + form;
  return "'" + arguments.words[verb.words_max] + "' is one word too many: " + form;
}

}  // namespace

std::span<const Flag> common_flags() {
  return common;
}

bool Arguments::has(std::string_view name) const {
  return get(name).has_value();
}

std::optional<std::string> Arguments::get(std::string_view name) const {
  std::optional<std::string> found;
  for (const auto& [flag, value] : flags)
    if (flag == name) found = value;
  return found;
}

std::vector<std::string> Arguments::all(std::string_view name) const {
  std::vector<std::string> found;
  for (const auto& [flag, value] : flags)
    if (flag == name) found.push_back(value);
  return found;
}

Result<Arguments, std::string> parse_arguments(const Verb& verb, std::span<const char* const> args) {
  Arguments parsed;
  bool flags_end = false;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const std::string text = args[i];
    if (!flags_end && text == "--") {
      if (verb.starts) {
        parsed.command.assign(args.begin() + static_cast<std::ptrdiff_t>(i) + 1, args.end());
        break;
      }
      flags_end = true;
      continue;
    }
    if (flags_end || text.size() < 2 || text[0] != '-') {
      (verb.passes_on ? parsed.rest : parsed.words).push_back(text);
      continue;
    }
    Word word = split_flag(verb, text);
    if (word.flag == nullptr) {
      if (!verb.passes_on) return unknown(verb, word.name);
      parsed.rest.push_back(text);
      continue;
    }
    if (word.flag->value.empty() && word.value) return std::string(word.flag->name) + " takes no value";
    if (!word.flag->value.empty() && !word.value) {
      if (i + 1 == args.size())
        return std::string(word.flag->name) + " needs a value: " + word.name + " " +
               std::string(word.flag->value);
      word.value = args[++i];
    }
    parsed.flags.emplace_back(word.flag->name, word.value.value_or(""));
  }
  const std::string output = parsed.get("--output").value_or("table");
  if (std::ranges::find(output_formats, output) == output_formats.end())
    return "--output is table, json or jsonl, not '" + output + "'";
  if (auto fault = count_fault(verb, parsed)) return *fault;
  return parsed;
}

}  // namespace ringside::cli
