// completion: a script with which bash, zsh or fish completes this command line. What can be said stands in
// the tables of verbs and of options; it is gathered once, and each shell has a writer of its own.
#include <algorithm>
#include <cctype>
#include <string>
#include <utility>
#include <vector>

#include "daemon/base/text.hpp"
#include "daemon/cli/arguments.hpp"
#include "daemon/cli/output.hpp"
#include "daemon/cli/verb.hpp"
#include "daemon/config/options.hpp"

namespace ringside::cli {
namespace {

struct Entry {
  std::string flag;  // "--output"
  char letter = 0;
  std::string value;                // what is written behind it; empty: nothing
  std::vector<std::string> values;  // when only these are right
  std::string help;
};

struct Completions {
  std::string verb, summary;
  std::vector<std::string> words;  // what its first word may be; empty: anything
  std::vector<Entry> flags;
};

// "show|default" is a choice, "KEY" or "-c FILE" are none.
std::vector<std::string> choices(std::string_view form) {
  std::string_view first = form.substr(0, form.find(' '));
  if (first.starts_with('[') && first.ends_with(']')) first = first.substr(1, first.size() - 2);
  const bool lower = std::ranges::all_of(first, [](unsigned char c) {
    return std::islower(c) != 0 || std::isdigit(c) != 0 || c == '|' || c == '-' || c == '_';
  });
  return lower && first.find('|') != first.npos ? split(first, '|') : std::vector<std::string>();
}

std::string first_sentence(std::string_view text) {
  const auto end = text.find(". ");
  std::string sentence(text.substr(0, end));
  if (sentence.ends_with('.')) sentence.pop_back();
  return sentence;
}

Entry entry_of(const Flag& flag) {
  Entry entry{std::string(flag.name), flag.letter, std::string(flag.value), {}, std::string(flag.help)};
  if (flag.name == "--output") entry.values.assign(output_formats.begin(), output_formats.end());
  return entry;
}

void add_agent_flags(std::vector<Entry>& out) {
  out.push_back({"--config", 'c', "FILE", {}, "the YAML file to read"});
  for (const auto& option : config::options()) {
    const bool alone = config::is_boolean(option);
    const std::string form = config::form_of(option);
    const std::string help = first_sentence(option.help);
    out.push_back({config::flag_of(option), 0, alone ? "" : form, choices(form), help});
    if (option.alias[0] != '\0') out.push_back({"--" + std::string(option.alias), 0, form, {}, help});
  }
}

std::vector<Completions> gather() {
  std::vector<Completions> all;
  Completions help{"help", "what a verb does", {}, {}};
  for (const Verb& verb : verb_table()) {
    help.words.emplace_back(verb.name);
    Completions one{std::string(verb.name), std::string(verb.summary), choices(verb.words), {}};
    for (const Flag& flag : verb.flags) one.flags.push_back(entry_of(flag));
    if (verb.run == nullptr || verb.passes_on) add_agent_flags(one.flags);
    for (const Flag& flag : common_flags())
      if (verb.run != nullptr || flag.name == "--help") one.flags.push_back(entry_of(flag));
    all.push_back(std::move(one));
  }
  all.push_back(std::move(help));
  return all;
}

std::string join(const std::vector<std::string>& words, const std::string& between = " ") {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : between) + word;
  return out;
}

// In single quotes, for any of the three shells: a quote inside becomes what ends them, a quote, and begins
// again.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

std::string letter_of(const Entry& entry) {
  return entry.letter == 0 ? "" : std::string("-") + entry.letter;
}

// `script` with each @NAME@ filled in.
std::string filled(std::string script, const std::vector<std::pair<std::string, std::string>>& values) {
  for (const auto& [name, value] : values) {
    const std::string mark = "@" + name + "@";
    for (auto at = script.find(mark); at != std::string::npos; at = script.find(mark, at + value.size()))
      script.replace(at, mark.size(), value);
  }
  return script;
}

constexpr const char* bash_script = R"(# bash completion for ringside; made by `ringside completion bash`.
_ringside_takes_value() {
  local verb=$1 before=$2
  case $verb in
@TAKING@    *) false ;;
  esac
}
_ringside() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} verb=${COMP_WORDS[1]}
  local flags='' candidates=''
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W @VERBS@ -- "$word")
    return
  fi
  case "$verb $before" in
@VALUES@  esac
  if [[ -z $candidates ]] && _ringside_takes_value "$verb" "$before"; then
    compopt -o default 2>/dev/null  # any text, or a file
    return
  fi
  case $verb in
@FLAGS@  esac
  if [[ -z $candidates && $word != -* ]] && ((COMP_CWORD == 2)); then
    case $verb in
@WORDS@    esac
  fi
  [[ $word == -* && -z $candidates ]] && candidates=$flags
  mapfile -t COMPREPLY < <(compgen -W "$candidates" -- "$word")
}
complete -F _ringside ringside
)";

std::string bash(const std::vector<Completions>& all) {
  std::vector<std::string> verbs;
  std::string taking, values, flags, words;
  for (const auto& one : all) {
    verbs.push_back(one.verb);
    std::vector<std::string> names, with_value;
    for (const auto& entry : one.flags) {
      names.push_back(entry.flag);
      if (entry.value.empty()) continue;
      for (const std::string& name : {entry.flag, letter_of(entry)}) {
        if (name.empty()) continue;
        with_value.push_back("'" + name + "'");
        if (!entry.values.empty())
          values += "    '" + one.verb + " " + name + "') candidates=" + quoted(join(entry.values)) + " ;;\n";
      }
    }
    flags += "    " + one.verb + ") flags=" + quoted(join(names)) + " ;;\n";
    if (!with_value.empty())
      taking += "    " + one.verb + ") [[ $before == @(" + join(with_value, "|") + ") ]] ;;\n";
    if (!one.words.empty())
      words += "      " + one.verb + ") candidates=" + quoted(join(one.words)) + " ;;\n";
  }
  return filled(bash_script, {{"TAKING", taking},
                              {"VERBS", quoted(join(verbs) + " --help --version")},
                              {"VALUES", values},
                              {"FLAGS", flags},
                              {"WORDS", words}});
}

// What _arguments gives a meaning to, inside [help] and behind it.
std::string for_arguments(std::string_view text) {
  std::string out;
  for (const char c : text) out += std::string(c == '[' || c == ']' || c == ':' || c == '\\' ? "\\" : "") + c;
  return out;
}

constexpr const char* zsh_script = R"(#compdef ringside
# zsh completion for ringside; made by `ringside completion zsh`.
_ringside() {
  local -a verbs=(
@VERBS@  )
  if ((CURRENT == 2)); then
    _describe verb verbs
    return
  fi
  shift words
  ((CURRENT--))
  case $words[1] in
@CASES@  esac
}
if [[ $funcstack[1] == _ringside ]]; then _ringside; else compdef _ringside ringside; fi
)";

// One flag as _arguments wants it: '*--name[help]:what:values', where * says that it may come again.
std::string zsh_flag(const std::string& name, const Entry& entry) {
  std::string spec = "*" + name + "[" + for_arguments(entry.help) + "]";
  if (entry.value.empty()) return quoted(spec);
  const std::string values = entry.values.empty() ? "_files" : "(" + join(entry.values) + ")";
  return quoted(spec + ":" + for_arguments(entry.value) + ":" + values);
}

std::string zsh(const std::vector<Completions>& all) {
  std::string verbs, cases;
  for (const auto& one : all) {
    verbs += "    " + quoted(one.verb + ":" + for_arguments(one.summary)) + "\n";
    std::vector<std::string> specs;
    for (const auto& entry : one.flags) {
      specs.push_back(zsh_flag(entry.flag, entry));
      if (entry.letter != 0) specs.push_back(zsh_flag(letter_of(entry), entry));
    }
    if (!one.words.empty()) specs.push_back(quoted("1:what:(" + join(one.words) + ")"));
    specs.emplace_back("'*: :_files'");
    cases +=
        "    " + one.verb + ")\n      _arguments -s \\\n        " + join(specs, " \\\n        ") + " ;;\n";
  }
  return filled(zsh_script, {{"VERBS", verbs}, {"CASES", cases}});
}

std::string fish(const std::vector<Completions>& all) {
  std::string out =
      "# fish completion for ringside; made by `ringside completion fish`.\n"
      "complete -c ringside -f\n";
  for (const auto& one : all) {
    out +=
        "complete -c ringside -n __fish_use_subcommand -a " + one.verb + " -d " + quoted(one.summary) + "\n";
    const std::string here = "complete -c ringside -n '__fish_seen_subcommand_from " + one.verb + "'";
    if (!one.words.empty()) out += here + " -a " + quoted(join(one.words)) + "\n";
    for (const auto& entry : one.flags) {
      out += here + " -l " + entry.flag.substr(2);
      if (entry.letter != 0) out += std::string(" -s ") + entry.letter;
      if (!entry.values.empty())
        out += " -x -a " + quoted(join(entry.values));
      else if (!entry.value.empty())
        out += " -r -F";
      out += " -d " + quoted(entry.help) + "\n";
    }
  }
  return out;
}

}  // namespace

int completion(Terminal& terminal, const Arguments& arguments) {
  const std::string& shell = arguments.words[0];
  if (shell == "bash")
    terminal.out << bash(gather());
  else if (shell == "zsh")
    terminal.out << zsh(gather());
  else if (shell == "fish")
    terminal.out << fish(gather());
  else
    return fail(terminal, usage, "there is no completion for '" + shell + "'; say bash, zsh or fish");
  return ok;
}

}  // namespace ringside::cli
