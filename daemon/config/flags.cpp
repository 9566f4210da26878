// Flags by Boost.Program_options: --gossip-period 1s, --gossip-period=1s, and the short names besides. The
// library stops at the first thing it cannot read; we note that one, take it out and go on, so that all are
// reported at once.
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
    for (const auto& option : parse({arguments.begin(), arguments.end()}).options) take(option);
    return std::move(flags_);
  }

 private:
  po::parsed_options parse(std::vector<std::string> arguments) {
    constexpr int style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
    for (;;) {
      try {
        return po::command_line_parser(arguments)
            .options(description_)
            .style(style)
            .allow_unregistered()
            .run();
      } catch (const po::error_with_option_name& error) {
        // Of one spelling several may stand there; the one that has no value is the one meant.
        const auto flag = error.get_option_name();
        auto bad = arguments.begin();
        for (; bad != arguments.end(); ++bad)
          if (*bad == flag + "=" ||
              (*bad == flag && (bad + 1 == arguments.end() || (bad + 1)->starts_with('-'))))
            break;
        if (bad == arguments.end())
          bad = arguments.begin();  // not met in practice; goes on rather than loops
        refuse(flag, "needs a value", "write " + flag + "=VALUE");
        arguments.erase(bad);
      } catch (const po::error& error) {
        refuse("command line", error.what(), "");
        return po::parsed_options(&description_);
      }
    }
  }

  void take(const po::option& option) {
    const std::string written = option.original_tokens.empty() ? "" : option.original_tokens.front();
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
    std::vector<std::string> known{"--config"};
    for (const auto& [name, target] : targets_) known.push_back("--" + name);
    const auto near = closest(flag, known);
    refuse(flag, "unknown flag", near.empty() ? "see --help" : "did you mean " + near + "?");
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
