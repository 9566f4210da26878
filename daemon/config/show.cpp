#include "daemon/config/show.hpp"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <utility>

#include "daemon/base/text.hpp"
#include "daemon/config/options.hpp"
#include "daemon/config/sources.hpp"
#include "daemon/config/webhooks.hpp"

namespace ringside::config {
namespace {

constexpr std::size_t width = 100;

using Json = nlohmann::ordered_json;

std::string json_text(const std::string& text) {
  return Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Plain where every YAML reader takes it for this text, else in quotes; JSON's strings are YAML's too.
std::string yaml_text(const std::string& text) {
  static constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  static constexpr std::string_view more = "0123456789._/:@+-";
  static const std::vector<std::string> reserved = {"null", "true", "false", "yes", "no",
                                                    "on",   "off",  "y",     "n"};
  std::string lower = text;
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const bool plain = text.find_first_not_of(std::string(letters) + std::string(more)) == text.npos &&
                     text.find_first_of(letters) != text.npos && text.find_first_of("-:@+.") != 0 &&
                     !text.ends_with(':') && std::ranges::find(reserved, lower) == reserved.end();
  const bool address = text.find_first_not_of("0123456789.:") == text.npos &&
                       std::ranges::count(text, '.') == 3 && !text.ends_with(':') && !text.starts_with('.');
  return plain || address ? text : json_text(text);
}

// A number, duration, size, word or text as it stands in the file.
struct YamlValue {
  const Option& option;
  std::string operator()(const std::string& text) const {
    return std::holds_alternative<Access<std::string>>(option.field) ? yaml_text(text) : text;
  }
  std::string operator()(const List& list) const {
    std::string all;
    for (const auto& entry : list) all += (all.empty() ? "" : ", ") + yaml_text(entry);
    return "[" + all + "]";
  }
  std::string operator()(const Map& map) const {
    std::string all;
    for (const auto& [key, value] : map)
      all += (all.empty() ? "" : ", ") + yaml_text(key) + ": " + yaml_text(value);
    return "{" + all + "}";
  }
  std::string operator()(const routes::Rules& rules) const {
    std::string all;
    for (const auto& rule : rules) all += (all.empty() ? "\n  " : ",\n  ") + print_route(rule);
    return "[" + all + "]";
  }
  std::string operator()(const Webhooks& webhooks) const {
    std::string all;
    for (const auto& hook : webhooks) all += (all.empty() ? "\n    " : ",\n    ") + print_webhook(hook);
    return "[" + all + "]";
  }
};

Json json_of(const routes::Rule& rule) {
  Json json{{"match", rule.match}};
  if (!rule.methods.empty()) json["methods"] = rule.methods;
  if (!rule.key.empty()) json["key"] = rule.key;
  json["missing"] = routes::missing_words[static_cast<std::size_t>(rule.missing)];
  if (rule.timeout) json["timeout"] = print_duration(*rule.timeout);
  if (rule.retry) json["retry"] = *rule.retry;
  if (rule.concurrency) json["concurrency"] = *rule.concurrency;
  if (rule.upgrade) json["upgrade"] = true;
  return json;
}

Json json_of(const Webhook& hook) {
  Json json{{"url", hook.url}};
  if (!hook.types.empty()) json["types"] = hook.types;
  if (!hook.secret_file.empty()) json["secret_file"] = hook.secret_file;
  if (!hook.ca_file.empty()) json["ca_file"] = hook.ca_file;
  return json;
}

std::string yaml_form(const Option& option) {
  if (is_list(option)) return "[" + std::string(option.unit) + ", ...]";
  return is_map(option) ? "{KEY: VALUE, ...}" : form_of(option);
}

std::string yaml_value(const Option& option, const Config& config) {
  return std::visit(YamlValue{option}, value_of(option, config));
}

struct JsonValue {
  const Option& option;
  Json operator()(const std::string& text) const {
    if (is_boolean(option)) return text == "true";
    if (std::holds_alternative<Access<int>>(option.field)) return *parse_integer(text);
    return text;
  }
  Json operator()(const List& list) const { return list; }
  Json operator()(const Map& map) const {
    Json all = Json::object();
    for (const auto& [key, value] : map) all[key] = value;
    return all;
  }
  Json operator()(const routes::Rules& rules) const {
    Json all = Json::array();
    for (const auto& rule : rules) all.push_back(json_of(rule));
    return all;
  }
  Json operator()(const Webhooks& webhooks) const {
    Json all = Json::array();
    for (const auto& hook : webhooks) all.push_back(json_of(hook));
    return all;
  }
};

// Secrets are in files, and their names are none. But what an app wants to be called with may hold one: a
// webhook's query does often.
Config masked(Config config) {
  for (auto& hook : config.events.webhooks) hook.url = without_query(std::move(hook.url));
  return config;
}

// Prints the section headers that lie between one option and the next, so that rows become a nested document.
class Nesting {
 public:
  // "gossip.reap.faulty" -> the new headers, then `faulty` as what remains to be printed.
  std::string enter(std::string_view path) {
    const auto parts = split(path, '.');
    std::size_t same = 0;
    while (same < open_.size() && same + 1 < parts.size() && open_[same] == parts[same]) ++same;
    open_.assign(parts.begin(), parts.end() - 1);
    std::string headers;
    for (std::size_t i = same; i < open_.size(); ++i) headers += std::string(2 * i, ' ') + open_[i] + ":\n";
    return headers;
  }
  [[nodiscard]] std::string indent() const { return std::string(2 * open_.size(), ' '); }

 private:
  std::vector<std::string> open_;
};

std::string leaf_of(const Option& option) {
  return std::string(option.path.substr(option.path.rfind('.') + 1));
}
std::string section_of(const Option& option) {
  return std::string(option.path.substr(0, option.path.find('.')));
}

// "100ms to 10m", with the unit of plain numbers; empty when anything goes.
std::string range_and_unit(const Option& option) {
  const std::string unit = option.unit;
  const auto range = range_of(option);
  return range.empty() || unit.empty() ? range : range + " " + unit;
}

}  // namespace

std::string generate_yaml() {
  const Config defaults;
  std::string out =
      "# Configuration of ringside: every option with its default. Made from the option table by\n"
      "#   ringside config default > config/ringside.yaml\n"
      "# Each option is also a flag and a variable: gossip.suspect_timeout is --gossip-suspect-timeout and\n"
      "# RINGSIDE_GOSSIP_SUSPECT_TIMEOUT. Flags win over variables, variables over this file. Durations are\n"
      "# written 200ms, 1.5s, 5m or 1h, sizes 64KiB, 10MiB or 64GiB.\n";
  Nesting nesting;
  for (const auto& option : options()) {
    const auto headers = nesting.enter(option.path);
    if (!headers.empty() || nesting.indent().empty()) out += '\n';
    out += headers;
    const auto value = yaml_value(option, defaults);
    const auto comment = [&](const std::string& text) {
      for (const auto& line : wrap(text, width - nesting.indent().size() - 2))
        out += nesting.indent() + "# " + line + "\n";
    };
    const auto range = range_and_unit(option);
    comment(std::string(option.help));
    comment(yaml_form(option) + (range.empty() ? "" : ", " + range) + ". Default " + value + ": " +
            std::string(option.reason) + (option.live ? " A reload takes it." : ""));
    out += nesting.indent() + leaf_of(option) + ": " + value + "\n";
  }
  return out;
}

std::string flags_help() {
  constexpr std::size_t column = 34;
  const Config defaults;
  std::string out;
  const auto row = [&](const std::string& flag, const std::string& text) {
    std::string line = "  " + flag;
    if (line.size() + 2 > column) {
      out += line + "\n";
      line.clear();
    }
    for (const auto& part : wrap(text, width - column)) {
      line.resize(column, ' ');
      out += line + part + "\n";
      line.clear();
    }
  };
  row("-c, --config FILE", "The YAML file to read (see `ringside config default`).");
  std::string section;
  for (const auto& option : options()) {
    if (std::exchange(section, section_of(option)) != section_of(option)) out += "\n" + section + "\n";
    const auto form = is_boolean(option) ? "" : " " + form_of(option);
    const auto range = range_and_unit(option);
    row(flag_of(option) + form, std::string(option.help) + " (" + (range.empty() ? "" : range + "; ") +
                                    "default " + yaml_value(option, defaults) + ")");
    if (option.alias[0] == '\0') continue;
    const std::string prefix = option.alias_prefix;
    row("--" + std::string(option.alias) + (prefix.empty() ? form : " N"),
        "Short for " + flag_of(option) + (prefix.empty() ? "" : " " + prefix + "N") +
            (is_list(option) ? "; may be repeated." : "."));
  }
  return out;
}

std::string show(const Loaded& loaded, bool origin) {
  std::string out;
  Nesting nesting;
  for (const auto& option : options()) {
    out += nesting.enter(option.path);
    out += nesting.indent() + leaf_of(option) + ": " + yaml_value(option, loaded.config);
    if (origin) out += "  # " + loaded.origin_of(option.path).to_string();
    out += '\n';
  }
  return out;
}

std::string show_json(const Loaded& loaded, bool origin) {
  Json root = Json::object();
  for (const auto& option : options()) {
    Json* place = &root;
    for (const auto& part : split(option.path, '.')) place = &(*place)[part];
    Json value = std::visit(JsonValue{option}, value_of(option, loaded.config));
    *place = origin ? Json{{"value", value}, {"origin", loaded.origin_of(option.path).to_string()}} : value;
  }
  return root.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string show_masked(const Config& config) {
  return show_json({masked(config), {}}, false);
}

std::string show_value(const Option& option, const Config& config) {
  std::string text;
  for (const auto& line : split(yaml_value(option, masked(config)), '\n')) {
    const auto begin = line.find_first_not_of(' ');
    if (begin != line.npos) text += (text.empty() || text.ends_with('[') ? "" : " ") + line.substr(begin);
  }
  return text;
}

std::string render_problem(const Problem& problem) {
  std::string line = problem.source;
  if (problem.line != 0) line += ":" + std::to_string(problem.line) + ":" + std::to_string(problem.column);
  line += ": ";
  if (!problem.path.empty()) line += problem.path + ": ";
  line += problem.message;
  if (!problem.suggestion.empty()) line += "; " + problem.suggestion;
  // Messages quote what was given; it must not break the line or steer the terminal.
  std::ranges::replace_if(line, [](unsigned char c) { return std::iscntrl(c) != 0; }, '?');
  return line;
}

std::string render_problems(std::span<const Problem> problems) {
  std::string out;
  for (const auto& problem : problems) out += render_problem(problem) + '\n';
  const auto count = problems.size();
  return out + std::to_string(count) + (count == 1 ? " problem\n" : " problems\n");
}

}  // namespace ringside::config
