#include "daemon/config/load.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <iterator>
#include <limits>
#include <map>
#include <memory>

#include "daemon/base/text.hpp"
#include "daemon/config/options.hpp"
#include "daemon/config/sources.hpp"

namespace ringside::config {
namespace {

// The growing configuration. Sources are applied in the order of their precedence, the last one wins.
struct Sheet {
  Loaded loaded;
  std::vector<Problem> problems;
  std::vector<std::string_view> failed;  // options whose last value was refused

  Sheet() { loaded.origins.resize(options().size()); }

  void apply(const Findings& findings) {
    problems.insert(problems.end(), findings.problems.begin(), findings.problems.end());
    for (const auto& problem : findings.problems)
      if (const auto* option = find_option(problem.path)) failed.push_back(option->path);
    for (const auto& given : findings.given) take(given);
  }

  void take(const Given& given) {
    const auto& option = *given.option;
    std::erase(failed, option.path);
    if (auto wrong = assign(option, loaded.config, given.value)) {
      const auto& at = given.origin;
      problems.push_back({at.name, at.line, at.column, std::string(option.path), *wrong, ""});
      failed.push_back(option.path);
      return;
    }
    loaded.origins[static_cast<std::size_t>(&option - options().data())] = given.origin;
  }
};

// The file's first and by line, whoever found them; the rest as it came.
std::vector<Problem> in_order(const std::vector<Problem>& problems) {
  std::multimap<std::pair<int, int>, Problem> sorted;  // keeps the order of equal keys
  for (const auto& problem : problems)
    sorted.emplace(
        std::pair(problem.line == 0 ? std::numeric_limits<int>::max() : problem.line, problem.column),
        problem);
  std::vector<Problem> result;
  for (const auto& [place, problem] : sorted) result.push_back(problem);
  return result;
}

Findings read_config_file(const std::string& path, const FileReader& reader) {
  auto text = reader(path);
  if (text) return read_yaml(path, *text);
  return {{},
          {{path, 0, 0, "", "cannot read the file: " + text.error().message(),
            "-c takes the path of a YAML file"}}};
}

}  // namespace

std::string Origin::to_string() const {
  switch (source) {
    case Source::built_in: return "default";
    case Source::file: return name + ":" + std::to_string(line);
    case Source::environment:
    case Source::flag: return name;
  }
  return name;
}

const Origin& Loaded::origin_of(std::string_view path) const {
  return origins[static_cast<std::size_t>(find_option(path) - options().data())];
}

std::string closest_path(const std::string& path) {
  std::vector<std::string> known;
  for (const auto& option : options()) {
    const std::string full(option.path);
    known.push_back(full);
    for (auto dot = full.find('.'); dot != full.npos; dot = full.find('.', dot + 1))
      known.push_back(full.substr(0, dot));
  }
  if (auto near = closest(path, known); !near.empty()) return near;
  // Right word, wrong section: suspect_timeout alone, or forward.suspect_timeout.
  const auto leaf = [](const std::string& full) { return full.substr(full.rfind('.') + 1); };
  const auto found = std::ranges::find(known, leaf(path), leaf);
  return found == known.end() ? "" : *found;
}

Result<Loaded, std::vector<Problem>> load(std::span<const std::string> arguments,
                                          const Environment& environment, const FileReader& reader) {
  const auto flags = read_flags(arguments);
  Sheet sheet;
  if (!flags.config_file.empty()) sheet.apply(read_config_file(flags.config_file, reader));
  sheet.apply(read_environment(environment));
  sheet.apply(flags.findings);
  std::ranges::move(find_clashes(sheet.loaded, sheet.failed), std::back_inserter(sheet.problems));
  if (!sheet.problems.empty()) return in_order(sheet.problems);
  return std::move(sheet.loaded);
}

Result<std::string> read_file(const std::string& path) {
  const auto system_error = [] { return boost::system::error_code(errno, boost::system::system_category()); };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (!file) return system_error();
  std::string text;
  std::array<char, 4096> piece{};
  while (const auto read = std::fread(piece.data(), 1, piece.size(), file.get()))
    text.append(piece.data(), read);
  if (std::ferror(file.get()) != 0) return system_error();  // a folder opens, and fails when it is read
  return text;
}

Environment environment(const char* const* environ) {
  Environment result;
  for (; environ != nullptr && *environ != nullptr; ++environ) {
    const std::string_view entry = *environ;
    const auto equals = entry.find('=');
    if (equals != entry.npos) result.emplace_back(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return result;
}

}  // namespace ringside::config
