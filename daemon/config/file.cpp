// The YAML file. Walks the document beside the option table and gives each finding its line and column.
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>

#include "daemon/config/sources.hpp"
#include "daemon/config/webhooks.hpp"

namespace ringside::config {
namespace {

class Walker {
 public:
  explicit Walker(const std::string& file) : file_(file) {}

  Findings run(const std::string& text) {
    try {
      YAML::Mark second;
      const auto document = load_yaml(text, second);
      if (!second.is_null()) refuse(second, "", "a second YAML document", "put all options into one");
      root(document);
    } catch (const YAML::Exception& error) {
      refuse(error.mark, "", "not valid YAML: " + error.msg, "");
    }
    return std::move(findings_);
  }

 private:
  void root(const YAML::Node& node) {
    if (node.IsNull()) return;  // an empty file, or comments only
    if (!node.IsMap()) return refuse(node.Mark(), "", "expected options as key: value", "");
    section("", node);
  }

  void section(const std::string& prefix, const YAML::Node& map) {
    std::map<std::string, int> lines;  // key -> where it stood first
    for (const auto& pair : map) {
      const auto& key = pair.first;
      if (!key.IsScalar()) {
        refuse(key.Mark(), prefix, "a key must be a word", "");
        continue;
      }
      const auto path = prefix.empty() ? key.Scalar() : prefix + "." + key.Scalar();
      const auto [first, fresh] = lines.emplace(key.Scalar(), key.Mark().line + 1);
      if (fresh)
        entry(path, key.Mark(), pair.second, key.Scalar().find('.') != std::string::npos);
      else
        refuse(key.Mark(), path, "given twice; first in line " + std::to_string(first->second),
               "leave one out");
    }
  }

  void entry(const std::string& path, const YAML::Mark& key, const YAML::Node& value, bool dotted) {
    if (dotted) return refuse(key, path, "unknown option", "sections are nested, not written with dots");
    if (const auto* option = find_option(path)) return take(*option, key, value);
    const auto below = path + ".";
    const auto inside = [&](const Option& option) { return option.path.starts_with(below); };
    if (std::ranges::any_of(options(), inside)) {
      if (value.IsMap()) return section(path, value);
      if (value.IsNull()) return;  // a section whose options are all commented out
      return refuse(value.Mark(), path, "is a section; expected options below it", "");
    }
    const auto near = closest_path(path);
    refuse(key, path, "unknown option", near.empty() ? "" : "did you mean " + near + "?");
  }

  void take(const Option& option, const YAML::Mark& key, const YAML::Node& value) {
    const std::string path(option.path);
    if (value.IsNull()) return refuse(key, path, "has no value", "give one or leave the line out");
    if (is_list(option)) return take_list(option, key, value);
    if (is_map(option)) return take_map(option, key, value);
    if (is_routes(option)) return take_routes(option, key, value);
    if (is_webhooks(option)) return take_webhooks(option, key, value);
    if (!value.IsScalar())
      return refuse(value.Mark(), path,
                    "expected " + form_of(option) + ", found a " + (value.IsMap() ? "section" : "list"), "");
    give(option, key, value.Scalar());
  }

  void take_list(const Option& option, const YAML::Mark& key, const YAML::Node& value) {
    const std::string path(option.path);
    if (!value.IsSequence() && !value.IsScalar())
      return refuse(value.Mark(), path, "expected a list", "e.g. [a, b]");
    std::vector<YAML::Node> nodes(value.begin(), value.end());
    if (value.IsScalar() && !value.Scalar().empty()) nodes.push_back(value);  // one that stands alone
    List list;
    bool good = true;
    for (const auto& node : nodes) {
      const auto wrong = node.IsScalar() ? try_alone(option, List{node.Scalar()}) : "a list holds texts";
      if (!wrong.empty()) refuse(node.Mark(), path, wrong, "");
      good = good && wrong.empty();
      if (node.IsScalar()) list.push_back(node.Scalar());
    }
    if (good) give(option, key, list);
  }

  void take_map(const Option& option, const YAML::Mark& key, const YAML::Node& value) {
    const std::string path(option.path);
    if (!value.IsMap()) return refuse(value.Mark(), path, "expected a map", "e.g. {zone: eu, rack: r1}");
    Map map;
    bool good = true;
    for (const auto& pair : value) {
      const auto &name = pair.first, &text = pair.second;
      std::string wrong = "a map holds texts";
      if (name.IsScalar() && text.IsScalar()) {
        wrong = try_alone(option, Map{std::pair(name.Scalar(), text.Scalar())});
        map.emplace_back(name.Scalar(), text.Scalar());
      }
      if (!wrong.empty()) refuse(name.Mark(), path, wrong, "");
      good = good && wrong.empty();
    }
    if (good) give(option, key, map);
  }

  void take_routes(const Option& option, const YAML::Mark& key, const YAML::Node& value) {
    auto found = read_routes(value);
    for (auto& problem : found.problems) {
      problem.source = file_;
      findings_.problems.push_back(problem);
    }
    if (found.problems.empty()) give(option, key, std::move(found.rules));
  }

  void take_webhooks(const Option& option, const YAML::Mark& key, const YAML::Node& value) {
    auto found = read_webhooks(value);
    for (auto& problem : found.problems) {
      problem.source = file_;
      findings_.problems.push_back(problem);
    }
    if (found.problems.empty()) give(option, key, std::move(found.webhooks));
  }

  // What is wrong with one entry, so that the problem can point at it; the whole is checked by load.cpp.
  static std::string try_alone(const Option& option, const Raw& value) {
    Config scratch;
    return assign(option, scratch, value).value_or("");
  }

  void give(const Option& option, const YAML::Mark& key, Raw value) {
    findings_.given.push_back(
        {&option, std::move(value), {Source::file, file_, key.line + 1, key.column + 1}});
  }

  void refuse(const YAML::Mark& mark, const std::string& path, const std::string& message,
              const std::string& suggestion) {
    const bool known = !mark.is_null();
    findings_.problems.push_back(
        {file_, known ? mark.line + 1 : 0, known ? mark.column + 1 : 0, path, message, suggestion});
  }

  std::string file_;
  Findings findings_;
};

}  // namespace

Findings read_yaml(const std::string& name, const std::string& text) {
  return Walker(name).run(text);
}

}  // namespace ringside::config
