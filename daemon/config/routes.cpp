// `routes`: the one option that is a list of maps. Read from the YAML of the file, or from the same YAML as
// one text in a flag or a variable; written back as YAML in flow style.
#include <algorithm>
#include <array>
#include <map>

#include "daemon/base/text.hpp"
#include "daemon/config/list_of_maps.hpp"
#include "daemon/routes/table.hpp"

namespace ringside::config {
namespace {

using routes::Missing;
using routes::missing_words;
using routes::Rule;
using routes::Rules;

// Sets a field of the rule from its text; the answer is what is wrong, in one sentence, or nothing.
using Setter = std::string (*)(Rule&, const std::string&);

std::string set_integer(const std::string& text, int most, std::optional<int>& field, int least) {
  const auto value = parse_integer(text);
  if (!value) return value.error();
  if (*value < least || *value > most)
    return text + " is out of range, " + std::to_string(least) + " to " + std::to_string(most);
  field = static_cast<int>(*value);
  return "";
}

struct FieldRow {
  std::string_view name;
  Setter set;
};
// `methods` is a list and read apart.
constexpr std::array fields{
    FieldRow{"match",
             [](Rule& rule, const std::string& text) {
               rule.match = text;
               return std::string();
             }},
    FieldRow{"methods",
             [](Rule& rule, const std::string& text) {
               rule.methods.push_back(text);
               return std::string();
             }},
    FieldRow{"key",
             [](Rule& rule, const std::string& text) {
               rule.key = text;
               return std::string(text.empty() ? "is empty; leave the line out if there is none" : "");
             }},
    FieldRow{"missing",
             [](Rule& rule, const std::string& text) {
               const auto* found = std::ranges::find(missing_words, std::string_view(text));
               if (found == missing_words.end()) return "'" + text + "' is not one of reject, local, random";
               rule.missing = static_cast<Missing>(found - missing_words.begin());
               return std::string();
             }},
    FieldRow{"timeout",
             [](Rule& rule, const std::string& text) {
               const auto value = parse_duration(text);
               if (!value) return value.error();
               if (*value > Millis(limits::timeout_max)) return text + " is out of range, 0s to 24h";
               rule.timeout = *value;
               return std::string();
             }},
    FieldRow{"retry",
             [](Rule& rule, const std::string& text) {
               return set_integer(text, limits::retries, rule.retry, 0);
             }},
    FieldRow{"upgrade",
             [](Rule& rule, const std::string& text) {
               if (text != "true" && text != "false") return "'" + text + "' is not one of true, false";
               rule.upgrade = text == "true";
               return std::string();
             }},
    FieldRow{"concurrency",
             [](Rule& rule, const std::string& text) {
               return set_integer(text, 1'000'000, rule.concurrency, 1);
             }},
};

std::string closest_field(const std::string& word) {
  std::vector<std::string> known;
  for (const auto& row : fields) known.emplace_back(row.name);
  const auto near = closest(word, known);
  std::string all;
  for (const auto& name : known) all += (all.empty() ? "" : ", ") + name;
  return near.empty() ? "a route has " + all : "did you mean " + near + "?";
}

class Reader {
 public:
  RoutesFound run(const YAML::Node& node) {
    if (!node.IsSequence()) {
      refuse(node.Mark(), "expected a list of routes",
             R"(e.g. - {match: "/users/{id}/**", key: "user:{id}"})");
      return std::move(found_);
    }
    for (const auto& each : node) {
      marks_.emplace_back();
      marks_.back()[""] = each.Mark();
      found_.rules.emplace_back();
      route(each, found_.rules.back());
    }
    if (found_.problems.empty()) compile();
    return std::move(found_);
  }

 private:
  void route(const YAML::Node& node, Rule& rule) {
    if (!node.IsMap())
      return refuse(node.Mark(), "expected a map", R"(e.g. {match: "/users/{id}/**", key: "user:{id}"})");
    for (const auto& pair : node) {
      if (!pair.first.IsScalar()) {
        refuse(pair.first.Mark(), "a key must be a word", "");
        continue;
      }
      const auto& name = pair.first.Scalar();
      const auto* row = std::ranges::find(fields, std::string_view(name), &FieldRow::name);
      if (row == fields.end()) {
        refuse(pair.first.Mark(), "unknown option '" + name + "'", closest_field(name));
      } else if (!marks_.back().emplace(name, pair.first.Mark()).second) {
        refuse(pair.first.Mark(), name + " is given twice", "leave one out");
      } else {
        field(*row, pair.second, pair.first.Mark(), rule);
      }
    }
  }

  void field(const FieldRow& row, const YAML::Node& value, const YAML::Mark& key, Rule& rule) {
    const std::string name(row.name);
    const bool list = name == "methods";
    if (value.IsNull()) return refuse(key, name + " has no value", "give one or leave it out");
    if (list && value.IsSequence()) {
      for (const auto& each : value) {
        if (!each.IsScalar()) return refuse(each.Mark(), name + " holds words, e.g. [GET, HEAD]", "");
        row.set(rule, each.Scalar());
      }
      return;
    }
    if (!value.IsScalar())
      return refuse(
          value.Mark(),
          name + ": expected a " + (list ? "list" : "text") + ", found a " + (value.IsMap() ? "map" : "list"),
          name == "key" || name == "match" ? "braces need quotes around them" : "");
    if (const auto wrong = row.set(rule, value.Scalar()); !wrong.empty())
      refuse(value.Mark(), name + (wrong.starts_with("is ") ? " " : ": ") + wrong, "");
  }

  // What can only be seen when the routes stand beside each other, and what the templates hold.
  void compile() {
    const auto table = routes::Table::compile(found_.rules);
    if (table) return;
    for (const auto& fault : table.error()) {
      number_ = fault.number;
      const auto& marks = marks_[std::min(fault.number, marks_.size()) - 1];
      const auto at = marks.find(std::string(fault.field));
      std::string message(fault.field);
      if (!message.empty()) message += fault.text.starts_with("is ") ? " " : ": ";
      refuse((at == marks.end() ? marks.find("") : at)->second, message + fault.text, "");
    }
  }

  void refuse(const YAML::Mark& mark, const std::string& message, const std::string& suggestion) {
    const auto number = number_ > 0 ? number_ : found_.rules.size();
    const std::string which = number == 0 ? "" : "route " + std::to_string(number) + ": ";
    found_.problems.push_back(problem_at(mark, "routes", which + message, suggestion));
  }

  RoutesFound found_;
  std::vector<std::map<std::string, YAML::Mark>> marks_;  // of each route: its fields, and "" for itself
  std::size_t number_ = 0;                                // of the route in hand; 0: the last one
};

}  // namespace

RoutesFound read_routes(const YAML::Node& node) {
  return Reader().run(node);
}

RoutesFound read_routes(const std::string& text) {
  return read_list<RoutesFound>(text, "routes", read_routes);
}

std::string print_route(const Rule& rule) {
  std::string out = "{match: " + in_quotes(rule.match);
  if (!rule.methods.empty()) {
    std::string methods;
    for (const auto& method : rule.methods) methods += (methods.empty() ? "" : ", ") + in_quotes(method);
    out += ", methods: [" + methods + "]";
  }
  if (!rule.key.empty()) out += ", key: " + in_quotes(rule.key);
  if (rule.missing != Missing::reject)
    out += ", missing: " + std::string(missing_words[static_cast<std::size_t>(rule.missing)]);
  if (rule.timeout) out += ", timeout: " + print_duration(*rule.timeout);
  if (rule.retry) out += ", retry: " + std::to_string(*rule.retry);
  if (rule.upgrade) out += ", upgrade: true";
  if (rule.concurrency) out += ", concurrency: " + std::to_string(*rule.concurrency);
  return out + "}";
}

}  // namespace ringside::config
