// Flags by Boost.Program_options: --gossip-period 1s, --gossip-period=1s, and the short names besides. The
// library stops at a flag without a value, or takes the next flag for it; both are found beforehand, so that
// everything wrong is reported at once.
#include <algorithm>
#include <boost/program_options.hpp>
#include <map>
#include <utility>

#include "daemon/base/text.hpp"
#include "daemon/config/sources.hpp"

namespace ringside::config {
namespace {

namespace po = boost::program_options;

struct FlagTarget {
  const Option* option = nullptr;
  std::string_view prefix;
};

// Name without dashes -> what it sets.
std::map<std::string, FlagTarget> targets() {
  std::map<std::string, FlagTarget> all;
  for (const auto& option : options()) {
    all[flag_of(option).substr(2)] = {&option, ""};
    if (const std::string alias = option.alias; !alias.empty()) all[alias] = {&option, option.alias_prefix};
  }
  return all;
}

po::options_description description(const std::map<std::string, FlagTarget>& all) {
  po::options_description result;
  result.add_options()("config,c", po::value<std::string>());
  for (const auto& [name, target] : all) {
    auto* value = po::value<std::string>();
    if (is_boolean(*target.option)) value->implicit_value("true");
    result.add_options()(name.c_str(), value);
  }
  return result;
}

class Reader {
 public:
  Flags run(std::span<const std::string> arguments) {
    constexpr int style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
    try {
      po::command_line_parser parser(with_values(arguments));
      for (const auto& option : parser.options(description_).style(style).allow_unregistered().run().options)
        take(option);
    } catch (const po::error& error) {
      refuse("command line", error.what(), "see --help");
    }
    return std::move(flags_);
  }

 private:
  // The arguments without flags that lack their value, and with --name= as an empty value of its own.
  std::vector<std::string> with_values(std::span<const std::string> arguments) {
    std::vector<std::string> result;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      const auto& word = arguments[i];
      const bool empty = word.ends_with('=');
      const bool last = i + 1 == arguments.size() || arguments[i + 1].starts_with("--");
      if (!wants_value(empty ? word.substr(0, word.size() - 1) : word)) {
        result.push_back(word);
      } else if (empty) {
        result.insert(result.end(), {word.substr(0, word.size() - 1), ""});
      } else if (last) {
        refuse(word, "needs a value", "write " + word + " VALUE");
      } else {
        result.insert(result.end(), {word, arguments[++i]});
      }
    }
    return result;
  }

  [[nodiscard]] bool wants_value(const std::string& word) const {
    if (word == "-c" || word == "--config") return true;
    const auto found = word.starts_with("--") ? targets_.find(word.substr(2)) : targets_.end();
    return found != targets_.end() && !is_boolean(*found->second.option);
  }

  void take(const po::option& option) {
    std::string written = option.original_tokens.empty() ? "" : option.original_tokens.front();
    if (written.empty()) written = "''";  // an empty word of the command line
    const bool after_unknown = std::exchange(after_unknown_, option.unregistered && option.position_key < 0);
    if (option.position_key >= 0) {
      if (!after_unknown) refuse(written, "unexpected argument", "settings are given as --flag VALUE");
    } else if (option.unregistered) {
      unknown(written.substr(0, written.find('=')));
    } else if (option.string_key == "config") {
      if (!flags_.config_file.empty()) refuse("--config", "given twice", "one file holds all settings");
      flags_.config_file = option.value.front();
    } else {
      set(option);
    }
  }

  void set(const po::option& parsed) {
    const auto& target = targets_.at(parsed.string_key);
    const auto& option = *target.option;
    const auto flag = "--" + parsed.string_key;
    auto& given = flags_.findings.given;
    const std::string value =
        std::string(target.prefix) + (parsed.value.empty() ? "true" : parsed.value.front());
    const auto earlier = std::ranges::find(given, &option, &Given::option);
    if (earlier == given.end()) {
      given.push_back({&option, value, {Source::flag, flag}});
    } else if (is_list(option) || is_map(option)) {
      std::get<std::string>(earlier->value) += "," + value;
    } else {
      const auto other = earlier->origin.name == flag ? "" : " (" + earlier->origin.name + " sets it too)";
      refuse(flag, std::string(option.path) + " is given twice" + other, "leave one out");
    }
  }

  void unknown(const std::string& flag) {
    std::vector<std::string> known{"config"};
    for (const auto& [name, target] : targets_) known.push_back(name);
    const auto near = flag.starts_with("--") ? closest(flag.substr(2), known) : "";
    refuse(flag, "unknown flag", near.empty() ? "see --help" : "did you mean --" + near + "?");
  }

  void refuse(const std::string& source, const std::string& message, const std::string& suggestion) {
    flags_.findings.problems.push_back({source, 0, 0, "", message, suggestion});
  }

  std::map<std::string, FlagTarget> targets_ = targets();
  po::options_description description_ = description(targets_);
  bool after_unknown_ = false;  // the next word may be an unknown flag's value: not worth a second complaint
  Flags flags_;
};

}  // namespace

Flags read_flags(std::span<const std::string> arguments) {
  return Reader{}.run(arguments);
}

}  // namespace ringside::config
